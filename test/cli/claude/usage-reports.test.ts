// Reports by time, of an imported transcript: days where they begin in the zone, and blocks wherever the report begins.

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { UsageReport } from '../../../server/queries/usage/read-usage.ts';
import { HOUR_MS } from '../../../core/time/time.ts';
import { makeDataDir } from '../../server/data-dir.ts';
import { answerLine, SESSION, userLine } from '../../transcripts/transcript.ts';
import { readCommand } from '../read-command.ts';
import { runCommand } from '../run-command.ts';

/** On the edges of days: in Chicago an hour more on the day when clocks go back, in Kolkata at half an hour. */
const EDGES = [
  '2026-11-01T05:59:59.999Z',
  '2026-11-01T06:00:00.000Z',
  '2026-11-02T05:59:59.999Z',
  '2026-11-08T18:29:59.999Z',
  '2026-11-08T18:30:00.000Z',
] as const;
const BLOCKS_FROM_MS = Date.parse('2026-11-20T00:30:00.000Z');
const BLOCK_HOURS = 40;
/** A call each hour without a pause, then after pauses. */
const WORKED = [
  ...Array.from({ length: BLOCK_HOURS }, (_, hour) => BLOCKS_FROM_MS + hour * HOUR_MS),
  ...[46, 51, 60].map((hour) => BLOCKS_FROM_MS + hour * HOUR_MS),
];

let work: string;
let dataDir: string;

beforeAll(async () => {
  work = await makeDataDir();
  dataDir = path.join(work, 'data');
  const times = [...EDGES, ...WORKED.map((at) => new Date(at).toISOString())];
  await mkdir(path.join(work, 'c'));
  await writeFile(
    path.join(work, `c/${SESSION}.jsonl`),
    times
      .flatMap((timestamp, index) => [
        userLine(index, 'x', { timestamp }),
        answerLine(index, { id: `msg_${String(index)}` }, { timestamp }),
      ])
      .join('\n'),
  );
  await readCommand(['import', 'claude', path.join(work, 'c'), '--data', dataDir]);
});

afterAll(() => rm(work, { recursive: true, force: true }));

const report = (args: readonly string[]): Promise<UsageReport> =>
  readCommand<UsageReport>([...args, '--data', dataDir]);
const days = ({ rows }: UsageReport): (readonly [string | null, number])[] =>
  rows.map((row) => [row.name, row.model_calls]);

test.each([
  [
    'UTC',
    [
      ['2026-11-01', 2],
      ['2026-11-02', 1],
      ['2026-11-08', 2],
    ],
  ],
  [
    'America/Chicago',
    [
      ['2026-11-01', 3],
      ['2026-11-08', 2],
    ],
  ],
  [
    'America/Denver',
    [
      ['2026-10-31', 1],
      ['2026-11-01', 2],
      ['2026-11-08', 2],
    ],
  ],
  [
    'Asia/Kolkata',
    [
      ['2026-11-01', 2],
      ['2026-11-02', 1],
      ['2026-11-08', 1],
      ['2026-11-09', 1],
    ],
  ],
])('days of %s', async (zone, expected) => {
  const window = ['--since', '2026-10-31', '--until', '2026-11-09', '--timezone', zone];
  expect(days(await report(['daily', ...window]))).toEqual(expected);
  for (const [name, calls] of expected)
    expect(
      days(await report(['daily', '--since', String(name), '--until', String(name), '--timezone', zone])),
    ).toEqual([[name, calls]]);
});

test('a row says when its first and its last call ended', async () => {
  const { rows } = await report([
    'daily',
    '--since',
    '2026-11-08',
    '--until',
    '2026-11-08',
    '--timezone',
    'UTC',
  ]);
  expect(rows.map((row) => [row.first_at, row.last_at])).toEqual([[EDGES[3], EDGES[4]]]);
});

test('blocks are the same wherever the report begins, and their sum is its total', async () => {
  const all = await report(['blocks', '--since', '2026-11-19']);
  const expected: [string, number][] = [];
  for (let from = 0; from < WORKED.length;) {
    const startMs = Math.floor((WORKED[from] ?? 0) / HOUR_MS) * HOUR_MS;
    const to = WORKED.findIndex((at, index) => index >= from && at >= startMs + 5 * HOUR_MS);
    const next = to < 0 ? WORKED.length : to;
    expected.push([new Date(startMs).toISOString(), next - from]);
    from = next;
  }
  expect(days(all)).toEqual(expected);
  for (const hour of [7, 24.5, 33, 47]) {
    const since = new Date(BLOCKS_FROM_MS + hour * HOUR_MS).toISOString();
    const some = await report(['blocks', '--since', since]);
    expect(some.rows).toEqual(all.rows.filter((row) => (row.ends_at ?? '') > since));
    expect(some.total.model_calls).toBe(some.rows.reduce((sum, row) => sum + row.model_calls, 0));
  }
  expect(await report(['blocks', '--since', '2026-11-25'])).toMatchObject({
    rows: [],
    total: { model_calls: 0 },
  });
});

test('a block is called by the hour that it begins with, not by its first call', async () => {
  const { stdout } = await runCommand(['blocks', '--since', '2026-11-19', '--data', dataDir]);
  expect(stdout).toContain('11-20 00:00');
  expect(stdout).not.toContain('00:30');
});

test.each([
  [['--since', '2026-02-31'], 'since is no day'],
  [['--since', '2026-11-09', '--until', '2026-11-01'], 'is after until'],
  [['--since', '2026-11-09', '--until', '2026-11-08'], 'is after until'],
  [['--since', 'soon'], 'since is a time such as'],
])('%j is an error that says so', async (args, said) => {
  const { exitCode, stderr } = await runCommand(['daily', ...args, '--data', dataDir]);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(said)]);
});

test('what no call has a price for has no cost, which is not 0', async () => {
  const folder = path.join(work, 'unpriced');
  await mkdir(folder);
  await writeFile(
    path.join(folder, `${SESSION}.jsonl`),
    [userLine(0, 'x'), answerLine(1, { id: 'msg_z', model: 'claude-zeta-9' })].join('\n'),
  );
  const own = path.join(work, 'unpriced-data');
  await readCommand(['import', 'claude', folder, '--data', own]);
  const args = ['daily', '--since', '2026-11-19', '--breakdown', '--data', own];
  const { total, rows } = await readCommand<UsageReport>(args);
  const none = { cost_nano_usd: null, cost_usd: null, unpriced_calls: 1 };
  expect([total, ...rows, ...rows.flatMap(({ models }) => models)]).toEqual(
    Array.from({ length: 3 }, () => expect.objectContaining(none)),
  );
  const { stdout } = await runCommand(args);
  expect(stdout).not.toContain('$0.00');
});

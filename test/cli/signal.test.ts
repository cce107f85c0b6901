// The commands that show signals, run on a data folder.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../cli/program.ts';
import { DAY_MS } from '../../core/time/time.ts';
import { openDatabase } from '../../server/store/file/database.ts';
import { EventStore } from '../../server/store/write/event-store.ts';
import { CATALOGUE, signalOf } from '../../signals/catalogue/index.ts';
import { evaluate } from '../../signals/evaluate.ts';
import { FIXED_TO, fixedCorpus } from '../signals/corpora.ts';

jest.setTimeout(60_000);

const events = fixedCorpus();
const dir = mkdtempSync(join(tmpdir(), 'tallyspan-cli-'));
const FROM = new Date(FIXED_TO - 3 * DAY_MS).toISOString();
const TO = new Date(FIXED_TO).toISOString();
const RANGE = ['--window', 'range', FROM, TO];

interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...args: string[]): Promise<Answer> {
  const out = { stdout: '', stderr: '' };
  const exitCode = await runCli(args, {
    stdin: process.stdin,
    stdout: { write: (text) => (out.stdout += text) },
    stderr: { write: (text) => (out.stderr += text) },
    env: {},
    now: () => FIXED_TO,
    signal: new AbortController().signal,
  });
  return { exitCode, ...out };
}

beforeAll(async () => {
  const database = await openDatabase(dir);
  await (await EventStore.open(database)).write({ events, spans: [] });
  await database.close();
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('tallyspan signal', () => {
  it('prints as JSON what the evaluator says of the same events', async () => {
    for (const [id, by] of [
      ['cost', undefined],
      ['run_success_rate', undefined],
      ['tool_cost', 'tool'],
      ['cost', 'user'],
    ] as const) {
      const { stdout, exitCode } = await run(
        'signal',
        id,
        ...RANGE,
        ...(by ? ['--by', by] : []),
        '--json',
        '--data',
        dir,
      );
      const request = { from: FIXED_TO - 3 * DAY_MS, to: FIXED_TO, timezone: 'UTC', by };
      expect([exitCode, JSON.parse(stdout)]).toEqual([0, evaluate(signalOf(id), events, request)]);
    }
  });

  it('takes the id after the window as well', async () => {
    const { stdout } = await run('signal', ...RANGE, 'run_count', '--data', dir);
    expect(stdout).toMatch(/^Runs: \d+ {2}\((\d{4}-)?\d\d-\d\d \d\d:\d\d – .*, times in UTC\)$/m);
  });

  it('prints a row for each group, and says when there is none', async () => {
    const { stdout } = await run('signal', 'cost', ...RANGE, '--by', 'model', '--data', dir);
    expect(stdout).toMatch(/^MODEL +COST\n/);
    expect(stdout).toContain('claude-haiku-4-5');
    const none = await run(
      'signal',
      'cost',
      '--window',
      'range',
      '2020-01-01',
      '2020-01-02',
      '--by',
      'user',
      '--data',
      dir,
    );
    expect(none.stdout).toMatch(/^Cost: no data/);
  });

  it.each([
    [['signal'], /name a signal/],
    [['signal', 'costs'], /no signal "costs"/],
    [['signal', 'cost', '--by', 'tool'], /cost has no dimension tool/],
    [['signal', 'cost', '--window', '3x'], /"3x" is no window/],
    [['signal', 'cost', '--window', 'range', FROM], /two times/],
    [['signal', 'cost', '--window', '1h', '2h'], /2h: not understood/],
  ])('refuses %j as wrong usage', async (args, message) => {
    const { exitCode, stderr, stdout } = await run(...args, '--data', dir);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});

describe('tallyspan signals', () => {
  it('lists the whole catalogue', async () => {
    const { stdout } = await run('signals');
    for (const { id } of CATALOGUE) expect(stdout).toContain(id);
    const listed = JSON.parse((await run('signals', '--json')).stdout) as { id: string }[];
    expect(listed.map(({ id }) => id)).toEqual(CATALOGUE.map(({ id }) => id));
  });
});

describe('tallyspan verify', () => {
  it('says where no Loki answers', async () => {
    const { exitCode, stderr } = await run('verify', '--loki', 'http://127.0.0.1:9', '--data', dir);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/no Loki answers at http:\/\/127\.0\.0\.1:9 .* --loki/);
  });
});

describe('with --breakdown', () => {
  it('cost has the parts of each row, which sum to it', async () => {
    const window = ['--from', FROM, '--to', TO];
    const { stdout } = await run('cost', '--by', 'agent', '--breakdown', ...window, '--json', '--data', dir);
    const { rows } = JSON.parse(stdout) as {
      rows: {
        name: string | null;
        cost_nano_usd: number | null;
        breakdown?: { cost_nano_usd: number | null }[];
      }[];
    };
    const named = rows.filter(({ name, cost_nano_usd: cost }) => name !== null && cost !== null);
    expect(named.length).toBeGreaterThan(1);
    for (const { breakdown = [], cost_nano_usd: cost } of named)
      expect(breakdown.reduce((sum, part) => sum + (part.cost_nano_usd ?? 0), 0)).toBe(cost);
    const days = await run('cost', '--breakdown', 'user', ...window, '--data', dir);
    expect(days.stdout).toMatch(/^2026-\d\d-\d\d .*\n {2}\S+ /m);
  });

  it('a signal has the parts of each group, and of the whole', async () => {
    const parts = await run(
      'signal',
      'model_calls',
      '--by',
      'agent',
      '--breakdown',
      ...RANGE,
      '--json',
      '--data',
      dir,
    );
    const { groups, breakdown } = JSON.parse(parts.stdout) as {
      groups: { by: { agent: string | null }; value: number }[];
      breakdown: { by: { agent: string | null; model: string | null }; value: number }[];
    };
    expect(groups.length).toBeGreaterThan(1);
    for (const group of groups) {
      const own = breakdown.filter(({ by }) => by.agent === group.by.agent);
      expect(own.reduce((sum, { value }) => sum + value, 0)).toBe(group.value);
    }
    const whole = await run('signal', 'model_calls', '--breakdown', 'agent', ...RANGE, '--data', dir);
    expect(whole.stdout).toMatch(/^Model calls: .*\n *AGENT /);
  });

  it.each([
    ['cost', '--by', 'tool', '--breakdown'],
    ['cost', '--by', 'model', '--breakdown', 'model'],
    ['signal', 'tool_calls', '--breakdown'],
    ['signal', 'cost', '--by', 'model', '--breakdown', 'model'],
  ])('%s %s %s %s is wrong usage where there are no parts', async (...args) => {
    const { exitCode, stderr } = await run(...args.filter(Boolean), '--data', dir);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/break|split|dimension|go with/)]);
  });
});

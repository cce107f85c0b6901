import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateHistory } from '../../../server/example/history/generate-history.ts';
import { openAppender } from '../../../server/append-events.ts';
import type { CostReport } from '../../../server/source.ts';
import { readTallyspan, runTallyspan } from '../../programs/tallyspan.ts';
import { startTestServer } from '../../server/harness.ts';

let dir: string;
let from: string;
let to: string;
let file: string;
let written = 0;

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'tallyspan-export-'));
  from = path.join(dir, 'from');
  to = path.join(dir, 'to');
  file = path.join(dir, 'events.jsonl');
  const appender = await openAppender(from);
  for (const events of generateHistory({ days: 1, untilMs: Date.now() - 60_000, seed: 7 })) {
    await appender.append(events);
    written += events.length;
  }
  await appender.close();
});

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

const costOf = (data: string): Promise<CostReport> =>
  readTallyspan(['cost', '--by', 'model', '--data', data]);

describe('export and import', () => {
  it('brings every event to another folder, with the same cost', async () => {
    expect(written).toBeGreaterThan(1_000);
    expect(await runTallyspan(['export', file, '--data', from])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(written);
    expect(await readTallyspan(['import', file, '--data', to])).toEqual({
      events: written,
      skipped: 0,
      new_events: written,
    });
    const [before, after] = [await costOf(from), await costOf(to)];
    expect(after.total).toEqual(before.total);
    expect(after.rows).toEqual(before.rows);
    expect(after.total.cost_nano_usd).toBeGreaterThan(0);
  });

  it('stores an event once, however often it is imported', async () => {
    const before = await costOf(to);
    await readTallyspan(['import', file, file, '--data', to]);
    expect((await costOf(to)).total).toEqual(before.total);
  });

  it('leaves out what is no event, and says where the first is', async () => {
    appendFileSync(file, 'nonsense\n{"a":1}\n');
    const { exitCode, stderr } = await runTallyspan(['import', file, '--data', to]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`2 lines are no events`);
    expect(stderr).toContain(`${file}:${String(written + 1)}`);
  });

  it('says which events the server will not keep', async () => {
    const server = await startTestServer({ retentionMs: 90 * 86_400_000 });
    const old = path.join(dir, 'old.jsonl');
    const lines = [0, 91, 400].map((days, index) =>
      JSON.stringify({
        timestamp: new Date(Date.now() - days * 86_400_000).toISOString(),
        'event.name': 'agent.note',
        'service.name': 'old',
        'tallyspan.process_id': 'e'.repeat(32),
        'tallyspan.seq': index + 1,
        'agent.note.kind': 'progress',
      }),
    );
    writeFileSync(old, lines.join('\n'));
    const { stdout, stderr } = await runTallyspan(['import', old, '--url', server.uiUrl]);
    expect(stdout).toBe('3 events from 1 file\n');
    expect(stderr).toMatch(/^tallyspan: 2 events are older than 90 d: .*--retention 730d\.\n$/);
    await server.remove();
  });

  it('imports nothing when a file is missing', async () => {
    const { exitCode, stderr } = await runTallyspan(['import', file, path.join(dir, 'none'), '--data', to]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(path.join(dir, 'none'));
  });

  it.each([
    ['csv', 'timestamp,'],
    ['parquet', 'PAR1'],
  ])('exports %s', async (format, beginning) => {
    const target = path.join(dir, `events.${format}`);
    const done = await runTallyspan(['export', target, '--format', format, '--data', from]);
    expect(done).toMatchObject({ exitCode: 0 });
    expect(readFileSync(target).toString('latin1')).toMatch(new RegExp(`^${beginning}`));
  });
});

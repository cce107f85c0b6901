// Every command that prints a table fits a terminal of 80 columns, shows progress only on a terminal, and
// prints no colour where there is none.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateHistory } from '../../../server/example/history/generate-history.ts';
import { runCli } from '../../../cli/program.ts';
import { openAppender } from '../../../server/append-events.ts';
import { openSource } from '../../../server/source.ts';

let dir: string;
let run: string;
let session: string;

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'tallyspan-width-'));
  const appender = await openAppender(dir);
  for (const events of generateHistory({ days: 2, untilMs: Date.now() - 60_000, seed: 7 }))
    await appender.append(events);
  await appender.close();
  const source = await openSource({ dataDir: dir });
  const [mostExpensive] = await source.runs({ sort: 'most-expensive', limit: 1 });
  await source.close();
  run = mostExpensive?.['agent.run_id'] ?? '';
  session = mostExpensive?.['gen_ai.conversation.id'] ?? '';
});

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function print(args: readonly string[], isTTY: boolean): Promise<{ out: string; err: string }> {
  const printed = { out: '', err: '' };
  const code = await runCli([...args, '--data', dir], {
    stdin: process.stdin,
    stdout: { write: (text: string) => (printed.out += text), isTTY, columns: 80 },
    stderr: { write: (text: string) => (printed.err += text) },
    env: {},
    now: Date.now,
    signal: new AbortController().signal,
  });
  expect([args.join(' '), code, printed.err]).toEqual([args.join(' '), 0, '']);
  return printed;
}

describe('on a terminal of 80 columns', () => {
  it.each([
    ['runs'],
    ['runs --most-expensive --limit 100'],
    ['run RUN'],
    ['conversation SESSION'],
    ['cost --by day'],
    ['cost --by model'],
    ['cost --by user'],
    ['cost --by tool'],
    ['cost --by task'],
    ['cost --by agent'],
    ['cost --by session'],
    ['what-if --cache off'],
    ['signal cost --by model --window 7d'],
    ['alerts'],
  ])('%s has no longer table', async (line) => {
    const args = line.replace('RUN', run).replace('SESSION', session).split(' ');
    const { out } = await print(args, true);
    // eslint-disable-next-line no-control-regex
    const lines = out.replaceAll(/\u001B\[\d+m/g, '').split('\n');
    const rows = lines.filter((text) => / {2,}\S/.test(text) && !/^(run|trace) /.test(text));
    expect(rows.length).toBeGreaterThan(1);
    for (const row of rows) expect([row, row.length]).toEqual([row, Math.min(row.length, 80)]);
    expect((await print(args, false)).out).not.toContain('\u001B');
  });
});

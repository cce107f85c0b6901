import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../cli/program.ts';
import { sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { NESTED_SESSION, nestedSession } from '../server/web/nested-run.ts';
import { sampleRun } from '../server/web/sample-run.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await sendEvents(server, [
    ...nestedSession(Date.now()),
    ...sampleRun({ mark: '3', endMs: Date.now() - 1000 }),
  ]);
});

afterAll(() => server.remove());

async function print(...args: readonly string[]): Promise<string> {
  let out = '';
  const code = await runCli([...args, '--url', server.uiUrl], {
    stdin: process.stdin,
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (out += text) },
    env: {},
    now: Date.now,
    signal: new AbortController().signal,
  });
  return code === 0 ? out : `${code} ${out}`;
}

interface Placed {
  readonly 'agent.run_id': string;
  readonly turn: number;
  readonly depth: number;
}

function placesOf(rows: readonly Placed[]): string[] {
  return rows.map((row) => `${row['agent.run_id'].slice(0, 1)} ${row.turn} ${row.depth}`);
}

describe('tallyspan conversation', () => {
  it('counts turns, and has the calls of their nested runs below them', async () => {
    const [count, , head = '', ...lines] = (await print('conversation', NESTED_SESSION))
      .trimEnd()
      .split('\n');
    const rows = lines.slice(0, -1);
    expect(lines.at(-1)).toBe('times in UTC');
    expect(count).toBe('2 turns, 3 nested runs');
    expect(head).toMatch(/^TURN +TIME +RUN +STEP /);
    const runs = rows.map(
      (row) => row.slice(0, 4) + row.slice(head.indexOf('RUN'), head.indexOf('STEP') - 2),
    );
    expect(runs.map((text) => text.trimEnd())).toEqual(
      ['   144444444', '   1  55555555', '   1  66666666', '   1    77777777', '   288888888'].flatMap(
        (row) => [row, row],
      ),
    );
    expect(await print('conversation', 'session-3')).toMatch(/^1 turn\n/);
  });

  it('says the same as JSON', async () => {
    const answer = JSON.parse(await print('conversation', NESTED_SESSION, '--json')) as {
      runs: (Placed & Record<string, unknown>)[];
      turns: (Placed & Record<string, unknown>)[];
    };
    const places = ['4 1 0', '5 1 1', '6 1 1', '7 1 2', '8 2 0'];
    expect(placesOf(answer.runs)).toEqual(places);
    expect(placesOf(answer.turns)).toEqual(places.flatMap((place) => [place, place]));
    expect(answer.runs[3]).toMatchObject({ 'agent.status': 'ok', 'agent.parent_run_id': '6'.repeat(32) });
    expect(answer.turns[1]).toMatchObject({ 'agent.step_number': 2, 'agent.parent_run_id': null });
  });
});

describe('tallyspan run', () => {
  it('says what it cost with its nested runs, and when they began', async () => {
    const out = await print('run', '4'.repeat(32));
    expect(out).toContain('$0.0387 with its 4 runs');
    const nested = [...out.matchAll(/^ *(\+\S+ \w+) +run +(\w+ \w+) .*?(\$[\d.]+) +(\w+)$/gm)].map((line) =>
      line.slice(1).join('  '),
    );
    expect(nested).toEqual([
      '+2.0 s  searcher 55555555  $0.0077  ok',
      '+4.0 s  searcher 66666666  $0.0077  running',
      '+6.0 s  searcher 77777777  $0.0077  ok',
      '+8.0 s  searcher 99999999  $0.0077  ok',
    ]);
    expect(await print('run', '8'.repeat(32))).not.toContain('with its');
  });
});

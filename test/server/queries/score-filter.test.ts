// Runs by their scores: in the API, in the sums above the list, on the page and in the terminal.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RunSummary, RunSumsAnswer } from '../../../server/source.ts';
import { runCommand } from '../../cli/run-command.ts';
import { getJson, JSON_TYPE, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { SAMPLE_COST_NANO_USD, sampleRun } from '../web/sample-run.ts';

const NOW = Date.now();

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await sendEvents(
    server,
    ['a', 'b', 'c', 'd', 'e'].flatMap((mark, index) => sampleRun({ mark, endMs: NOW - 1000 * index })),
  );
  const scores = [
    ['a', 'helpful', 0.9],
    ['b', 'helpful', 0.4],
    // Corrected below: what it was before does not count.
    ['c', 'helpful', 0.1],
    ['a', 'right', true],
    ['b', 'right', false],
    ['d', 'what went wrong', 'wrong_tool'],
  ] as const;
  for (const [mark, name, value] of scores) await sendScore(mark, name, value);
  await sendScore('c', 'helpful', 0.8);
});

afterAll(() => server.remove());

/** Sent again under the same id, it corrects what was there. */
async function sendScore(mark: string, name: string, value: string | number | boolean): Promise<void> {
  const answer = await fetch(`${server.uiUrl}/api/scores`, {
    method: 'POST',
    headers: JSON_TYPE,
    body: JSON.stringify({ run: mark.repeat(32), id: `${mark}/${name}`, name, value }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

const marks = (runs: readonly RunSummary[]): string => runs.map((run) => run['agent.run_id'][0]).join('');

describe('runs by their scores', () => {
  it.each([
    ['helpful', 'abc'],
    ['helpful<0.7', 'b'],
    ['helpful>=0.8', 'ac'],
    ['helpful=0.4', 'b'],
    ['<0.5', 'b'],
    ['right=good', 'a'],
    ['right=bad', 'b'],
    ['right=not good', 'b'],
    ['what went wrong=wrong_tool', 'd'],
    ['nothing', ''],
  ])('%s', async (score, expected) => {
    const query = new URLSearchParams({ score }).toString();
    expect(marks(await getJson<RunSummary[]>(server, `/api/runs?${query}`))).toBe(expected);
    const listed = await runCommand(['runs', '--json', '--score', score, '--url', server.uiUrl]);
    expect(marks(JSON.parse(listed.stdout) as RunSummary[])).toBe(expected);
    const sums = await getJson<RunSumsAnswer>(server, `/api/runs/sums?${query}`);
    expect(sums).toMatchObject({
      runs: expected.length,
      cost_nano_usd: expected === '' ? null : expected.length * SAMPLE_COST_NANO_USD,
    });
  });

  it('has each of several scores', async () => {
    const query = 'score=helpful%3E0.5&score=right%3Dgood';
    expect(marks(await getJson<RunSummary[]>(server, `/api/runs?${query}`))).toBe('a');
  });

  it('is written on the page like any other filter', async () => {
    const written = await fetch(
      `${server.uiUrl}/runs?q=${encodeURIComponent('score:helpful<0.7 user:user-1')}`,
    );
    const html = await written.text();
    expect(new URL(written.url).searchParams.getAll('score')).toEqual(['helpful<0.7']);
    expect(html.match(/data-run="/g)).toHaveLength(1);
    expect(html).toContain('value="score:helpful&lt;0.7 user:user-1"');
  });

  it('refuses what is no score, and says what one is', async () => {
    const answer = await fetch(`${server.uiUrl}/api/runs?score=helpful%3Cmuch`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('score:helpful<0.7') });
    const typed = await runCommand(['runs', '--score', 'helpful<much', '--url', server.uiUrl]);
    expect([typed.exitCode, typed.stderr]).toEqual([2, expect.stringContaining('score:helpful<0.7')]);
  });
});

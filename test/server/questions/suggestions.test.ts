// What completes the filter that somebody writes, with how many runs each.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { unfinishedFilter } from '../../../server/questions/filter-text.ts';
import { getJson, JSON_TYPE, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { sampleRun } from '../web/sample-run.ts';

const NOW = Date.now();

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await sendEvents(server, [
    ...sampleRun({ mark: 'a', endMs: NOW - 1000, user: 'ana maria', tags: ['beta'] }),
    ...sampleRun({ mark: 'b', endMs: NOW - 2000, user: 'ana maria', status: 'error' }),
    ...sampleRun({ mark: 'c', endMs: NOW - 3000, user: 'joana', agent: 'research' }),
  ]);
  const body = JSON.stringify({ run: 'a'.repeat(32), name: 'helpful', value: true });
  const answer = await fetch(`${server.uiUrl}/api/scores`, { method: 'POST', headers: JSON_TYPE, body });
  if (!answer.ok) throw new Error(await answer.text());
});

afterAll(() => server.remove());

interface Suggested {
  readonly text: string;
  readonly detail: string;
  readonly completes: string;
}

async function suggested(text: string): Promise<readonly Suggested[]> {
  const query = new URLSearchParams({ q: text, in: 'names' }).toString();
  return (await getJson<{ hits: readonly Suggested[] }>(server, `/api/search?${query}`)).hits;
}

describe('the filter that a line ends with', () => {
  it.each([
    ['user:', 'user:ana maria 2 runs, user:joana 1 run'],
    ['user:JO', 'user:joana 1 run'],
    ['user:"ana m', 'user:ana maria 2 runs'],
    ['status:', 'status:ok 2 runs, status:error 1 run'],
    ['agent:research user:a', 'user:joana 1 run'],
    ['cost>nonsense user:a', 'user:ana maria 2 runs, user:joana 1 run'],
    ['tool:search', 'tool:search_docs 3 runs'],
    ['tag:', 'tag:beta 1 run'],
    ['score:', 'score:helpful 1 run'],
    ['user:nobody', ''],
  ])('%s', async (text, expected) => {
    const found = await suggested(text);
    expect(found.map((one) => `${one.text} ${one.detail}`).join(', ')).toBe(expected);
  });

  it('is completed where it stands, in quotation marks where it has blanks', async () => {
    expect((await suggested('agent:support user:an')).map(({ completes }) => completes)).toEqual([
      'agent:support user:"ana maria" ',
    ]);
  });

  it('is none behind a name, a measure, or a filter that is finished', () => {
    for (const text of ['ana', 'cost>0.5', 'user:ana ', 'foo:b', 'user:"ana maria"'])
      expect([text, unfinishedFilter(text)]).toEqual([text, undefined]);
  });
});

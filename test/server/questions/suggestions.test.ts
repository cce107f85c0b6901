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

describe('a search for an id', () => {
  const RUN = '6f1c9a02-77aa-4bde-9c01-5e2d4f0a1b3c';

  beforeAll(async () => {
    const ids = { trace_id: '9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b', 'agent.run_id': RUN };
    await sendEvents(server, [
      { ...ids, timestamp: NOW - 1, 'event.name': 'agent.run.started', span_id: 'face0123456789ab' },
      {
        ...ids,
        timestamp: NOW,
        'event.name': 'agent.model_call',
        span_id: 'bead0123456789ab',
        'gen_ai.response.id': 'msg_01Zz9',
        'anthropic.request.id': 'req_7Qq8',
      },
      {
        ...ids,
        timestamp: NOW,
        'event.name': 'agent.tool_call',
        span_id: 'cafe0123456789ab',
        'gen_ai.tool.call.id': 'toolu_5Xx4',
      },
    ]);
  });

  it.each([
    ['run', '6f1c'],
    ['run', RUN],
    ['run', RUN.toUpperCase()],
    ['run', '6F1C9A02-77'],
    ['run', '6f1c9a0277aa4b'],
    ['run', RUN.replaceAll('-', '')],
    ['trace', '9e8d'],
    ['trace', '9E8D7C6B-5A4F'],
    ['span', 'bead'],
    ['span', 'CAFE01'],
    ['response', 'msg_01Z'],
    ['request', 'req_7'],
    ['tool call', 'toolu_5Xx4'],
  ])('finds the %s by %s', async (kind, text) => {
    const { hits } = await getJson<{ hits: readonly { kind: string; path: string }[] }>(
      server,
      `/api/search?${new URLSearchParams({ q: text, in: 'names' }).toString()}`,
    );
    expect(hits.map((hit) => hit.kind)).toEqual([kind]);
    expect(hits[0]?.path).toContain(`/runs/${RUN}`);
  });

  it.each(['6f1d', '6f1', 'bea', 'zzzz', 'msg_02'])('finds none by %s', async (text) => {
    expect(await suggested(text)).toEqual([]);
  });
});

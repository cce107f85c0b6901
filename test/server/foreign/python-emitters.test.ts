// Every recorded emitter of Python at one server, in any order and batching, sent twice: each is a service with one run that
// cost what the API billed, in the signals, on the page and in the command.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { otlpJsonOf } from '../../fixtures/otlp-json-spans.ts';
import { CONVERSATION, readOwnRecording } from '../../fixtures/recorded-spans.ts';
import { Random } from '../../fixtures/random.ts';
import { JSON_TYPE, getJson, post, startTestServer, type TestServer } from '../harness.ts';

const EMITTERS = [
  'agent-framework',
  'agno-by-openinference',
  'crewai-by-openinference',
  'crewai-by-openllmetry',
  'google-adk',
  'google-adk-over-litellm',
  'haystack-by-openinference',
  'langchain-by-langsmith',
  'langchain-by-openinference',
  'langchain-by-openllmetry',
  'langchain-streamed-below-a-request',
  'langfuse',
  'litellm',
  'litellm-by-openinference',
  'llamaindex-by-openinference',
  'llamaindex-by-openllmetry',
  'openlit',
  'openllmetry',
  'pydantic-ai-by-logfire',
  'smolagents-by-openinference',
  'strands',
];
const COST = CONVERSATION['agent.cost_nano_usd'];

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  const random = new Random(7);
  const requests = EMITTERS.flatMap((name) => {
    const { spans } = readOwnRecording(`python/${name}`);
    const late = Date.now() - 1000 - Math.max(...spans.map(({ endMs }) => endMs));
    const nanos = (ms: number): string => String(BigInt(Math.floor((ms + late) * 1000)) * 1000n);
    const rest = [...spans, ...spans.slice(0, 3)].map((span) => ({
      ...span,
      startTimeUnixNano: nanos(span.startMs),
      endTimeUnixNano: nanos(span.endMs),
    }));
    const bodies: string[] = [];
    while (rest.length > 0) {
      const batch = [];
      for (let size = random.int(1, 6); size > 0 && rest.length > 0; size--)
        batch.push(...rest.splice(random.int(0, rest.length - 1), 1));
      bodies.push(JSON.stringify(otlpJsonOf(batch, name)));
    }
    return bodies;
  });
  const order = requests
    .map((body) => ({ body, at: random.int(0, 1_000_000) }))
    .toSorted((a, b) => a.at - b.at);
  for (const { body } of order) await post(server.httpAddress, '/v1/traces', body, JSON_TYPE);
});

afterAll(() => server.remove());

async function byService(signal: string): Promise<Record<string, number>> {
  const answer = await getJson<{ groups: { by: { service: string }; value: number }[] }>(
    server,
    `/api/signals/${signal}?window=1h&by=service`,
  );
  return Object.fromEntries(answer.groups.map(({ by, value }) => [by.service, value]));
}

const all = (value: number): Record<string, number> =>
  Object.fromEntries(EMITTERS.map((name) => [name, value]));

describe('emitters of Python', () => {
  it.each([
    ['cost', COST],
    ['run_cost_max', COST],
    ['model_calls', 3],
    ['turns_per_run', 3],
    ['run_count', 1],
  ])('%s is the same of each', async (signal, value) => {
    expect(await byService(signal)).toEqual(all(value));
  });

  it('have no call without a price, and nothing that is not understood', async () => {
    const { value } = await getJson<{ value: number }>(server, '/api/signals/unpriced_calls?window=1h');
    expect(value).toBe(0);
    expect(await getJson(server, '/api/meta')).toMatchObject({ not_understood: [] });
  });

  it('are a row each in the list of runs, and a page with the cost', async () => {
    const runs = await getJson<Record<string, unknown>[]>(server, '/api/runs?limit=100');
    const rows = runs.map((run) => [run['service.name'], run['agent.cost_nano_usd'], run['agent.turns']]);
    expect(new Set(rows.map((row) => row.join(' ')))).toEqual(
      new Set(EMITTERS.map((name) => `${name} ${COST} 3`)),
    );
    expect(rows).toHaveLength(EMITTERS.length);
    for (const run of runs) {
      const page = await fetch(`${server.uiUrl}/runs/${String(run['agent.run_id'])}`, {
        headers: { accept: 'text/html' },
      });
      expect(await page.text()).toMatch(/\$0\.031/);
    }
  });
});

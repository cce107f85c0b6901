// What alert rules read of runs of others: the same signals have the same values as for runs of our own.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { otlpJsonOf } from '../../fixtures/otlp-json-spans.ts';
import { CONVERSATION, readRecording } from '../../fixtures/recorded-spans.ts';
import { JSON_TYPE, getJson, post, startTestServer, type TestServer } from '../harness.ts';

let server: TestServer;
const COST = CONVERSATION['agent.cost_nano_usd'];

beforeAll(async () => {
  server = await startTestServer();
  const { spans } = readRecording('ai-sdk-6');
  const late = Date.now() - 1000 - Math.max(...spans.map(({ endMs }) => endMs));
  const nanos = (ms: number): string => String(BigInt(Math.floor((ms + late) * 1000)) * 1000n);
  const body = otlpJsonOf(
    spans.map((span) => ({
      ...span,
      startTimeUnixNano: nanos(span.startMs),
      endTimeUnixNano: nanos(span.endMs),
    })),
  );
  await post(server.httpAddress, '/v1/traces', JSON.stringify(body), JSON_TYPE);
});

afterAll(() => server.remove());

it.each([
  ['run_cost_max', COST],
  ['turns_per_run', 3],
  ['run_count', 1],
  ['run_success_rate', 1],
  ['cost', COST],
  ['cost_per_successful_run', COST],
  ['tool_calls', 2],
  ['tool_failure_rate', 0],
  ['unpriced_calls', 0],
])('%s is %p', async (id, value) => {
  const answer = await getJson<{ value: number }>(server, `/api/signals/${id}?window=1h`);
  expect(answer.value).toBe(value);
});

it.each([
  ['session', 'sess-1'],
  ['user', 'cust-7'],
  ['agent', 'support'],
])('cost by %s is that of %s', async (by, name) => {
  const answer = await getJson<{ groups: unknown[] }>(server, `/api/signals/cost?window=1h&by=${by}`);
  expect(answer.groups).toEqual([{ by: { [by]: name }, value: COST }]);
});

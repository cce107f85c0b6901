// A run whose spans show its tools and none of its calls: the pages say that its cost is not known, and not that it was free.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { otlpJsonOf } from '../../fixtures/otlp-json-spans.ts';
import { JSON_TYPE, post, startTestServer, type TestServer } from '../harness.ts';

const TRACE = 'a'.repeat(32);
const WHY = 'No model call was seen: its cost is not known';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const endMs = Date.now();
  const at = (ms: number): string => `${String(endMs - ms)}000000`;
  const spans = [
    { spanId: '1'.repeat(16), operation: 'invoke_agent', parentSpanId: '', from: 900, to: 100 },
    { spanId: '2'.repeat(16), operation: 'execute_tool', parentSpanId: '1'.repeat(16), from: 800, to: 200 },
  ].map(({ operation, from, to, ...ids }) => ({
    ...ids,
    traceId: TRACE,
    name: operation,
    startTimeUnixNano: at(from),
    endTimeUnixNano: at(to),
    attributes: { 'gen_ai.operation.name': operation, 'gen_ai.agent.name': 'shop' },
  }));
  await post(server.httpAddress, '/v1/traces', JSON.stringify(otlpJsonOf(spans)), JSON_TYPE);
});
afterAll(() => server.remove());

it.each(['/runs', `/runs/${TRACE}`])('is said on %s', async (path) => {
  const page = await fetch(server.uiUrl + path, { headers: { accept: 'text/html' } });
  expect(await page.text()).toContain(WHY);
});

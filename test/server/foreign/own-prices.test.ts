// A price file given to the server: what others report is priced by it, as the preload prices what it sees.

import { afterEach, expect, it } from '@jest/globals';
import { parsePriceOverrides, type PriceOverrides } from '../../../core/pricing/price-overrides.ts';
import { apiRequest, logsOf, otlpOf } from '../../claude-code/sample-logs.ts';
import { otlpJsonOf, type JsonSpan } from '../../fixtures/otlp-json-spans.ts';
import { CONVERSATION, readRecording } from '../../fixtures/recorded-spans.ts';
import { JSON_TYPE, getJson, post, startTestServer, type TestServer } from '../harness.ts';

const HALF = overridesOf('{ "multiplier": 0.5 }');
let server: TestServer;

afterEach(() => server.remove());

function overridesOf(text: string): PriceOverrides {
  const parsed = parsePriceOverrides(text);
  if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
  return parsed;
}

function recordedSpans(): readonly JsonSpan[] {
  const { spans } = readRecording('ai-sdk-6');
  const late = Date.now() - 1000 - Math.max(...spans.map(({ endMs }) => endMs));
  const nanos = (ms: number): string => String(BigInt(Math.floor((ms + late) * 1000)) * 1000n);
  return spans.map((span) => ({
    ...span,
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: nanos(span.endMs),
  }));
}

const send = async (path: string, body: unknown): Promise<void> => {
  expect((await post(server.httpAddress, path, JSON.stringify(body), JSON_TYPE)).status).toBe(200);
};
const cost = async (): Promise<unknown> =>
  (await getJson<{ value: unknown }>(server, '/api/signals/cost?window=1h')).value;

it('is that of spans, in one request or one by one', async () => {
  server = await startTestServer({ priceOverrides: HALF });
  const spans = recordedSpans();
  for (const span of spans) await send('/v1/traces', otlpJsonOf([span]));
  expect(await cost()).toBe(CONVERSATION['agent.cost_nano_usd'] / 2);
  await send('/v1/traces', otlpJsonOf(spans));
  expect(await cost()).toBe(CONVERSATION['agent.cost_nano_usd'] / 2);
});

it('is that of what Claude Code logs', async () => {
  const logs = otlpOf(logsOf([apiRequest('req_1')], { startMs: Date.now() - 60_000 }));
  server = await startTestServer();
  await send('/v1/logs', logs);
  const list = (await cost()) as number;
  await server.remove();
  server = await startTestServer({ priceOverrides: HALF });
  await send('/v1/logs', logs);
  expect(list).toBeGreaterThan(0);
  expect(await cost()).toBe(list / 2);
});

// Claude Code with logs and traces on: each call, tool and run counts once, by the log.

import { afterEach, expect, it } from '@jest/globals';
import { otlpJsonOf, type JsonSpan } from '../../fixtures/otlp-json-spans.ts';
import { settled } from '../../claude-code/otlp-recorder.ts';
import { JSON_TYPE, getJson, post, startTestServer, type TestServer } from '../harness.ts';

const SESSION = 'session-1';
const nowMs = Date.now() - 60_000;
const nanos = (ms: number): string => String(BigInt(nowMs + ms) * 1_000_000n);

const record = (name: string, atMs: number, more: Record<string, string | number>): unknown => ({
  timeUnixNano: nanos(atMs),
  body: { stringValue: `claude_code.${name}` },
  attributes: Object.entries({
    'event.name': name,
    'session.id': SESSION,
    'prompt.id': 'prompt-1',
    ...more,
  }).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  })),
});

function span(
  id: string,
  parent: string | undefined,
  name: string,
  attributes: Record<string, unknown>,
): JsonSpan {
  return {
    traceId: 'e'.repeat(32),
    spanId: id.repeat(16),
    ...(parent === undefined ? {} : { parentSpanId: parent.repeat(16) }),
    name: `claude_code.${name}`,
    scope: 'com.anthropic.claude_code.tracing',
    startTimeUnixNano: nanos(100),
    endTimeUnixNano: nanos(900),
    attributes: { 'session.id': SESSION, ...attributes },
  };
}

let server: TestServer;

afterEach(() => server.remove());

it('counts once by the log', async () => {
  server = await startTestServer();
  const logs = {
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'claude-code' } }] },
        scopeLogs: [
          {
            scope: { name: 'com.anthropic.claude_code.events' },
            logRecords: [
              record('user_prompt', 0, { prompt_length: 5 }),
              record('api_request', 900, {
                model: 'claude-opus-5-5',
                input_tokens: 1000,
                output_tokens: 1000,
                cache_read_tokens: 0,
                cache_creation_tokens: 0,
                duration_ms: 800,
                request_id: 'req_1',
              }),
              record('tool_result', 1000, {
                tool_name: 'Bash',
                tool_use_id: 'toolu_1',
                success: 'true',
                duration_ms: '50',
                request_id: 'req_1',
              }),
            ],
          },
        ],
      },
    ],
  };
  expect((await post(server.httpAddress, '/v1/logs', JSON.stringify(logs), JSON_TYPE)).status).toBe(200);
  const spans = [
    span('b', 'a', 'llm_request', {
      model: 'claude-opus-5-5',
      input_tokens: 1000,
      output_tokens: 1000,
      request_id: 'req_1',
    }),
    span('c', 'a', 'tool', { tool_name: 'Bash', tool_use_id: 'toolu_1' }),
    span('a', undefined, 'interaction', {}),
  ];
  const sent = await post(server.httpAddress, '/v1/traces', JSON.stringify(otlpJsonOf(spans)), JSON_TYPE);
  expect(sent.status).toBe(200);
  const signal = async (id: string): Promise<unknown> =>
    (await getJson<{ value: unknown }>(server, `/api/signals/${id}?window=24h`)).value;
  expect(await Promise.all(['cost', 'run_count', 'tool_calls'].map(signal))).toEqual([24_000_000, 1, 1]);
});

it('counts a run once where the spans have a call that the log lost', async () => {
  server = await startTestServer();
  const request = (id: string, atMs: number): unknown =>
    record('api_request', atMs, {
      model: 'claude-opus-5-5',
      input_tokens: 1000,
      output_tokens: 1000,
      cache_read_tokens: 0,
      cache_creation_tokens: 0,
      duration_ms: 100,
      request_id: id,
    });
  const logs = {
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'claude-code' } }] },
        scopeLogs: [
          {
            scope: { name: 'com.anthropic.claude_code.events' },
            logRecords: [record('user_prompt', 0, { prompt_length: 5 }), request('req_1', 900)],
          },
        ],
      },
    ],
  };
  const call = (id: string, requestId: string): JsonSpan =>
    span(id, 'a', 'llm_request', {
      model: 'claude-opus-5-5',
      input_tokens: 1000,
      output_tokens: 1000,
      request_id: requestId,
    });
  const spans = [call('b', 'req_1'), call('d', 'req_title'), span('a', undefined, 'interaction', {})];
  const traces = JSON.stringify(otlpJsonOf(spans));
  expect((await post(server.httpAddress, '/v1/traces', traces, JSON_TYPE)).status).toBe(200);
  expect((await post(server.httpAddress, '/v1/logs', JSON.stringify(logs), JSON_TYPE)).status).toBe(200);
  const runs = await settled<readonly { readonly cost_with_nested_nano_usd: number }[]>(
    server,
    '/api/runs?limit=10',
    (found) => found.length === 1,
  );
  expect(runs).toMatchObject([{ cost_with_nested_nano_usd: 48_000_000 }]);
  const cost = await getJson<{ value: unknown }>(server, '/api/signals/cost?window=24h');
  expect(cost.value).toBe(48_000_000);
});

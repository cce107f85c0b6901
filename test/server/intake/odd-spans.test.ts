// Odd input: what senders get wrong costs only what is wrong, and is read or refused aloud.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CONVERSATION, readRecording } from '../../fixtures/recorded-spans.ts';
import { otlpJsonOf, type JsonSpan } from '../../fixtures/otlp-json-spans.ts';
import { JSON_TYPE, getJson, post, startTestServer, type TestServer } from '../harness.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.remove());

const now = BigInt(Date.now()) * 1_000_000n;
let serial = 0;

function call(more: Partial<JsonSpan> = {}): JsonSpan {
  serial += 1;
  return {
    traceId: serial.toString(16).padStart(32, 'a'),
    spanId: serial.toString(16).padStart(16, 'b'),
    name: 'chat',
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + 2_000_000_000n),
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': `agent-${serial}`,
    },
    ...more,
  };
}

async function send(body: unknown): Promise<{ status: number; text: string }> {
  const answer = await post(server.httpAddress, '/v1/traces', JSON.stringify(body), JSON_TYPE);
  return { status: answer.status, text: answer.body.toString() };
}

async function runOf(agent: string): Promise<Record<string, unknown> | undefined> {
  const runs = await getJson<Record<string, unknown>[]>(server, '/api/runs?limit=500&since=30d');
  return runs.find((run) => run['gen_ai.agent.name'] === agent);
}

it.each([
  ['an end of 0', { endTimeUnixNano: '0' }],
  ['no end', { endTimeUnixNano: undefined }],
  ['an end before the start', { endTimeUnixNano: String(now - 5_000_000n) }],
])('a span with %s lasted no time, and ended when it began', async (_what, more) => {
  const span = call(more);
  expect(await send(otlpJsonOf([span]))).toEqual({ status: 200, text: '{}' });
  expect(await runOf(`agent-${serial}`)).toMatchObject({ duration_ms: 0, 'agent.status': 'ok' });
});

it.each([
  ['RateLimitError', 'anthropic.RateLimitError', 'rate_limit_error'],
  ['any other', 'builtins.ValueError', 'builtins.ValueError'],
])('a failure whose class only an event of the span says has that class: %s', async (_what, type, shown) => {
  const span = call({
    isError: true,
    events: [
      { name: 'exception', attributes: { 'exception.type': 'KeyError' } },
      { name: 'exception', attributes: { 'exception.type': type, 'exception.message': 'secret' } },
      { name: 'gen_ai.choice', attributes: { index: 0 } },
    ],
  });
  expect(await send(otlpJsonOf([span]))).toEqual({ status: 200, text: '{}' });
  expect(await runOf(`agent-${serial}`)).toMatchObject({ 'agent.status': 'error', 'error.type': shown });
});

it('a parent of zeros is none, also in snake_case', async () => {
  const span = call({ parentSpanId: '0'.repeat(16) });
  const body = JSON.stringify(otlpJsonOf([span])).replaceAll(
    /"(\w+)":/g,
    (_all, key: string) => `"${key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}":`,
  );
  const answer = await post(server.httpAddress, '/v1/traces', body, JSON_TYPE);
  expect([answer.status, answer.body.toString()]).toEqual([200, '{}']);
  expect(await runOf(`agent-${serial}`)).toMatchObject({ 'agent.run_id': span.traceId });
});

it('what a library of protobuf writes as JSON by itself is read: ids in base64, enums by their names', async () => {
  const agent = call();
  const failed = call({ traceId: agent.traceId, parentSpanId: agent.spanId, isError: true });
  const written = JSON.stringify(otlpJsonOf([agent, failed]))
    .replaceAll(/"([0-9a-f]{32}|[0-9a-f]{16})"/g, (_all, hex: string) =>
      JSON.stringify(Buffer.from(hex, 'hex').toString('base64')),
    )
    .replaceAll('"kind":1', '"kind":"SPAN_KIND_CLIENT"')
    .replaceAll('"code":0', '"code":"STATUS_CODE_UNSET"')
    .replaceAll('"code":2', '"code":"STATUS_CODE_ERROR"');
  const answer = await post(server.httpAddress, '/v1/traces', written, JSON_TYPE);
  expect([answer.status, answer.body.toString()]).toEqual([200, '{}']);
  expect(await runOf(`agent-${serial - 1}`)).toMatchObject({
    'agent.run_id': agent.traceId,
    'agent.status': 'ok',
  });
  expect(await runOf(`agent-${serial}`)).toMatchObject({
    'agent.parent_run_id': agent.traceId,
    'agent.status': 'error',
  });
  const odd = await post(
    server.httpAddress,
    '/v1/traces',
    written.replaceAll('SPAN_KIND_CLIENT', 'SPAN_KIND_ODD'),
    JSON_TYPE,
  );
  expect([odd.status, odd.body.toString()]).toEqual([200, expect.stringContaining('a number was expected')]);
});

it.each([
  ['a trace id of another length', { traceId: 'abc' }],
  ['a span id that is no hex', { spanId: 'z'.repeat(16) }],
  ['a parent of another length', { parentSpanId: '12' }],
  ['a trace id of zeros', { traceId: '0'.repeat(32) }],
])('%s costs that span and no other', async (_what, more) => {
  const bad = call(more);
  const good = call();
  const { status, text } = await send(otlpJsonOf([bad, good]));
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
  expect(await runOf(`agent-${serial}`)).toBeDefined();
});

it.each([
  ['a time that is no number', { startTimeUnixNano: 'yesterday' }],
  ['a time below zero', { startTimeUnixNano: '-5' }],
  ['a name that is a number', { name: 7 }],
  ['a status that is a text', { status: 'ok' }],
  ['attributes that are a map', { attributes: { 'user.id': 'ana' } }],
  ['a count that is a word', { attributes: [{ key: 'n', value: { intValue: 'many' } }] }],
])('%s costs that span and no other', async (_what, instead) => {
  const { resourceSpans } = otlpJsonOf([call(), call()]) as {
    resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[];
  };
  Object.assign(resourceSpans[0]?.scopeSpans[0]?.spans[0] ?? {}, instead);
  const { status, text } = await send({ resourceSpans });
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
  expect(await runOf(`agent-${serial}`)).toBeDefined();
  expect(await runOf(`agent-${serial - 1}`)).toBeUndefined();
});

it('a body with none of the keys of a request is refused aloud', async () => {
  for (const body of [{ spans: [] }, { resource_logs: [] }]) {
    const { status, text } = await send(body);
    expect([status, text]).toEqual([400, expect.stringContaining('resourceSpans')]);
  }
  expect(await send({})).toEqual({ status: 200, text: '{}' });
});

it('a user id of 100,000 characters is cut, and the run is there', async () => {
  const span = call({
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'long',
      'user.id': 'u'.repeat(100_000),
    },
  });
  expect((await send(otlpJsonOf([span]))).status).toBe(200);
  expect(String((await runOf('long'))?.['user.id']).length).toBeLessThan(3000);
});

describe('a span that is sent while it goes on, and again when it has ended', () => {
  const counts = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': 'claude-sonnet-4-5',
    'gen_ai.usage.input_tokens': 2000,
    'gen_ai.usage.output_tokens': 100,
  };
  const { 'gen_ai.usage.output_tokens': _output, ...early } = counts;

  it.each([
    ['in that order', [0, 1]],
    ['the other way round', [1, 0]],
    ['twice each', [0, 0, 1, 0, 1]],
  ])('counts as it ended, sent %s', async (_order, order) => {
    const agent = call();
    const name = `agent-${serial}`;
    const model = call({ traceId: agent.traceId, parentSpanId: agent.spanId });
    const states = [
      [
        { ...agent, endTimeUnixNano: '0' },
        { ...model, endTimeUnixNano: '0', attributes: early },
      ],
      [agent, { ...model, attributes: counts }],
    ];
    for (const index of order) expect((await send(otlpJsonOf(states[index] as JsonSpan[]))).status).toBe(200);
    expect(await runOf(name)).toMatchObject({
      duration_ms: 2000,
      'agent.turns': 1,
      'agent.tokens_in': 2000,
      'agent.cost_nano_usd': 2000 * 3000 + 100 * 15_000,
    });
  });

  it('in one batch is kept in its later state', async () => {
    const agent = call();
    const batch = [{ ...agent, endTimeUnixNano: '0' }, agent];
    expect((await send(otlpJsonOf(batch))).status).toBe(200);
    expect(await runOf(`agent-${serial}`)).toMatchObject({ duration_ms: 2000 });
  });
});

it('what a real emitter sends comes to a run with all its numbers', async () => {
  const { spans } = readRecording('ai-sdk-6');
  const late = Date.now() - Math.max(...spans.map(({ endMs }) => endMs));
  const json = spans.map((span) => ({
    ...span,
    attributes: { ...span.attributes, 'ai.telemetry.functionId': 'recorded' },
    startTimeUnixNano: String(BigInt(Math.floor((span.startMs + late) * 1000)) * 1000n),
    endTimeUnixNano: String(BigInt(Math.floor((span.endMs + late) * 1000)) * 1000n),
  }));
  // Children first, one request each.
  for (const span of json) expect((await send(otlpJsonOf([span]))).status).toBe(200);
  const run = await runOf('recorded');
  expect(run).toMatchObject({ ...CONVERSATION, 'user.id': 'cust-7', 'gen_ai.conversation.id': 'sess-1' });
});

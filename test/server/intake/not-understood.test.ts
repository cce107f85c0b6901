// What came and was not understood is counted by sender, kind and name, and shown: in JSON, on a page, in the log once.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { judgeReceived } from '../../../cli/doctor/check-received.ts';
import { otlpJsonOf } from '../../fixtures/otlp-json-spans.ts';
import { JSON_TYPE, getJson, post, sendEvents, startTestServer, type TestServer } from '../harness.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.remove());

function row(kind: string, name: string, scope: string, service = 'shop', count = 1): unknown {
  return expect.objectContaining({ kind, name, scope, service, count, advice: expect.stringMatching(/\w/) });
}

async function send(signal: string, body: unknown): Promise<void> {
  expect((await post(server.httpAddress, `/v1/${signal}`, JSON.stringify(body), JSON_TYPE)).status).toBe(200);
}

const AGENT_SDK = '@arizeai/openinference-instrumentation-claude-agent-sdk';
const LANGCHAIN_JS = '@traceloop/instrumentation-langchain';
const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };

it('is shown with what to do about it', async () => {
  const records = [
    { body: { stringValue: 'hello' } },
    { eventName: 'shop.sold', body: { stringValue: 'x' } },
  ];
  for (let round = 0; round < 2; round++)
    await send('logs', {
      resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'pino' }, logRecords: records }] }],
    });
  await send('metrics', {
    resourceMetrics: [
      { resource, scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: [{ asInt: '1' }] } }] }] },
    ],
  });
  const times = { startTimeUnixNano: '1795168800000000000', endTimeUnixNano: '1795168801000000000' };
  await send(
    'traces',
    otlpJsonOf([
      {
        traceId: 'a'.repeat(32),
        spanId: 'b'.repeat(16),
        name: 'think',
        scope: 'new-vendor',
        ...times,
        attributes: { 'llm.new': 1 },
      },
      {
        traceId: 'a'.repeat(32),
        spanId: 'c'.repeat(16),
        name: 'GET',
        ...times,
        attributes: { 'http.route': '/' },
      },
      {
        traceId: 'a'.repeat(32),
        spanId: 'd'.repeat(16),
        name: 'ponder',
        scope: 'other-vendor',
        ...times,
        // Tokens under an operation that nobody knows.
        attributes: {
          'gen_ai.operation.name': 'frobnicate',
          'gen_ai.request.model': 'claude-opus-5-5',
          'gen_ai.usage.input_tokens': 1000,
        },
      },
      {
        traceId: 'f'.repeat(32),
        spanId: 'f'.repeat(16),
        name: 'ClaudeAgent.query',
        scope: AGENT_SDK,
        ...times,
        attributes: { 'openinference.span.kind': 'AGENT', 'llm.token_count.prompt': 10 },
      },
      // OpenLLMetry for LangChain in JavaScript, with no span around the agent.
      ...['chat claude-sonnet-4-5', 'chat claude-sonnet-4-5', 'execute_tool DynamicStructuredTool'].map(
        (name, index) => ({
          traceId: `${index}`.padStart(32, 'e'),
          spanId: 'e'.repeat(16),
          name,
          scope: LANGCHAIN_JS,
          ...times,
          attributes: {
            'gen_ai.operation.name': name.split(' ')[0],
            'gen_ai.request.model': 'claude-sonnet-4-5',
            'gen_ai.usage.input_tokens': 10,
            'gen_ai.usage.output_tokens': 10,
          },
        }),
      ),
    ]),
  );
  await sendEvents(server, [
    {
      timestamp: Date.now() + 3_600_000,
      'event.name': 'agent.note',
      'service.name': 'early',
      trace_id: 'd'.repeat(32),
      span_id: 'd'.repeat(16),
    },
  ]);

  const meta = await getJson<{ not_understood: { advice: string }[]; future_events: number }>(
    server,
    '/api/meta',
  );
  expect(meta.not_understood).toHaveLength(8);
  expect(meta.not_understood).toEqual(
    expect.arrayContaining([
      row('log record', '', 'pino', 'shop', 2),
      row('log record', 'shop.sold', 'pino', 'shop', 2),
      row('span', 'think', 'new-vendor'),
      row('span', 'ponder', 'other-vendor'),
      row('metric', '', '', ''),
      row('span in no run', 'chat claude-sonnet-4-5', LANGCHAIN_JS, 'shop', 2),
      row('agent without calls', 'ClaudeAgent.query', AGENT_SDK),
      row('span in no run', 'execute_tool DynamicStructuredTool', LANGCHAIN_JS),
    ]),
  );
  expect(meta.future_events).toBe(1);

  const page = await (await fetch(`${server.uiUrl}/received`, { headers: { accept: 'text/html' } })).text();
  for (const text of [
    'shop.sold',
    'new-vendor',
    'OTEL_METRICS_EXPORTER',
    'withWorkflow',
    'from the future',
    'early',
  ])
    expect(page).toContain(text);
  const overview = await (await fetch(server.uiUrl, { headers: { accept: 'text/html' } })).text();
  expect(overview).toContain('8 kinds of data that came were not understood; 1 event is from the future');
  expect(server.lines.filter((line) => line.includes('pino'))).toHaveLength(1);
  expect(judgeReceived(meta as never, 'http://here').map(({ verdict }) => verdict)).toEqual(['warn', 'warn']);
  expect(judgeReceived({ not_understood: [], future_events: 0 }, 'http://here')).toEqual([]);
});

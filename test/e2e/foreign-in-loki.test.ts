// Spans of others, and logs of Claude Code, through the real Collector: the server behind it makes events of them and
// hands them in, and the real Loki has the same numbers, to the nano-dollar, with our own events beside them counted once.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startServer, type RunningServer } from '../../server/start-server.ts';
import { apiRequest, logsOf, otlpOf } from '../claude-code/sample-logs.ts';
import { otlpJsonOf, type JsonSpan } from '../fixtures/otlp-json-spans.ts';
import { CALL_COSTS, CONVERSATION, readOwnRecording } from '../fixtures/recorded-spans.ts';
import { JSON_TYPE, post } from '../server/harness.ts';
import { sampleRun } from '../server/web/sample-run.ts';
import { makeTemporaryFolder } from '../stack/folders.ts';
import { openLoki, type LokiServer } from '../stack/loki.ts';
import { toOtlpLogs } from '../../core/otlp/otlp-log.ts';
import { findFreePorts, waitUntil } from '../stack/process.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';

const RECORDINGS = [
  'ai-sdk-5',
  'ai-sdk-6',
  'ai-sdk-7',
  'pydantic-ai-over-native',
  'python/google-adk-over-litellm',
  'python/langchain-by-langsmith',
  'python/langchain-streamed-below-a-request',
  'python/llamaindex-by-openinference',
  'python/strands',
];
/** Two calls without an agent around them. */
const ALONE = ['openinference-over-native', 'openllmetry-over-native', 'logfire'];

/** A prompt of Claude Code with three calls, the last of which another cache lifetime was asked for, and a tool. */
const CLAUDE_LOGS = logsOf(
  [
    ['user_prompt', { prompt_length: '12' }],
    apiRequest('req_1'),
    [
      'tool_result',
      { tool_name: 'Bash', tool_use_id: 'toolu_1', success: 'true', duration_ms: '40', request_id: 'req_1' },
    ],
    apiRequest('req_2'),
    apiRequest('req_3', {
      input_tokens: '7',
      cache_creation_5m_tokens: 0,
      cache_creation_1h_tokens: 1_300,
      cost_usd: 0.015628,
      cost_usd_micros: 15_628,
    }),
  ],
  { startMs: Date.now() - 20_000 },
);
const CLAUDE_NANO_USD = 2 * 16_600_000 + (7 * 4_000 + 260 * 20_000 + 1_300 * 8_000);

function sum(event: string, field: string, service = 'foreign-service'): string {
  return `sum(sum_over_time({service_name="${service}", event_name="${event}"} | unwrap ${field} | __error__="" [1h]))`;
}

function largeCall(spanId: string, chars: number): JsonSpan {
  return {
    traceId: 'e'.repeat(32),
    spanId,
    parentSpanId: 'f'.repeat(16),
    name: 'chat',
    startTimeUnixNano: nanosBefore(900),
    endTimeUnixNano: nanosBefore(800),
    attributes: {
      'openinference.span.kind': 'LLM',
      'llm.model_name': 'claude-sonnet-4-5',
      'llm.token_count.prompt': 1000,
      'llm.token_count.completion': 100,
      'input.value': 'x'.repeat(chars),
    },
  };
}

function nanosBefore(agoMs: number): string {
  return String(BigInt(Date.now() - agoMs) * 1_000_000n);
}

(await describeWith('collector', 'loki'))('spans of others through the real Collector', () => {
  let loki: LokiServer;
  let collector: CollectorServer;
  let server: RunningServer;
  const own = sampleRun({ mark: '7', endMs: Date.now() - 5000 }).map((event) => ({
    ...event,
    'service.name': 'own-service',
  }));

  beforeAll(async () => {
    const [grpcPort = 0] = await findFreePorts(1);
    loki = await openLoki();
    collector = await startCollector({
      configs: ['base.yaml', 'tallyspan.yaml', 'loki.yaml'],
      env: { TALLYSPAN_ENDPOINT: `127.0.0.1:${grpcPort}`, LOKI_URL: loki.url },
    });
    server = await startServer({
      dataDir: makeTemporaryFolder('behind'),
      uiPort: 0,
      grpcPort,
      httpPort: 0,
      forwardUrl: collector.httpUrl,
      forwardSettleMs: 1000,
      claudeIdleMs: 1000,
      log: () => {},
    });
    const target = collector.httpUrl.replace(/^http:\/\//, '');
    await post(target, '/v1/logs', JSON.stringify(toOtlpLogs(own)), JSON_TYPE);
    // As a sender does that did not hear the answer.
    for (const part of [CLAUDE_LOGS.slice(0, 3), CLAUDE_LOGS.slice(3), CLAUDE_LOGS.slice(3)])
      await post(target, '/v1/logs', JSON.stringify(otlpOf(part)), JSON_TYPE);
    for (const name of [...RECORDINGS, ...ALONE]) {
      const { spans } = readOwnRecording(name);
      const late = Date.now() - 2000 - Math.max(...spans.map(({ endMs }) => endMs));
      const nanos = (ms: number): string => String(BigInt(Math.floor((ms + late) * 1000)) * 1000n);
      const json = spans.map((span) => ({
        ...span,
        startTimeUnixNano: nanos(span.startMs),
        endTimeUnixNano: nanos(span.endMs),
      }));
      // In two requests, and the second twice.
      for (const part of [json.slice(2), json.slice(0, 2), json.slice(0, 2)])
        await post(target, '/v1/traces', JSON.stringify(otlpJsonOf(part, 'foreign-service')), JSON_TYPE);
    }
  }, BUILD_TIMEOUT_MS);

  it('are counted however much was said in them', async () => {
    const target = collector.httpUrl.replace(/^http:\/\//, '');
    const agent: JsonSpan = {
      ...largeCall('f'.repeat(16), 3_000_000),
      parentSpanId: '',
      attributes: { 'openinference.span.kind': 'AGENT', 'input.value': 'y'.repeat(3_000_000) },
    };
    const spans = [largeCall('1'.repeat(16), 100), largeCall('2'.repeat(16), 9_000_000), agent];
    await post(target, '/v1/traces', JSON.stringify(otlpJsonOf(spans, 'large-service')), JSON_TYPE);
    const wanted = 2 * (1000 * 3000 + 100 * 15_000);
    const cost = sum('agent.run', 'agent_cost_nano_usd', 'large-service');
    await waitUntil(async () => (await loki.queryNumber(cost)) > 0, {
      what: () => `the run in Loki; the Collector said\n${collector.process.output().slice(-2000)}`,
    });
    expect(await loki.queryNumber(cost)).toBe(wanted);
  });

  afterAll(async () => {
    await server.close();
    await collector.stop();
    await loki.stop();
  });

  it('are counted in Loki as in the server', async () => {
    const total = CALL_COSTS.reduce((all, cost) => all + cost, 0);
    const alone = (CALL_COSTS[0] + CALL_COSTS[1]) * ALONE.length;
    const wanted = total * RECORDINGS.length + alone;
    await waitUntil(
      async () => (await loki.queryNumber(sum('agent.model_call', 'cost_nano_usd'))) >= wanted,
      {
        what: () => `${wanted} in Loki; the Collector said\n${collector.process.output().slice(-2000)}`,
      },
    );
    expect(await loki.queryNumber(sum('agent.model_call', 'cost_nano_usd'))).toBe(wanted);
    const runs = '{service_name="foreign-service", event_name="agent.run"} | agent_status="ok"';
    await waitUntil(
      async () => (await loki.queryNumber(`sum(count_over_time(${runs} [1h]))`)) >= RECORDINGS.length,
      { what: () => 'the runs in Loki' },
    );
    expect(await loki.queryNumber(`sum(count_over_time(${runs} [1h]))`)).toBe(RECORDINGS.length);
    for (const [field, value] of [
      ['agent_cost_nano_usd', CONVERSATION['agent.cost_nano_usd']],
      ['agent_turns', CONVERSATION['agent.turns']],
      ['agent_tool_calls', CONVERSATION['agent.tool_calls']],
    ] as const)
      expect([field, await loki.queryNumber(sum('agent.run', field))]).toEqual([
        field,
        value * RECORDINGS.length,
      ]);
    const cost = (await (await fetch(`${server.uiUrl}/api/signals/cost?window=24h&by=service`)).json()) as {
      groups: { by: { service: string }; value: number }[];
    };
    expect(cost.groups.find(({ by }) => by.service === 'foreign-service')?.value).toBe(wanted);
  });

  it('logs of Claude Code cost in Loki what they cost in the server', async () => {
    const cost = sum('agent.model_call', 'cost_nano_usd', 'claude-code');
    await waitUntil(async () => (await loki.queryNumber(cost)) >= CLAUDE_NANO_USD, {
      what: () => `${CLAUDE_NANO_USD} of Claude Code in Loki`,
    });
    expect(await loki.queryNumber(cost)).toBe(CLAUDE_NANO_USD);
    const runs = '{service_name="claude-code", event_name="agent.run"} | agent_status="ok"';
    await waitUntil(async () => (await loki.queryNumber(`sum(count_over_time(${runs} [1h]))`)) >= 1, {
      what: () => 'the run of Claude Code in Loki',
    });
    expect(await loki.queryNumber(sum('agent.run', 'agent_cost_nano_usd', 'claude-code'))).toBe(
      CLAUDE_NANO_USD,
    );
    const tools = '{service_name="claude-code", event_name="agent.tool_call"} | gen_ai_tool_name="Bash"';
    expect(await loki.queryNumber(`sum(count_over_time(${tools} [1h]))`)).toBe(1);
    const shown = (await (await fetch(`${server.uiUrl}/api/signals/cost?window=24h&by=service`)).json()) as {
      groups: { by: { service: string }; value: number }[];
    };
    expect(shown.groups.find(({ by }) => by.service === 'claude-code')?.value).toBe(CLAUDE_NANO_USD);
  });

  it('count our own once', async () => {
    const count = `sum(count_over_time({service_name="own-service"}[1h]))`;
    await waitUntil(async () => (await loki.queryNumber(count)) >= own.length, {
      what: () => 'our own in Loki',
    });
    expect(await loki.queryNumber(count)).toBe(own.length);
  });
});

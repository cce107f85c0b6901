// The one input of the golden outputs: spans of every emitter that is known, a run of our own, events, and
// records that hold content, secrets and token counts. Every id and time is fixed.

import { createHash } from 'node:crypto';
import { CALL_START } from '../fixtures/dialect-fixture.ts';
import { DIALECT_FIXTURES } from '../fixtures/dialect-spans.ts';
import { sendLogs, sendSpans, toLog, type LogInput, type SpanInput } from '../stack/otlp-client.ts';

const START_MS = Date.parse(CALL_START);
const SAID = 'where is my order';
/** Assembled, so that this file holds no secret. */
const SECRET = `sk-ant-api03-${'Ab1_'.repeat(8)}`;
const RESOURCE = {
  'service.name': 'shop',
  'service.instance.id': 'one',
  'deployment.environment.name': 'test',
  'deployment.note': `key ${SECRET}`,
};

function hex(text: string, bytes: number): string {
  return createHash('sha256')
    .update(text)
    .digest('hex')
    .slice(0, 2 * bytes);
}

interface Batch {
  readonly scope: string;
  readonly spans: readonly SpanInput[];
}

const EMITTERS: readonly Batch[] = DIALECT_FIXTURES.map((fixture) => ({
  scope: fixture.scope,
  spans: [
    {
      name: fixture.name,
      traceId: hex(`trace ${fixture.title}`, 16),
      spanId: hex(`span ${fixture.title}`, 8),
      kind: fixture.kind ?? 3,
      startMs: Date.parse(fixture.start ?? CALL_START),
      endMs: Date.parse(fixture.start ?? CALL_START) + 2000,
      isError: fixture.isError === true,
      attributes: fixture.attributes,
    },
  ],
}));

/** One run of ours: a root and its call, `seconds` long. */
function ourRun(name: string, seconds: number, costNanoUsd: number): Batch {
  const ids = { traceId: hex(`trace ${name}`, 16), startMs: START_MS, endMs: START_MS + seconds * 1000 };
  const spanId = hex(`root ${name}`, 8);
  return {
    scope: 'com.anthropic.sdk.typescript',
    spans: [
      {
        ...ids,
        name: 'chat claude-opus-5-5',
        spanId: hex(`call ${name}`, 8),
        parentSpanId: spanId,
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.response.model': 'claude-opus-5-5',
          'gen_ai.usage.input_tokens': 100,
          'gen_ai.usage.output_tokens': 10,
          cost_nano_usd: costNanoUsd,
          'gen_ai.usage.cost': costNanoUsd / 1e9,
          'tallyspan.cost.status': 'priced',
        },
      },
      {
        ...ids,
        name: `invoke_agent ${name}`,
        spanId,
        kind: 1,
        attributes: { 'agent.run_id': ids.traceId, 'agent.cost_nano_usd': costNanoUsd },
      },
    ],
  };
}

const LEAKY: Batch = {
  scope: 'opentelemetry.instrumentation.anthropic',
  spans: [
    {
      name: `call ${SECRET}`,
      traceId: hex('trace leaky', 16),
      spanId: hex('leaky', 8),
      startMs: START_MS,
      endMs: START_MS + 1000,
      isError: true,
      statusMessage: `401 for ${SECRET}`,
      events: [
        { name: 'exception', attributes: { 'exception.message': `refused ${SECRET}`, 'exception.count': 2 } },
        { name: 'gen_ai.content.prompt', attributes: { 'gen_ai.prompt': SAID } },
      ],
      attributes: {
        'gen_ai.prompt.0.content': SAID,
        'gen_ai.completion.0.content': SAID,
        'gen_ai.input.messages': JSON.stringify([{ role: 'user', content: SAID }]),
        'input.value': SAID,
        'http.request.header.authorization': `Bearer ${SECRET}`,
        notes: [`one ${SECRET}`, 'two'],
        token: 1_234_567_890,
        secret_token_count: 4_111_111_111_111_111,
        ratio: 0.25,
        is_cached: true,
      },
    },
  ],
};

export const GOLDEN_SPANS: readonly Batch[] = [
  ...EMITTERS,
  ourRun('plain', 1, 5000),
  ourRun('slow', 90, 5000),
  ourRun('expensive', 1, 2_000_000_000),
  LEAKY,
];

const OURS: readonly LogInput[] = [
  toLog({
    timestamp: START_MS,
    'event.name': 'agent.model_call',
    'service.name': 'shop',
    trace_id: hex('trace plain', 16),
    span_id: hex('call plain', 8),
    'gen_ai.response.model': 'claude-opus-5-5',
    'gen_ai.usage.input_tokens': 100,
    'gen_ai.usage.output_tokens': 10,
    cost_nano_usd: 5000,
    'gen_ai.usage.cost': 0.000005,
    'tallyspan.request_json': JSON.stringify({ messages: [{ role: 'user', content: SAID }] }),
  }),
  toLog({
    timestamp: START_MS + 10,
    'event.name': 'agent.tool_call',
    'service.name': 'shop',
    trace_id: hex('trace plain', 16),
    span_id: hex('tool plain', 8),
    'gen_ai.tool.name': 'lookup_order',
    'tool.args_json': JSON.stringify({ question: SAID, key: SECRET }),
    'tool.input_len': 42,
  }),
  toLog({
    timestamp: START_MS + 20,
    'event.name': 'agent.run',
    'service.name': 'shop',
    trace_id: hex('trace plain', 16),
    span_id: hex('root plain', 8),
    'agent.run_id': hex('trace plain', 16),
    'agent.status': 'ok',
    duration_ms: 1000,
  }),
];

const OTHERS: readonly LogInput[] = [
  {
    timeMs: START_MS,
    body: 'claude_code.user_prompt',
    eventName: 'claude_code.user_prompt',
    attributes: { user_prompt: SAID, prompt_length: 17 },
  },
  { timeMs: START_MS, body: `started with ${SECRET}`, attributes: { attempt: 1, key: SECRET } },
];

/** Sends the whole input; gives the number of spans and of log records. */
export async function sendGoldenInput(baseUrl: string): Promise<{ spans: number; logs: number }> {
  for (const { scope, spans } of GOLDEN_SPANS) await send(sendSpans(baseUrl, RESOURCE, scope, spans));
  await send(sendLogs(baseUrl, RESOURCE, OURS));
  await send(sendLogs(baseUrl, RESOURCE, OTHERS, 'com.anthropic.claude_code.events'));
  return {
    spans: GOLDEN_SPANS.reduce((sum, { spans }) => sum + spans.length, 0),
    logs: OURS.length + OTHERS.length,
  };
}

async function send(answer: Promise<number>): Promise<void> {
  const status = await answer;
  if (status !== 200) throw new Error(`the Collector answered ${status}`);
}

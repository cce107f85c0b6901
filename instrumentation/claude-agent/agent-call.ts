// A model call of the Claude Agent SDK: made inside its own program, seen here only as messages. One call
// is all messages with the same message id; its usage is repeated on each of them.

import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { priceCall, type PriceOverrides } from '../../core/pricing/cost.ts';
import { costFields, usageFields } from '../../core/pricing/cost-fields.ts';
import { readUsage } from '../../core/pricing/usage.ts';
import { attributesOf, type Fields } from '../record/event-log.ts';
import { guard } from '../process/guard.ts';
import { asJson, asList, asText } from '../record/request-facts.ts';
import { parentSpanId, type Run } from '../record/run.ts';
import type { Telemetry } from '../record/telemetry.ts';

/** Counters of a usage object that add up over calls. */
export const COUNTERS = [
  'input_tokens',
  'output_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
] as const;
export type Counts = Record<(typeof COUNTERS)[number], number> & { ephemeral1h: number; webSearches: number };

export interface AgentCall {
  readonly run: Run;
  readonly id: string;
  readonly model: string;
  readonly step: number;
  readonly startMs: number;
  endMs: number;
  requestId: string | undefined;
  stopReason: string | undefined;
  errorType: string | undefined;
  retriedStatus: readonly string[];
  counts: Counts;
  tier: string | undefined;
}

export function countsOf(usage: unknown): Counts {
  const raw = asJson(usage);
  const number = (key: string): number => (typeof raw[key] === 'number' ? raw[key] : 0);
  const split = asJson(raw['cache_creation'])['ephemeral_1h_input_tokens'];
  const searches = asJson(raw['server_tool_use'])['web_search_requests'];
  return {
    input_tokens: number('input_tokens'),
    output_tokens: number('output_tokens'),
    cache_read_input_tokens: number('cache_read_input_tokens'),
    cache_creation_input_tokens: number('cache_creation_input_tokens'),
    ephemeral1h: typeof split === 'number' ? split : 0,
    webSearches: typeof searches === 'number' ? searches : 0,
  };
}

/** Sum or difference of two counts, counter by counter. */
export function addCounts(a: Counts, b: Counts, sign: 1 | -1 = 1): Counts {
  const sum = { ...a };
  for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] = a[key] + sign * b[key];
  return sum;
}

/** Writes the span and the event of a finished call; gives its cost, where it has one. */
export function recordAgentCall(
  telemetry: Telemetry,
  call: AgentCall,
  overrides: PriceOverrides | undefined,
): number | undefined {
  return guard('record agent call', () => {
    const { run } = call;
    const usage = rawUsage(call);
    const reading = readUsage(usage);
    const cost = priceCall(
      { model: call.model, usage, atMs: call.startMs, stopReason: call.stopReason },
      overrides,
    );
    const fields: Fields = {
      ...run.fields(),
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': call.model,
      'gen_ai.response.model': call.model,
      'vcs.ref.head.revision': telemetry.revision,
      'gen_ai.response.id': call.id === '' ? undefined : call.id,
      'anthropic.request.id': call.requestId,
      duration_ms: Math.max(0, call.endMs - call.startMs),
      'gen_ai.response.finish_reasons': call.stopReason === undefined ? undefined : [call.stopReason],
      ...('error' in reading ? {} : usageFields(reading)),
      'agent.step_number': call.step,
      attempts: call.retriedStatus.length + 1,
      retried_status: call.retriedStatus.length === 0 ? undefined : call.retriedStatus,
      'error.type': call.errorType,
      ...costFields(cost),
    };
    const span = telemetry.tracer.startSpan(
      `chat ${call.model}`,
      { kind: SpanKind.CLIENT, startTime: call.startMs, attributes: attributesOf(fields) },
      run.contextOf(ROOT_CONTEXT),
    );
    span.end(call.endMs);
    telemetry.silentWatch.seeCall(run, call.endMs, span.spanContext(), fields);
    telemetry.events.emit('agent.model_call', call.endMs, span.spanContext(), {
      ...fields,
      parent_span_id: parentSpanId(span),
    });
    const { counts } = call;
    run.tokensIn += counts.input_tokens + counts.cache_read_input_tokens + counts.cache_creation_input_tokens;
    run.tokensOut += counts.output_tokens;
    run.retries += call.retriedStatus.length;
    if (cost.status === 'unpriced') return undefined;
    run.costNanoUsd += cost.costNanoUsd;
    return cost.costNanoUsd;
  });
}

function rawUsage({ counts, tier }: AgentCall): Record<string, unknown> {
  const { ephemeral1h, webSearches, ...tokens } = counts;
  return {
    ...tokens,
    cache_creation: {
      ephemeral_5m_input_tokens: tokens.cache_creation_input_tokens - ephemeral1h,
      ephemeral_1h_input_tokens: ephemeral1h,
    },
    server_tool_use: { web_search_requests: webSearches },
    service_tier: tier ?? 'standard',
  };
}

/** Tool uses among the blocks of a message. */
export function toolUsesOf(content: unknown): { id: string; name: string; input: unknown }[] {
  return asList(content).flatMap((block) => {
    const { type, id, name, input } = asJson(block);
    return type === 'tool_use' && asText(id) !== undefined && asText(name) !== undefined
      ? [{ id: String(asText(id)), name: String(asText(name)), input }]
      : [];
  });
}

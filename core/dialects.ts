// Foreign spans as events: what a span of another emitter says about a model call, a tool call or a run.
// Such a span counts like an event of our own, with `tallyspan.dialect` naming the rule that read it and
// a cost that is always an estimate.

import { priceCall, type CallCost } from './pricing/cost.ts';
import { normaliseSpan, RULE_KEY, type SpanShape } from './dialects/normalise.ts';
import type { EventRecord } from './event.ts';
import { modelCallFields } from './model-call/model-call-fields.ts';
import { requestOfSpan } from './pricing/price-request.ts';

export { normaliseSpan } from './dialects/normalise.ts';

/** A finished span of any emitter. */
export interface ForeignSpan extends SpanShape {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent or empty on a root. */
  readonly parentSpanId?: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  /** Status ERROR. OK and unset are no errors. */
  readonly isError: boolean;
  readonly resource: Readonly<Record<string, unknown>>;
}

const MODEL_OPERATIONS: ReadonlySet<unknown> = new Set(['chat', 'text_completion', 'generate_content']);
/**
 * The event of a foreign span: a model call, a tool call, or (for an agent span at the root) a run.
 * `undefined` for our own spans, for spans of other kinds, and for the API's own, which repeat the client's.
 * All events of a trace belong to the run with the trace's id.
 */
export function translateSpan(span: ForeignSpan): EventRecord | undefined {
  const normalised = normaliseSpan(span);
  if (normalised === undefined || normalised.dialect.isServerSide === true) return undefined;
  const { attributes } = normalised;
  const operation = attributes['gen_ai.operation.name'];
  const common = commonFields(span, attributes);
  if (MODEL_OPERATIONS.has(operation)) return modelCall(span, attributes, common);
  if (operation === 'execute_tool') {
    return {
      ...common,
      'event.name': 'agent.tool_call',
      'gen_ai.tool.name': text(attributes['gen_ai.tool.name']) ?? span.name,
      'gen_ai.tool.call.id': text(attributes['gen_ai.tool.call.id']),
      'tool.ok': !span.isError,
    };
  }
  if (operation === 'invoke_agent' && (span.parentSpanId ?? '') === '') {
    return { ...common, 'event.name': 'agent.run', 'agent.status': span.isError ? 'error' : 'ok' };
  }
  return undefined;
}

type CommonFields = Omit<EventRecord, 'event.name'>;

function commonFields(span: ForeignSpan, attributes: Readonly<Record<string, unknown>>): CommonFields {
  return {
    timestamp: Math.round(span.endMs),
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId === '' ? undefined : span.parentSpanId,
    'service.name': text(span.resource['service.name']),
    'service.version': text(span.resource['service.version']),
    'service.instance.id': text(span.resource['service.instance.id']),
    [RULE_KEY]: text(attributes[RULE_KEY]),
    'agent.run_id': span.traceId,
    'agent.inferred': true,
    'gen_ai.conversation.id': text(attributes['gen_ai.conversation.id']),
    'user.id': text(attributes['user.id']),
    'gen_ai.agent.name': text(attributes['gen_ai.agent.name']),
    duration_ms: Math.max(0, Math.round(span.endMs - span.startMs)),
    'error.type': span.isError ? (text(attributes['error.type']) ?? 'error') : undefined,
  };
}

function modelCall(
  span: ForeignSpan,
  attributes: Readonly<Record<string, unknown>>,
  common: CommonFields,
): EventRecord {
  const { reading, circumstances } = requestOfSpan(attributes, span.startMs);
  const reasons = attributes['gen_ai.response.finish_reasons'];
  return {
    ...common,
    'agent.inferred': undefined,
    ...modelCallFields({
      operation: text(attributes['gen_ai.operation.name']),
      provider: text(attributes['gen_ai.provider.name']),
      requestedModel: text(attributes['gen_ai.request.model']),
      model: text(attributes['gen_ai.response.model']),
      responseId: text(attributes['gen_ai.response.id']),
      finishReasons: Array.isArray(reasons) ? reasons.map(String) : undefined,
      durationMs: common.duration_ms,
      ttftMs: count(attributes['ttft_ms']),
      errorType: common['error.type'],
      reading,
      cost: asEstimate(priceCall(reading, circumstances)),
    }),
    'event.name': 'agent.model_call',
  };
}

// A foreign span lacks speed, residency, tier and the servers' tools: its price is never more than an estimate.
function asEstimate(cost: CallCost): CallCost {
  return cost.status === 'unpriced'
    ? cost
    : { ...cost, status: 'estimated', reason: cost.reason ?? 'foreign_span' };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

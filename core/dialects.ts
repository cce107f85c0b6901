// Foreign spans as events: what a span of another emitter says about a model call, a tool call or a run.
// Such a span counts like an event of our own, with `tallyspan.dialect` naming the rule that read it. Its cost is an
// estimate, unless the API's own usage was on it. What a span is within its trace: core/foreign-runs.

import type { CallCircumstances } from './pricing/circumstances.ts';
import { priceCall, type CallCost } from './pricing/cost.ts';
import type { PriceOverrides } from './pricing/price-overrides.ts';
import { resolveModelId } from './pricing/model-id.ts';
import { RULE_KEY, type SpanShape } from './dialects/normalise.ts';
import { readSpanFacts, text, type SpanFacts } from './dialects/span-facts.ts';
import type { EventRecord } from './event.ts';
import { modelCallFields } from './model-call/model-call-fields.ts';
import { hasRawUsage, requestOfSpan } from './pricing/price-request.ts';

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

/** A finished span as its events are made of it. */
export interface FactSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  readonly isError: boolean;
  readonly resource: Readonly<Record<string, unknown>>;
  /** Name of the instrumentation scope. */
  readonly scope?: string | undefined;
  readonly facts: SpanFacts;
}

/**
 * The event of a foreign span that is all there is of its trace: a model call, a tool call, or (for an agent span at
 * the root) a run. `undefined` for our own spans, for spans of other kinds, and for the API's own, which repeat the
 * client's.
 */
export function translateSpan(span: ForeignSpan): EventRecord | undefined {
  const durationMs = span.endMs - span.startMs;
  const fact = { ...span, facts: readSpanFacts({ ...span, durationMs }) };
  switch (fact.facts.kind) {
    case 'call':
      return modelCallOf(fact);
    case 'tool':
      return toolCallOf(fact);
    case 'agent':
    case 'workflow':
      if ((span.parentSpanId ?? '') !== '') return undefined;
      return {
        ...commonFieldsOf(fact),
        'event.name': 'agent.run',
        'agent.status': fact.facts.errorType === undefined ? 'ok' : 'error',
      };
    default:
      return undefined;
  }
}

type CommonFields = Omit<EventRecord, 'event.name'>;

/** Fields of every event of a span. The run is that of the trace until more is known. */
export function commonFieldsOf(span: FactSpan): CommonFields {
  const { standard, rule, errorType } = span.facts;
  const endMs = Math.max(span.startMs, span.endMs);
  return {
    timestamp: Math.round(endMs),
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId === '' ? undefined : span.parentSpanId,
    'service.name': text(span.resource['service.name']),
    'service.version': text(span.resource['service.version']),
    'service.instance.id': text(span.resource['service.instance.id']),
    [RULE_KEY]: rule,
    'agent.run_id': span.traceId,
    'agent.inferred': true,
    'gen_ai.conversation.id': text(standard['gen_ai.conversation.id']),
    'user.id': text(standard['user.id']),
    'agent.task_type': text(standard['agent.task_type']),
    'agent.version': text(standard['agent.version']),
    'gen_ai.agent.name': text(standard['gen_ai.agent.name']),
    duration_ms: Math.round(endMs - span.startMs),
    'error.type': errorType ?? (span.isError ? 'error' : undefined),
  };
}

export function modelCallOf(span: FactSpan, overrides?: PriceOverrides): EventRecord {
  const { standard } = span.facts;
  const common = commonFieldsOf(span);
  const { reading, circumstances } = requestOfSpan(standard, span.startMs);
  const reasons = standard['gen_ai.response.finish_reasons'];
  const hasFailed = common['error.type'] !== undefined && 'error' in reading;
  const attempts = count(standard['attempts']);
  return {
    ...common,
    'agent.inferred': undefined,
    ...modelCallFields({
      operation: text(standard['gen_ai.operation.name']),
      provider: text(standard['gen_ai.provider.name']),
      requestedModel: text(standard['gen_ai.request.model']),
      model: text(standard['gen_ai.response.model']),
      responseId: text(standard['gen_ai.response.id']),
      requestId: text(standard['anthropic.request.id']),
      finishReasons: Array.isArray(reasons) ? reasons.map(String) : undefined,
      durationMs: common.duration_ms,
      ttftMs: count(standard['ttft_ms']),
      attempts: attempts === 0 ? undefined : attempts,
      errorType: common['error.type'],
      claimedNanoUsd: count(standard['cost_claimed_nano_usd']),
      // A call that failed before it was answered has no usage, and nothing to be priced: it is no unpriced call.
      ...(!hasFailed && {
        reading,
        cost: asForeign(
          priceCall(reading, circumstances, overrides),
          hasRawUsage(standard),
          hidesProfile(circumstances),
        ),
      }),
    }),
    'event.name': 'agent.model_call',
  };
}

export function toolCallOf(span: FactSpan): EventRecord {
  const { standard } = span.facts;
  const common = commonFieldsOf(span);
  return {
    ...common,
    'event.name': 'agent.tool_call',
    'gen_ai.tool.name': text(standard['gen_ai.tool.name']) ?? span.name,
    'gen_ai.tool.call.id': text(standard['gen_ai.tool.call.id']),
    'tool.ok': common['error.type'] === undefined,
  };
}

// Sums of a span lack some of what a price needs (speed, residency, tier, the servers' tools): an estimate at most.
function asForeign(cost: CallCost, isExact: boolean, hidesScope: boolean): CallCost {
  if (cost.status === 'unpriced' || (isExact && !hidesScope)) return cost;
  const reason = cost.reason ?? (isExact ? 'profile_scope_unknown' : 'foreign_span');
  return { ...cost, status: 'estimated', reason };
}

/** A call of Bedrock by a name that is not Bedrock's: whether it went to a region, which costs more, is in the id alone. */
function hidesProfile({ platform, model, requestedModel }: CallCircumstances): boolean {
  if (platform !== 'bedrock') return false;
  const id = resolveModelId(requestedModel ?? model);
  return 'id' in id && id.platform === undefined;
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

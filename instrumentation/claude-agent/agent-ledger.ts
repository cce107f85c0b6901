// The ledger of an agent session: totals of the SDK by model, which go on from result to result and from a session to
// the one that resumes it, against the calls that messages showed. What is left is a row of its own: calls without
// messages, output beyond what messages count. It is never laid on a call.

import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { modelOfStep, type PriceOverrides } from '../../core/pricing/cost.ts';
import { NO_USAGE } from '../../core/pricing/usage.ts';
import { inputTotal } from '../../core/pricing/usage.ts';
import {
  addToCounts,
  BUCKETS,
  countsByModel,
  settleLifetimes,
  subtract,
  type ByModel,
  type Counts,
} from '../../core/transcripts/ledger.ts';
import { estimate } from '../../core/transcripts/price-facts.ts';
import { guard } from '../process/guard.ts';
import { attributesOf, type Fields } from '../record/event-log.ts';
import { parentSpanId, type Run } from '../record/run.ts';
import type { Telemetry } from '../record/telemetry.ts';
import type { AgentCall } from './agent-call.ts';

/** Operation and reason of the rows of what no message showed, and of those of a session that was left. */
const NOT_IN_MESSAGES = 'not_in_messages';
const LEFT_EARLY = 'left_early';
const REMAINDER_SOURCE = 'remainder';

export interface Rest {
  readonly model: string;
  readonly counts: Counts;
  /** False when the calls count more of it than the totals do. */
  readonly isWhole: boolean;
}

/** What a model has of the totals, since those before, beyond the calls. */
export function restsOf(totals: ByModel, before: ByModel, called: ByModel): Rest[] {
  const rests: Rest[] = [];
  for (const [key, { model, counts }] of totals) {
    const rest = { ...counts };
    subtract(rest, before.get(key)?.counts);
    const own = called.get(key);
    subtract(rest, own?.counts);
    settleLifetimes(rest);
    const isWhole = BUCKETS.every((bucket) => rest[bucket] >= 0);
    for (const bucket of BUCKETS) rest[bucket] = Math.max(0, rest[bucket]);
    if (!isWhole || BUCKETS.some((bucket) => rest[bucket] > 0))
      rests.push({ model: own?.model ?? model, counts: rest, isWhole });
  }
  return rests;
}

/** Whether the totals go on from those before: a process that began again counts from nothing. */
export function goesOn(totals: ByModel, before: ByModel): boolean {
  for (const [key, { counts }] of before) {
    const now = totals.get(key)?.counts;
    if (now === undefined || BUCKETS.some((bucket) => now[bucket] < counts[bucket])) return false;
  }
  return true;
}

/** Adds a call by the model of each of its steps. */
export function addCall(called: ByModel, call: AgentCall): void {
  const { reading } = call.answer;
  if ('error' in reading) return;
  const models = { model: call.model, requestedModel: call.answer.requestedModel };
  for (const part of reading.parts) {
    const { input, cacheRead, cacheWrite5m, cacheWrite1h, output } = part;
    addToCounts(called, modelOfStep(part, models), {
      ...NO_USAGE,
      input,
      cacheRead,
      cacheWrite5m,
      cacheWrite1h,
      output,
    });
  }
  addToCounts(called, call.model, { ...NO_USAGE, webSearches: reading.usage.webSearches });
}

/** Writes the row of a rest; gives its cost, where it has one. */
export function recordRest(
  telemetry: Telemetry,
  run: Run,
  { model, counts }: Pick<Rest, 'model' | 'counts'>,
  isLeft: boolean,
  overrides: PriceOverrides | undefined,
): number | undefined {
  return guard('record remainder', () => {
    const atMs = Date.now();
    const estimated = estimate(NOT_IN_MESSAGES, counts, model, atMs, NOT_IN_MESSAGES, overrides);
    const fields: Fields = {
      ...run.fields(),
      'tallyspan.source': REMAINDER_SOURCE,
      ...estimated,
      ...(isLeft && { 'tallyspan.cost.status': 'partial', 'tallyspan.cost.reason': LEFT_EARLY }),
    };
    const span = telemetry.tracer.startSpan(
      `${NOT_IN_MESSAGES} ${model}`,
      { kind: SpanKind.INTERNAL, startTime: atMs, attributes: attributesOf(fields) },
      run.contextOf(ROOT_CONTEXT),
    );
    span.end(atMs);
    telemetry.events.emit('agent.model_call', atMs, span.spanContext(), {
      ...fields,
      parent_span_id: parentSpanId(span),
    });
    run.tokensIn += inputTotal({
      ...counts,
      cacheWrite5m: counts.cacheWrite5m + counts.cacheWriteUnknown,
    });
    run.tokensOut += counts.output;
    run.costNanoUsd += estimated.cost_nano_usd ?? 0;
    return estimated.cost_nano_usd;
  });
}

/** Totals by model, as a result has them. */
export function totalsOf(modelUsage: Readonly<Record<string, unknown>>): ByModel {
  return countsByModel(modelUsage);
}

// Limit events: each refusal and each warning is one event of the run whose request it was.

import type { LimitStanding } from '../../core/limits/account.ts';
import type { LimitScope } from '../../core/limits/limit.ts';
import type { Loop } from '../../core/limits/loop-watch.ts';
import type { Fields } from '../record/event-log.ts';
import type { RequestFacts } from '../record/request-facts.ts';
import type { Run } from '../record/run.ts';
import type { Telemetry } from '../record/telemetry.ts';

export type LimitAction = 'refused' | 'stopped' | 'shortened' | 'warned';

/** A limit without an account: a loop, a call without a price, a fault. */
export interface PlainLimit {
  readonly scope: LimitScope;
  readonly rule: string;
  readonly key: string;
  readonly loop?: Loop;
}

export function noteLimit(
  telemetry: Telemetry,
  { run, facts }: { readonly run: Run; readonly facts?: RequestFacts },
  action: LimitAction,
  limit: LimitStanding | PlainLimit,
  needed?: number,
): void {
  telemetry.events.emit('agent.limit', Date.now(), run.span.spanContext(), {
    ...run.fields(),
    'limit.action': action,
    'limit.scope': limit.scope,
    'limit.rule': limit.rule,
    'limit.key': limit.key,
    ...('unit' in limit ? standingFields(limit, needed) : loopFields(limit)),
    'gen_ai.request.model': facts?.model,
    'agent.step_number': run.turns === 0 ? undefined : run.turns,
  });
  run.span.addEvent(`agent.limit ${action} ${limit.scope}`);
}

function standingFields(standing: LimitStanding, needed: number | undefined): Fields {
  const { unit, limit, spent, reserved } = standing;
  const tool = standing.scope === 'tool_run' ? standing.key : undefined;
  const usedRatio = limit > 0 ? (spent + reserved) / limit : 1;
  const shared: Fields = { 'limit.used_ratio': usedRatio, 'gen_ai.tool.name': tool };
  if (unit !== 'nanoUsd') return { ...shared, limit_count: limit, limit_spent_count: spent };
  return {
    ...shared,
    limit_nano_usd: limit,
    limit_spent_nano_usd: spent,
    limit_reserved_nano_usd: reserved,
    limit_needed_nano_usd: needed,
  };
}

function loopFields({ loop }: PlainLimit): Fields {
  if (loop === undefined) return {};
  return {
    'limit.input_hash': loop.inputHash,
    limit_spent_count: loop.count,
    'gen_ai.tool.name': loop.tool,
  };
}

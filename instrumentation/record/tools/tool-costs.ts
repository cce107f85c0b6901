// Tool costs: what one model call paid for carrying each tool: its shares. They stand in the event of the call, and are
// summed for rows that readers can add up without taking a list apart.

import type { OnFate } from '../../deliver/delivery.ts';
import type { ToolCost } from '../../../core/attribution/attribution.ts';
import { encodeShares } from '../../../core/attribution/cost-shares.ts';
import { toolCostFields } from '../../../core/pricing/cost-fields.ts';
import { guard } from '../../process/guard.ts';
import type { PaidCall, PaidModelCall } from '../paid-call.ts';
import type { Run } from '../run.ts';
import type { Telemetry } from '../telemetry.ts';

/** Hears what keeping each tool in the context of a call cost. */
export type ToolCostListener = (run: Run, tool: string, costNanoUsd: number, model: string) => void;

/** What a call paid for each tool. */
export interface CallShares {
  readonly shares: readonly ToolCost[];
  /** As its event has them; undefined where there are none, or too many: then each is an event of its own. */
  readonly encoded: readonly string[] | undefined;
}

/** Divides the cost of the call over what it carried. */
export function divideCall(
  call: PaidModelCall,
  paid: PaidCall,
  onToolCost: ToolCostListener | undefined,
): CallShares {
  return (
    guard('tool costs', () => {
      const { cost } = paid;
      const shares = call.run.ledger.charge({
        shape: paid.shape,
        usage: paid.reading.usage,
        cost: cost === undefined || cost.status === 'unpriced' ? undefined : cost.buckets,
        output: paid.output,
        applied: paid.applied,
      });
      if (onToolCost !== undefined)
        for (const { tool, costNanoUsd } of shares) onToolCost(call.run, tool, costNanoUsd, call.facts.model);
      return { shares, encoded: encodeShares(shares) };
    }) ?? { shares: [], encoded: undefined }
  );
}

/** Sums the shares that the event of the call holds; gives what is to be told what becomes of that event. */
export function sumShares(
  telemetry: Telemetry,
  call: PaidModelCall,
  paid: PaidCall,
  { shares, encoded }: CallShares,
): OnFate | undefined {
  if (encoded === undefined) return undefined;
  return guard('sum shares', () =>
    telemetry.costRows.add({
      atMs: paid.endMs,
      span: call.run.span.spanContext(),
      runId: call.run.id,
      fields: { ...call.run.fields(), 'gen_ai.response.model': call.answer.model ?? call.facts.model },
      shares,
    }),
  );
}

/** Writes what has to follow the event of the call: its shares, where that event could not hold them, or those of a run that is over. */
export function writeShares(
  telemetry: Telemetry,
  call: PaidModelCall,
  paid: PaidCall,
  { shares, encoded }: CallShares,
): void {
  guard('write shares', () => {
    if (encoded !== undefined) {
      if (call.run.isEnded) telemetry.costRows.writeRun(call.run.id);
      return;
    }
    for (const share of shares)
      telemetry.events.emit('agent.tool_cost', paid.endMs, paid.spanContext, {
        ...call.run.fields(),
        ...toolCostFields(share),
        'gen_ai.response.model': call.answer.model ?? call.facts.model,
        'agent.step_number': call.step,
      });
  });
}

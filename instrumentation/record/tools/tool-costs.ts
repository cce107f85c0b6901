// Tool costs: what one model call paid for carrying each tool, as events of their own.

import { toolCostFields } from '../../../core/pricing/cost-fields.ts';
import { noteCompaction } from '../compaction.ts';
import { guard } from '../../process/guard.ts';
import type { PaidCall, PaidModelCall } from '../paid-call.ts';
import type { Run } from '../run.ts';
import type { Telemetry } from '../telemetry.ts';

/** Hears what keeping each tool in the context of a call cost. */
export type ToolCostListener = (run: Run, tool: string, costNanoUsd: number, model: string) => void;

/** Divides the cost of the call over what it carried and writes one event for each share. */
export function recordToolCosts(
  telemetry: Telemetry,
  call: PaidModelCall,
  paid: PaidCall,
  onToolCost?: ToolCostListener,
): void {
  guard('compaction', () => {
    noteCompaction(telemetry, call, paid);
  });
  guard('tool costs', () => {
    const { cost } = paid;
    const rows = call.run.ledger.charge({
      shape: paid.shape,
      usage: paid.reading.usage,
      cost: cost === undefined || cost.status === 'unpriced' ? undefined : cost.buckets,
      output: paid.output,
    });
    for (const row of rows) {
      if (row.costNanoUsd !== undefined) onToolCost?.(call.run, row.tool, row.costNanoUsd, call.facts.model);
      telemetry.events.emit('agent.tool_cost', paid.endMs, paid.spanContext, {
        ...call.run.fields(),
        ...toolCostFields(row),
        'gen_ai.response.model': call.answer.model ?? call.facts.model,
        'agent.step_number': call.step,
      });
    }
  });
}

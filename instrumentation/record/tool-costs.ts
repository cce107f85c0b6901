// Tool costs: what one model call paid for carrying each tool, as events of their own.

import type { SpanContext } from '@opentelemetry/api';
import type { BlockShape } from '../../core/attribution/block-shape.ts';
import type { CallCost } from '../../core/pricing/cost.ts';
import { toolCostFields } from '../../core/pricing/cost-fields.ts';
import type { RequestShape } from '../../core/attribution/request-shape.ts';
import type { UsageReading } from '../../core/pricing/usage.ts';
import { noteCompaction } from './compaction.ts';
import { guard } from '../process/guard.ts';
import type { ModelCall } from './model-call.ts';
import type { Telemetry } from './telemetry.ts';

export interface PaidCall {
  readonly shape: RequestShape;
  readonly reading: UsageReading;
  readonly cost: CallCost | undefined;
  readonly output: readonly BlockShape[];
  readonly spanContext: SpanContext;
  readonly endMs: number;
}

/** Divides the cost of the call over what it carried and writes one event for each share. */
export function recordToolCosts(telemetry: Telemetry, call: ModelCall, paid: PaidCall): void {
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
      if (telemetry.onToolCost !== undefined && row.costNanoUsd !== undefined)
        telemetry.onToolCost(call.run, row.tool, row.costNanoUsd, call.facts.model);
      telemetry.events.emit('agent.tool_cost', paid.endMs, paid.spanContext, {
        ...call.run.fields(),
        ...toolCostFields(row),
        'gen_ai.response.model': call.answer.model ?? call.facts.model,
        'agent.step_number': call.step,
      });
    }
  });
}

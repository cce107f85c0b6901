// Compaction by the server: the answer's usage has a step for it. It rewrites the history, so the cache
// is rewritten and earlier blocks are no longer carried: worth a mark on the run.

import type { Telemetry } from './telemetry.ts';
import type { PaidCall, PaidModelCall } from './paid-call.ts';

/** Writes a note when the call compacted its history. */
export function noteCompaction(telemetry: Telemetry, call: PaidModelCall, paid: PaidCall): void {
  if (!paid.reading.parts.some((part) => part.kind === 'compaction')) return;
  telemetry.events.emit('agent.note', paid.endMs, paid.spanContext, {
    ...call.run.fields(),
    'agent.note.kind': 'compaction',
    'agent.step_number': call.step,
  });
}

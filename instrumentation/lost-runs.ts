// Lost runs: runs of an earlier process of the service that was killed; they get their closing event here,
// stamped with the last time that anything of them was seen.
import type { LostRun } from './journal.ts';
import type { Telemetry } from './telemetry.ts';

export function closeLostRuns(telemetry: Telemetry, lost: readonly LostRun[]): void {
  for (const run of lost) {
    const { started } = run;
    const { trace_id: traceId, span_id: spanId } = started;
    if (traceId === undefined || spanId === undefined) continue;
    telemetry.events.emit(
      'agent.run',
      run.lastSeenMs,
      { traceId, spanId, traceFlags: 1 },
      {
        parent_span_id: started.parent_span_id,
        'agent.run_id': started['agent.run_id'],
        'agent.parent_run_id': started['agent.parent_run_id'],
        'gen_ai.conversation.id': started['gen_ai.conversation.id'],
        'user.id': started['user.id'],
        'agent.task_type': started['agent.task_type'],
        'gen_ai.agent.name': started['gen_ai.agent.name'],
        'agent.version': started['agent.version'],
        'agent.status': 'lost',
        duration_ms: Math.max(0, run.lastSeenMs - started.timestamp),
        'agent.turns': run.turns,
        'agent.tool_calls': run.toolCalls,
        'agent.tokens_in': run.tokensIn,
        'agent.tokens_out': run.tokensOut,
        'agent.cost_nano_usd': run.costNanoUsd,
        'agent.tags': started['agent.tags'],
        'agent.user_input_len': started['agent.user_input_len'],
        'agent.inferred': started['agent.inferred'],
      },
    );
  }
}

// Lost runs: runs of an earlier process of the service that was killed; they get their closing event here,
// stamped with the last time that anything of them was seen. It is told in the name of that process, after its
// last event, so that what the process had not sent is a gap in its numbers.

import { randomBytes } from 'node:crypto';
import type { EventLog } from './event-log.ts';
import type { LostProcess } from './journal.ts';

/** @param logOf the log in which the events of a lost process go on */
export function closeLostRuns(lost: readonly LostProcess[], logOf: (process: LostProcess) => EventLog): void {
  for (const process of lost) closeProcess(process, logOf(process));
}

function closeProcess({ runs }: LostProcess, events: EventLog): void {
  // Without a run to close, its end itself is what comes after its last event.
  if (runs.length === 0) {
    const ids = { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') };
    events.emit('agent.note', Date.now(), { ...ids, traceFlags: 0 }, { 'agent.note.kind': 'process_lost' });
  }
  for (const run of runs) {
    const { started } = run;
    const { trace_id: traceId, span_id: spanId } = started;
    if (traceId === undefined || spanId === undefined) continue;
    events.emit(
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

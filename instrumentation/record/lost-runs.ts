// Lost runs: runs of an earlier process of the service that was killed; they get their closing event here,
// stamped with the last time that anything of them was seen. It is written in the name of that process, after its
// last event, so that what the process had not sent is a gap in its numbers.

import { randomBytes } from 'node:crypto';
import { isCostUnknown } from '../../core/pricing/unknown-cost.ts';
import { writeOpenRows } from './tools/cost-rows.ts';
import type { EventLog } from './event-log.ts';
import type { Journal, LostProcess } from './journal.ts';

/** The log in which the events of an earlier process of the service go on. */
type LogOfEarlier = (
  instanceId: string,
  earlier: { readonly processId: string | undefined; readonly sequence: number },
) => EventLog;

export class LostRuns {
  readonly #journal: Journal;
  readonly #events: EventLog;
  readonly #logOfEarlier: LogOfEarlier;
  #isClosed = false;

  constructor(journal: Journal, events: EventLog, logOfEarlier: LogOfEarlier) {
    this.#journal = journal;
    this.#events = events;
    this.#logOfEarlier = logOfEarlier;
  }

  /** Closes the runs of processes of the service that were killed, once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const lost of this.#journal.takeLost()) this.#close(lost);
  }

  /** Closes the runs of a thread that has ended, where it was terminated. */
  closeThread(journal: string): void {
    const lost = this.#journal.takeThread(journal);
    // What it had recorded is delivered: without anything open nothing is missing.
    if (lost !== undefined && lost.runs.length + (lost.rows?.length ?? 0) > 0) this.#close(lost);
  }

  #close(lost: LostProcess): void {
    const { instanceId, processId, sequence } = lost;
    const isNamed = instanceId !== undefined;
    closeProcess(lost, isNamed ? this.#logOfEarlier(instanceId, { processId, sequence }) : this.#events);
  }
}

function closeProcess({ runs, rows = [] }: LostProcess, events: EventLog): void {
  for (const open of rows) writeOpenRows(events, open);
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
        'agent.cost_nano_usd': isCostUnknown(run) ? undefined : run.costNanoUsd,
        'agent.tags': started['agent.tags'],
        'agent.user_input_len': started['agent.user_input_len'],
        'agent.inferred': started['agent.inferred'],
      },
    );
  }
}

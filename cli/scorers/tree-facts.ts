// The facts of a stored run, from its tree.

import { decodeEvent, type EventRecord } from '../../core/event.ts';
import { SILENT_FAILURE_NOTE } from '../../core/attribution/silent-failures.ts';
import { factsOfRuns, type RunFacts } from '../../core/scores/run-facts.ts';
import type { RunTree } from '../../server/source.ts';

/** Undefined of a tree that names no run. */
export function factsOfTree(tree: RunTree): RunFacts | undefined {
  const { steps, silent_failures: silent, children: _children, scores: _scores, ...summary } = tree;
  const id = { 'agent.run_id': tree['agent.run_id'] };
  const begun = { ...summary, ...id, 'event.name': 'agent.run.started', timestamp: tree.started_at };
  const ended = { ...summary, ...id, 'event.name': 'agent.run', timestamp: tree.ended_at };
  const records = [
    begun,
    ...(tree.ended_at === null ? [] : [ended]),
    ...steps
      .flatMap(({ tool_costs: costs, ...step }) => [step, ...(costs ?? [])])
      .map((event) => ({ ...event, ...id })),
    ...silent.map(({ kind, at }) => ({
      ...id,
      'event.name': 'agent.note',
      timestamp: at,
      'agent.note.kind': SILENT_FAILURE_NOTE,
      'agent.note.subject': kind,
    })),
  ];
  const names = { model_call: 'agent.model_call', tool_call: 'agent.tool_call', note: 'agent.note' } as const;
  const events = records.flatMap((record): EventRecord[] => {
    const {
      step,
      timestamp,
      ended_at: end,
    } = record as { step?: keyof typeof names; timestamp?: string; ended_at?: string };
    const named = step === undefined ? {} : { 'event.name': names[step] };
    const isCost = step === undefined && !('event.name' in record);
    const event = decodeEvent(
      JSON.stringify({
        ...record,
        ...named,
        ...(isCost ? { 'event.name': 'agent.tool_cost' } : {}),
        timestamp: timestamp ?? end ?? tree.started_at,
      }),
    );
    return event === undefined ? [] : [event];
  });
  return factsOfRuns(events)[0];
}

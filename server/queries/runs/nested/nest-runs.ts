// Turns: the runs of a list that no other run of it started, in order, each with its nested runs: those that it
// started, and those that they started in turn.

import { compareText } from '../../../../core/text/text-order.ts';
import { groupBy } from '../../../../core/group-by.ts';

/** What says of a run where it belongs. */
export interface NestableRun {
  readonly 'agent.run_id': string;
  readonly 'agent.parent_run_id': string | null;
  /** ISO 8601 UTC. */
  readonly started_at: string;
}

export interface NestedRun<Run> {
  readonly run: Run;
  /** 1 for a run that the turn itself started, 2 for one that such a run started. */
  readonly depth: number;
}

export interface Turn<Run> {
  readonly run: Run;
  /** Each after the run that started it, in order. */
  readonly nested: readonly NestedRun<Run>[];
}

/** The turns of the runs, which have different ids; every run stands in one turn, once. */
export function nestRuns<Run extends NestableRun>(runs: readonly Run[]): Turn<Run>[] {
  const ordered = runs.toSorted((a, b) => compareText(a.started_at, b.started_at));
  const ids = new Set(ordered.map((run) => run['agent.run_id']));
  const byParent = groupBy(ordered, (run) => run['agent.parent_run_id']);
  const placed = new Set<string>();

  function turnOf(run: Run): Turn<Run> {
    const nested: NestedRun<Run>[] = [];
    const below = [{ run, depth: 0 }];
    for (let next = below.pop(); next !== undefined; next = below.pop()) {
      const id = next.run['agent.run_id'];
      if (placed.has(id)) continue;
      placed.add(id);
      if (next.depth > 0) nested.push(next);
      const depth = next.depth + 1;
      below.push(...(byParent.get(id) ?? []).toReversed().map((child) => ({ run: child, depth })));
    }
    return { run, nested };
  }

  const isTop = ({ 'agent.parent_run_id': parent }: Run): boolean => parent === null || !ids.has(parent);
  const turns = ordered.filter(isTop).map(turnOf);
  // Runs that name each other as the one that started them: the first counts as the turn.
  for (const run of ordered) if (!placed.has(run['agent.run_id'])) turns.push(turnOf(run));
  return turns.sort((a, b) => compareText(a.run.started_at, b.run.started_at));
}

// Run ends: the starts and ends of runs among the rows of a group. There are few of them, and what the store
// knows of runs comes from them.

import { textsSql, type Queryable } from '../file/database.ts';
import type { Selection } from '../columns/event-appender.ts';
import type { EventBatch } from '../columns/event-batch.ts';

export interface RunEnd {
  readonly batch: EventBatch;
  readonly row: number;
  readonly name: 'agent.run.started' | 'agent.run';
  readonly run: string;
  /** Whether it says that the run was lost. */
  readonly isLoss: boolean;
}

export function findRunEnds(selections: readonly Selection[]): RunEnd[] {
  const ends: RunEnd[] = [];
  for (const { batch, rows } of selections)
    for (const row of rows) {
      const name = batch.name(row);
      if (name !== 'agent.run' && name !== 'agent.run.started') continue;
      const run = batch.text(row, 'agent.run_id');
      if (run === undefined) continue;
      const isLoss = name === 'agent.run' && batch.text(row, 'agent.status') === 'lost';
      ends.push({ batch, row, name, run, isLoss });
    }
  return ends;
}

/** Those of the runs that have an end in the store. */
export async function findEndedRuns(database: Queryable, runs: readonly string[]): Promise<Set<string>> {
  const rows = await database.all(
    `SELECT agent_run_id AS id FROM agent_run WHERE agent_run_id IN ${textsSql('$runs')}`,
    { runs: JSON.stringify(runs) },
  );
  return new Set(rows.map((row) => String(row['id'])));
}

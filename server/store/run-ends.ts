// Run ends: the starts and ends of runs among the rows of a group. There are few of them, and what the store
// knows of runs comes from them.

import type { Selection } from './event-appender.ts';
import { FIELD_INDEX, TEXT_SCALE, type EventBatch } from './event-batch.ts';

export interface RunEnd {
  readonly batch: EventBatch;
  readonly row: number;
  readonly name: 'agent.run.started' | 'agent.run';
  readonly run: string;
  /** Whether it says that the run was lost. */
  readonly isLoss: boolean;
}

const NAMES = ['agent.run.started', 'agent.run'] as const;

export function findRunEnds(selections: readonly Selection[]): RunEnd[] {
  return selections.flatMap(({ batch, rows }) => {
    const cells = batch.column(FIELD_INDEX['event.name']);
    if (cells === undefined) return [];
    return rows.flatMap((row) => {
      const length = (cells[row] as number) % TEXT_SCALE;
      const name = NAMES.find((wanted) => wanted.length === length && wanted === batch.name(row));
      const run = name === undefined ? undefined : batch.text(row, 'agent.run_id');
      if (name === undefined || run === undefined) return [];
      const isLoss = name === 'agent.run' && batch.text(row, 'agent.status') === 'lost';
      return [{ batch, row, name, run, isLoss }];
    });
  });
}

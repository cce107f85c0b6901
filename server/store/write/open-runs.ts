// Open runs: those that have begun and not ended, held so that the list of runs need not look for them. The end of
// a run may have come before its start: a start that came is looked up once, when somebody asks.

import { NewestMap } from '../../../core/newest-map.ts';
import type { Queryable } from '../file/database.ts';
import { findEndedRuns, type RunEnd } from './run-ends.ts';

const RUNS_HELD = 20_000;

export class OpenRuns {
  /** When each came, Unix milliseconds; 0 for those of an earlier process. */
  readonly #runs = new NewestMap<string, number>();
  /** Of these, those of which the table was not asked whether they have ended. */
  readonly #unchecked = new Set<string>();

  static async load(database: Queryable): Promise<OpenRuns> {
    const open = new OpenRuns();
    const rows = await database.all(
      `SELECT DISTINCT agent_run_id AS id FROM agent_run_started WHERE tallyspan_duplicate IS NOT TRUE
       EXCEPT SELECT agent_run_id FROM agent_run LIMIT ${RUNS_HELD}`,
    );
    for (const row of rows) open.#runs.set(String(row['id']), 0);
    return open;
  }

  /** Takes in what was committed. */
  note(ends: readonly RunEnd[], nowMs: number): void {
    for (const { run, name } of ends) {
      if (name !== 'agent.run.started') continue;
      this.#runs.set(run, nowMs);
      this.#unchecked.add(run);
    }
    for (const { run, name } of ends) if (name === 'agent.run') this.#drop(run);
    while (this.#runs.size > RUNS_HELD) this.#unchecked.delete(this.#runs.dropOldest()[0]);
  }

  #drop(run: string): void {
    this.#runs.delete(run);
    this.#unchecked.delete(run);
  }

  async list(database: Queryable): Promise<readonly string[]> {
    const unchecked = [...this.#unchecked];
    if (unchecked.length > 0) {
      const ended = await findEndedRuns(database, unchecked);
      for (const run of unchecked) this.#unchecked.delete(run);
      for (const run of ended) this.#drop(run);
    }
    return [...this.#runs.keys()];
  }

  /** When the start of the run came, Unix milliseconds; 0 when that is not known. */
  arrivedAt(run: string): number {
    return this.#runs.get(run) ?? 0;
  }
}

// Open runs: those that have begun and not ended, held so that the list of runs need not look for them.
// It may hold a run that has ended (its start came late): whoever reads it asks the table again.

import type { Queryable } from './database.ts';
import type { RunEnd } from './run-ends.ts';

const RUNS_HELD = 20_000;

export class OpenRuns {
  /** When each came, Unix milliseconds; 0 for those of an earlier process. */
  readonly #runs = new Map<string, number>();

  static async load(database: Queryable): Promise<OpenRuns> {
    const open = new OpenRuns();
    const rows = await database.all(
      `SELECT DISTINCT agent_run_id AS id FROM events WHERE event_name = 'agent.run.started'
       EXCEPT SELECT agent_run_id FROM events WHERE event_name = 'agent.run' LIMIT ${RUNS_HELD}`,
    );
    for (const row of rows) open.#runs.set(String(row['id']), 0);
    return open;
  }

  /** Takes in what was committed. */
  note(ends: readonly RunEnd[], nowMs: number): void {
    for (const { run, name } of ends) if (name === 'agent.run.started') this.#runs.set(run, nowMs);
    for (const { run, name } of ends) if (name === 'agent.run') this.#runs.delete(run);
    while (this.#runs.size > RUNS_HELD) {
      const [oldest] = this.#runs.keys();
      this.#runs.delete(oldest as string);
    }
  }

  list(): readonly string[] {
    return [...this.#runs.keys()];
  }

  /** When the start of the run came, Unix milliseconds; 0 when that is not known. */
  arrivedAt(run: string): number {
    return this.#runs.get(run) ?? 0;
  }
}

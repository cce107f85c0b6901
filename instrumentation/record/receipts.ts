// Receipts: with TALLYSPAN_RECEIPT=1 one line on stderr at the end of each run.

import type { EventRecord } from '../../core/event.ts';
import { NewestMap } from '../../core/newest-map.ts';
import { receiptText } from '../../core/scores/receipt.ts';
import { factsOfRuns } from '../../core/scores/run-facts.ts';
import { print } from '../process/diagnostics.ts';

/** Runs that go on at once, and events of each, whose receipts are whole. */
const RUNS_LIMIT = 1_000;
const EVENTS_LIMIT = 5_000;

export class Receipts {
  readonly #byRun = new NewestMap<string, EventRecord[]>();

  take(event: EventRecord): void {
    const id = event['agent.run_id'];
    if (id === undefined) return;
    const events = this.#byRun.get(id) ?? [];
    if (event['event.name'] === 'agent.run') {
      this.#byRun.delete(id);
      const [facts] = factsOfRuns([...events, event]);
      if (facts !== undefined) print(receiptText(facts));
      return;
    }
    if (events.length < EVENTS_LIMIT) events.push(event);
    this.#byRun.set(id, events);
    while (this.#byRun.size > RUNS_LIMIT) this.#byRun.dropOldest();
  }
}

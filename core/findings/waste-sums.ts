// Waste sums: spots added up by what they are about, as they come: what the fix is worth, the runs, and the days on which
// it was seen. Of a spot itself nothing is kept.

import type { Spot, WasteKind } from './find-waste.ts';
import { dayBefore } from './finding-state.ts';

export interface WasteSum {
  readonly kind: WasteKind;
  readonly agent: string;
  readonly subject: string;
  /** With what the fix would cost more elsewhere. */
  nanoUsd: number;
  /** Calls whose fix recovers something. */
  calls: number;
  /** Of those calls: when the last one was, and what each run would recover. */
  lastMs: number;
  readonly runs: Map<string, number>;
  /** Days before the end of the week. */
  readonly days: Set<number>;
}

export class WasteSums {
  readonly #sums = new Map<string, WasteSum>();
  readonly #toMs: number;

  constructor(toMs: number) {
    this.#toMs = toMs;
  }

  add({ kind, agent, subject, atMs, runId, nanoUsd }: Spot): void {
    const key = JSON.stringify([kind, agent, subject]);
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      sum = { kind, agent, subject, nanoUsd: 0, calls: 0, lastMs: 0, runs: new Map(), days: new Set() };
      this.#sums.set(key, sum);
    }
    sum.nanoUsd += nanoUsd;
    if (nanoUsd <= 0) return;
    sum.calls += 1;
    sum.lastMs = Math.max(sum.lastMs, atMs);
    sum.runs.set(runId, (sum.runs.get(runId) ?? 0) + nanoUsd);
    sum.days.add(dayBefore(atMs, this.#toMs));
  }

  get all(): readonly WasteSum[] {
    return [...this.#sums.values()];
  }
}

// Collected: what nobody can read any more is over, and nothing else would report it.

import { guard } from '../process/guard.ts';
import type { Outcome } from './outcome.ts';

const registry = new FinalizationRegistry<Outcome>((outcome) => {
  guard('collected', () => {
    outcome.left();
  });
});

/** The outcome now hangs on this object: what it hung on before may go. */
export function leaveWhenCollected(reader: object, outcome: Outcome): void {
  registry.unregister(outcome);
  registry.register(reader, outcome, outcome);
}

/** The outcome hangs on nothing that could be collected before it is reported. */
export function keepWaiting(outcome: Outcome): void {
  registry.unregister(outcome);
}

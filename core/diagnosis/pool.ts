// The pool: the atoms of a difference that no cause has taken yet. Each atom is taken at most once,
// so causes and what is left always sum to the difference.

import type { Atom, AtomLabel } from './split.ts';

export class AtomPool {
  #left: Atom[];

  constructor(atoms: readonly Atom[]) {
    this.#left = [...atoms];
  }

  /** What matching atoms sum to, without taking them. */
  peek(matches: (label: AtomLabel) => boolean): number {
    let sum = 0;
    for (const { label, nanoUsd } of this.#left) if (matches(label)) sum += nanoUsd;
    return sum;
  }

  take(matches: (label: AtomLabel) => boolean): number {
    const sum = this.peek(matches);
    this.#left = this.#left.filter(({ label }) => !matches(label));
    return sum;
  }

  /** Distinct values of a label among what is left. */
  valuesOf(read: (label: AtomLabel) => string | undefined): Set<string> {
    const values = new Set<string>();
    for (const { label } of this.#left) {
      const value = read(label);
      if (value !== undefined) values.add(value);
    }
    return values;
  }
}

// A lean context: a Context of OpenTelemetry whose methods stand on its prototype. Each context of the API carries three
// closures of its own; V8 allocates a function that is assigned to a property among the old objects, so that such a context,
// and the call and span in it, stay until a full collection. Contexts made from a lean one are lean.

import type { Context } from '@opentelemetry/api';

class LeanContext implements Context {
  readonly #base: Context;
  /** Set here, or deleted where the value is `undefined`; each key once. */
  readonly #keys: readonly symbol[];
  readonly #values: readonly unknown[];

  constructor(base: Context, keys: readonly symbol[], values: readonly unknown[]) {
    this.#base = base;
    this.#keys = keys;
    this.#values = values;
  }

  getValue(key: symbol): unknown {
    const at = this.#keys.indexOf(key);
    return at === -1 ? this.#base.getValue(key) : this.#values[at];
  }

  setValue(key: symbol, value: unknown): Context {
    const at = this.#keys.indexOf(key);
    if (at === -1) return new LeanContext(this.#base, [...this.#keys, key], [...this.#values, value]);
    return new LeanContext(this.#base, this.#keys, this.#values.with(at, value));
  }

  deleteValue(key: symbol): Context {
    return this.getValue(key) === undefined ? this : this.setValue(key, undefined);
  }
}

/** The context with the same values; contexts made from it are as light. */
export function leanContext(context: Context): Context {
  return context instanceof LeanContext ? context : new LeanContext(context, [], []);
}

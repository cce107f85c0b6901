// A code limit: what the program itself allows some work to take, with `limit()` or `run({ limit })`.

import { NANO_USD_PER_USD } from '../../core/money.ts';

/** What some work may take. What is left out is not limited. */
export interface LimitOptions {
  /** Dollars. */
  readonly usd?: number | undefined;
  /** Input and output tokens, cache included. */
  readonly tokens?: number | undefined;
  /** Model calls, nested ones included. */
  readonly turns?: number | undefined;
  /** `stop`: turns that repeat five times end the work. */
  readonly loop?: 'stop' | undefined;
  /** Called once, when four fifths of an amount are used. */
  readonly onWarning?: ((warning: LimitWarning) => void) | undefined;
}

/** Most of a limit is used. Amounts are in `unit`. */
export interface LimitWarning {
  readonly scope: string;
  readonly rule: string;
  readonly key: string;
  readonly unit: 'usd' | 'tokens' | 'turns';
  readonly limit: number;
  readonly spent: number;
  readonly reserved: number;
}

export interface CodeLimit {
  readonly nanoUsd: number | undefined;
  readonly tokens: number | undefined;
  readonly turns: number | undefined;
  readonly loop: 'stop' | undefined;
  readonly onWarning: ((warning: LimitWarning) => void) | undefined;
}

const KEYS: readonly string[] = ['usd', 'tokens', 'turns', 'loop', 'onWarning'];

/** @throws RangeError where something of it is not understood: a limit that is none would be mistaken for one */
export function checkLimit(options: LimitOptions): void {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new RangeError(
      `limit: ${given === null ? 'null' : Array.isArray(given) ? 'a list' : given === undefined ? 'nothing' : `a ${typeof given}`} was given; give an object such as { usd: 0.5, turns: 20 }`,
    );
  const unknown = Object.keys(given).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new RangeError(`limit: ${unknown} is not one of ${KEYS.join(', ')}`);
  const { loop } = given as { readonly loop?: unknown };
  if (loop !== undefined && loop !== 'stop')
    throw new RangeError(`limit: loop is 'stop', or left out: loops are always reported`);
  for (const name of ['usd', 'tokens', 'turns'] as const) {
    const value: unknown = options[name];
    if (value === undefined || (typeof value === 'number' && value >= 0)) continue;
    throw new RangeError(
      `limit: ${name} is ${typeof value === 'number' ? value : `a ${typeof value}`}; give a number of 0 or more, or leave it out`,
    );
  }
}

export function codeLimitOf(options: LimitOptions): CodeLimit {
  const { usd, tokens, turns, loop, onWarning } = options;
  const nanoUsd = usd === undefined ? undefined : Math.round(usd * NANO_USD_PER_USD);
  return { nanoUsd, tokens, turns, loop, onWarning: typeof onWarning === 'function' ? onWarning : undefined };
}

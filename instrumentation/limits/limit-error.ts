// The error of a request that a limit refused, or of a stream that it ended. It reaches the program the way an error of
// the API does: the promise or the stream rejects with it. It is an APIError of the copy of the SDK that was called, with
// the status of the API's own errors about payment: what has none is often taken for a lost connection and tried again.

import { formatCost, formatCount } from '../../core/text/format.ts';
import type { LimitScope, LimitUnit } from '../../core/limits/limit.ts';
import { asJson } from '../../core/model-call/json.ts';
import { usdOf } from '../../core/money.ts';
import { guard } from '../process/guard.ts';

/** What was refused and why. Amounts are in `unit`. */
export interface LimitFacts {
  readonly scope: LimitScope;
  /** Where the limit was set: the name of a setting, an entry of limits.json, or `code`. */
  readonly rule: string;
  /** Whose limit it is: a run, session, user, agent, process or tool. */
  readonly key: string;
  readonly unit: 'usd' | 'tokens' | 'turns' | 'repetitions';
  readonly limit: number;
  /** Used by requests that are over, of all processes that share the limit. */
  readonly spent: number;
  /** Held by other requests under way, and by other processes. */
  readonly reserved: number;
  /** What this request would have taken at worst, or what its answer had taken when it was stopped. */
  readonly needed: number;
  /** Whether an answer was ended on its way; else the request never left. */
  readonly isStopped?: true;
  readonly model: string;
  /** What to do about it. */
  readonly hint: string;
}

const BRAND: unique symbol = Symbol.for('tallyspan.limit_exceeded');
const NAME = 'LimitExceededError';
/** As `error.type` in events. */
export const LIMIT_ERROR_TYPE = 'limit_exceeded';
/** Payment required: nobody tries again after it. */
export const LIMIT_STATUS = 402;

export class LimitExceededError extends Error implements LimitFacts {
  declare readonly scope: LimitScope;
  declare readonly rule: string;
  declare readonly key: string;
  declare readonly unit: LimitFacts['unit'];
  declare readonly limit: number;
  declare readonly spent: number;
  declare readonly reserved: number;
  declare readonly needed: number;
  declare readonly isStopped?: true;
  declare readonly model: string;
  declare readonly hint: string;
  declare readonly status: typeof LIMIT_STATUS;

  constructor(facts: LimitFacts) {
    super(describeRefusal(facts));
    brand(this, facts);
  }

  /** Also true of the errors that are made from a class of the SDK, by us or by a copy that got a refusal as an answer. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    return BRAND in value || asJson(asJson(asJson(value)['error'])['error'])['type'] === LIMIT_ERROR_TYPE;
  }
}

/** What an error of ours was made of. */
export function refusalOf(error: Error): LimitFacts | undefined {
  return (error as { readonly [BRAND]?: LimitFacts })[BRAND];
}

type ErrorClass = new (status: undefined, body: undefined, message: string, headers: undefined) => Error;

/** The error as the client's own copy of the SDK would throw it; a plain one where the copy has no such class. */
export function limitErrorFor(client: object | undefined, facts: LimitFacts): LimitExceededError {
  return guard('error of the SDK', () => fromSdk(client, facts)) ?? new LimitExceededError(facts);
}

function fromSdk(client: object | undefined, facts: LimitFacts): LimitExceededError | undefined {
  const { APIError } = (client?.constructor ?? {}) as { readonly APIError?: ErrorClass };
  if (typeof APIError !== 'function') return undefined;
  const error = new APIError(undefined, undefined, describeRefusal(facts), undefined);
  return brand(error, facts) as LimitExceededError;
}

function brand(error: Error, facts: LimitFacts): Error {
  Object.defineProperty(error, BRAND, { value: facts });
  for (const [key, value] of Object.entries(facts))
    Object.defineProperty(error, key, { value: value as unknown, enumerable: true, configurable: true });
  Object.defineProperty(error, 'name', { value: NAME, configurable: true, writable: true });
  for (const [key, value] of Object.entries({ type: LIMIT_ERROR_TYPE, status: LIMIT_STATUS }))
    Object.defineProperty(error, key, { value, enumerable: true, configurable: true, writable: true });
  return error;
}

/** The scope as people read it. */
export const SCOPE_NAMES: Readonly<Record<LimitScope, string>> = {
  run: 'of the run',
  session: 'of the session',
  user_day: 'of the user today',
  agent_day: 'of the agent today',
  process_day: 'of this process today',
  tool_run: 'of one tool in the run',
  turns: 'of turns in the run',
  tokens_run: 'of tokens in the run',
  code: 'set in code',
  loop: 'on repeating turns',
  unpriced: 'on calls without a price',
  fault: 'that could not be checked',
};

export function amountText(amount: number, unit: LimitFacts['unit']): string {
  if (unit === 'usd') return formatCost(Math.round(amount * 1e9));
  return `${formatCount(amount)} ${amount === 1 ? unit.slice(0, -1) : unit}`;
}

function describeRefusal(facts: LimitFacts): string {
  const { scope, unit, spent, reserved, needed, limit, model, hint, isStopped } = facts;
  const request =
    isStopped === true ? `this answer of ${model} has taken` : `this request to ${model} needs up to`;
  if (scope === 'loop' || scope === 'unpriced' || scope === 'fault') return hint;
  const parts = [
    `limit ${SCOPE_NAMES[scope]} reached: ${amountText(limit, unit)}, ${amountText(spent, unit)} spent`,
    ...(reserved > 0 ? [`${amountText(reserved, unit)} reserved by what else is under way`] : []),
    `${request} ${amountText(needed, unit)}`,
  ];
  return `${parts.join(', ')} (${facts.rule}, ${facts.key}). ${hint}`;
}

/** An amount of an account as the error says it. */
export function amountIn(unit: LimitUnit, amount: number): number {
  return unit === 'nanoUsd' ? usdOf(amount) : amount;
}

// An account: what one scope has spent and reserved of its limit. A reservation holds the worst price of a request in
// every account that it touches, from before it leaves until its usage is known. JavaScript runs one thing at a time:
// what looks and takes without waiting in between is atomic.
//
// The bound: spent never exceeds the limit by more than what requests turned out to cost beyond their reservations.

import type { LimitRule, LimitScope, LimitUnit } from './limit.ts';

/** What one request takes. */
export interface Amounts {
  readonly nanoUsd: number;
  readonly tokens: number;
  readonly turns: number;
}

export const NO_AMOUNTS: Amounts = { nanoUsd: 0, tokens: 0, turns: 0 };

export interface AccountStart {
  readonly scope: LimitScope;
  /** Who or what it is of: a run id, a user, a day. */
  readonly key: string;
  /** The rule that set it. */
  readonly rule: string;
  readonly unit: LimitUnit;
  readonly limit: number;
  /** The run that it is of, where it is of one: those in between end as its limit says. */
  readonly owner?: object | undefined;
}

/** How a limit stands, as its owner is told. */
export interface LimitStanding extends Omit<AccountStart, 'owner'> {
  /** Used by requests that are over, of all processes that share the limit. */
  readonly spent: number;
  /** Held by requests under way, and by other processes. */
  readonly reserved: number;
}

/** Share of a limit at which its owner is warned. */
export const WARN_RATIO = 0.8;

export class Account {
  readonly scope: LimitScope;
  readonly key: string;
  rule: string;
  readonly unit: LimitUnit;
  limit: number;
  readonly owner: object | undefined;
  /** Known usage of requests that are over. */
  spent = 0;
  /** Held by requests under way. */
  reserved = 0;
  /** What a server has granted this process of it, where one shares it out; it is looked at apart from the limit. */
  granted: number;
  /** What other processes had spent and held of it when the server was last asked. */
  othersSpent = 0;
  othersHeld = 0;
  isWarned = false;

  constructor({ scope, key, rule, unit, limit, owner }: AccountStart) {
    this.scope = scope;
    this.key = key;
    this.rule = rule;
    this.unit = unit;
    this.limit = limit;
    this.owner = owner;
    this.granted = limit;
  }

  /** Another rule sets the limit from now on, or the same one another amount: what was counted stays. */
  follow({ name, amount }: Pick<LimitRule, 'name' | 'amount'>): void {
    if (this.rule === name && this.limit === amount) return;
    this.rule = name;
    this.limit = amount;
    if (!this.isNearlyUsed) this.isWarned = false;
  }

  /** Whether the share at which to warn is spent, by all who share the limit. */
  get isNearlyUsed(): boolean {
    return this.spent + this.othersSpent >= this.limit * WARN_RATIO;
  }

  /** How it stands for a request that has itself reserved `own` of it. */
  standingBeside(own = 0): LimitStanding {
    const { scope, key, rule, unit, limit } = this;
    const spent = this.spent + this.othersSpent;
    const reserved = this.reserved - own + this.othersHeld;
    return { scope, key, rule, unit, limit, spent, reserved };
  }

  /** What may still be reserved here. */
  get left(): number {
    return this.limit - this.spent - this.reserved;
  }
}

/** Holds a request's worst price in all of its accounts, and gives it back for what was paid. */
export class Reservation {
  readonly accounts: readonly Account[];
  #held: Amounts;
  #isSettled = false;

  private constructor(accounts: readonly Account[], held: Amounts) {
    this.accounts = accounts;
    this.#held = held;
    for (const account of accounts) account.reserved += held[account.unit];
  }

  /** Reserves in all accounts or in none; gives the account that has too little left. */
  static make(accounts: readonly Account[], worst: Amounts): Reservation | Account {
    const short = accounts.find((account) => worst[account.unit] > account.left);
    return short ?? new Reservation(accounts, worst);
  }

  get held(): Amounts {
    return this.#held;
  }

  /** The request already costs more than was reserved: others must see it. Gives an account whose limit it passes. */
  grow(atLeast: Amounts): Account | undefined {
    if (this.#isSettled) return undefined;
    const held = {
      nanoUsd: Math.max(this.#held.nanoUsd, atLeast.nanoUsd),
      tokens: Math.max(this.#held.tokens, atLeast.tokens),
      turns: this.#held.turns,
    };
    for (const account of this.accounts) account.reserved += held[account.unit] - this.#held[account.unit];
    this.#held = held;
    return this.accounts.find((account) => account.spent + atLeast[account.unit] > account.limit);
  }

  /** The request is over; only the first call counts. */
  settle(paid: Amounts): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    for (const account of this.accounts) {
      account.reserved -= this.#held[account.unit];
      account.spent += paid[account.unit];
    }
  }
}

/** Accounts that have passed the share at which to warn, each once. */
export function takeWarnings(accounts: readonly Account[]): Account[] {
  return accounts.filter((account) => {
    if (account.isWarned || !account.isNearlyUsed || account.limit <= 0) return false;
    account.isWarned = true;
    return true;
  });
}

// The lease client: what this process may use of limits that a server shares out. It asks before a request that its
// grant does not cover, tells what was spent as it is spent, and renews what it holds while it is used.

import type { Account } from '../../core/limits/account.ts';
import { amountOf, LEASE_MS, sliceOf, type LeaseKey } from '../../core/limits/leases.ts';
import { limitDayOf } from '../../core/limits/limit.ts';
import type { LimitSettings } from '../../core/limits/limit-settings.ts';
import { guardAsync, guarded } from '../process/guard.ts';
import { sayOnce } from '../process/diagnostics.ts';
import { asJson, asList } from '../../core/model-call/json.ts';
import { setInterval, setImmediate } from '../process/timers.ts';
import { faultOf, postLeases } from './post-leases.ts';

/** A server that did not answer is not waited for again within this time. */
const AWAY_MS = 5_000;
const RENEW_MS = LEASE_MS / 3;
/** What was not used for so long is given back. */
const IDLE_MS = LEASE_MS;
const MOST_AT_ONCE = 500;
const DAY_MS = 86_400_000;

interface Held {
  readonly account: Account;
  readonly key: LeaseKey;
  expiresMs: number;
  usedMs: number;
  /** Spent when the server last heard of it. */
  toldNanoUsd: number;
  /** Beyond what was used when a grant was first missed, a slice or one request may be used without one. */
  ungrantedFromNanoUsd: number | undefined;
  /** The limit of which the server had less left than was asked for when it last answered; 0 where it had enough. */
  usedUpNanoUsd: number;
  /** The most that a request needed which could not be held back: such are asked for ahead. */
  neededNanoUsd: number;
  /** What is granted beyond what is used is given back at once, and not when the lease ends. */
  isGivenBack: boolean;
}

export class LeaseClient {
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #process: string;
  readonly #held = new Map<Account, Held>();
  #asking: Promise<void> | undefined;
  /** Begins when {@link #asking} has been answered; all who ask meanwhile wait for it. */
  #next: Promise<void> | undefined;
  #awayUntilMs = 0;
  /** What was wrong with its last answer. */
  #fault: string | undefined;
  readonly #withoutServer: LimitSettings['withoutServer'];
  #isTelling = false;
  #renews = false;

  constructor(
    url: string,
    token: string | undefined,
    processId: string,
    withoutServer: LimitSettings['withoutServer'] = 'allow',
  ) {
    this.#url = `${url}/api/limits/leases`;
    this.#token = token;
    this.#process = processId;
    this.#withoutServer = withoutServer;
  }

  get isAway(): boolean {
    return Date.now() < this.#awayUntilMs;
  }

  /** The account is shared: nothing of it may be used before the server grants it. */
  share(account: Account, key: LeaseKey): void {
    account.granted = 0;
    this.#held.set(account, {
      account,
      key,
      expiresMs: 0,
      usedMs: Date.now(),
      toldNanoUsd: 0,
      ungrantedFromNanoUsd: undefined,
      usedUpNanoUsd: 0,
      neededNanoUsd: 0,
      isGivenBack: false,
    });
    if (this.#renews) return;
    this.#renews = true;
    setInterval(
      guarded('renew leases', () => this.#renew()),
      RENEW_MS,
    ).unref();
  }

  isShared(account: Account): boolean {
    return this.#held.has(account);
  }

  /** Whether something is granted that nobody uses. */
  get holdsUnused(): boolean {
    return [...this.#held.keys()].some(({ granted, spent, reserved }) => granted > spent + reserved);
  }

  /** The process ends: others may use at once what it does not. */
  async giveBack(): Promise<void> {
    for (const held of this.#held.values()) {
      const { account } = held;
      const used = account.spent + account.reserved;
      if (account.granted <= used) continue;
      account.granted = used;
      held.usedMs = 0;
      held.isGivenBack = true;
    }
    await this.ask();
  }

  /** What to do where the server that shares the account out was missed, or has not said that nothing is left. */
  hintWhereUngranted(account: Account): string | undefined {
    const held = this.#held.get(account);
    if (held === undefined) return undefined;
    if (this.#fault === undefined)
      return account.limit > held.usedUpNanoUsd
        ? 'The server that shares this limit out has not granted so much yet, and this copy of the SDK cannot wait for it. Ask for less at once, or update the SDK.'
        : undefined;
    const fault = `The server that shares this limit out ${this.#fault} at ${this.#url}`;
    return this.#withoutServer === 'refuse'
      ? `${fault}. Start it, or set TALLYSPAN_LIMIT_WITHOUT_SERVER=allow.`
      : `${fault}; until it does, a process may use a tenth of the limit, or one request. Start it, or unset its address to count in this process alone.`;
  }

  /** Whether what is spent and reserved of the account is granted now. */
  covers(account: Account): boolean {
    const held = this.#held.get(account);
    if (held === undefined) return true;
    held.usedMs = Date.now();
    return held.expiresMs > Date.now() && account.spent + account.reserved <= account.granted;
  }

  /**
   * Whether the account may be used while the server is away: one slice beyond the grant, or one request that needs more,
   * so that the limit is passed by no more than that for each process.
   */
  coversAway(account: Account, neededNanoUsd = 0): boolean {
    return this.#withoutServer === 'allow' && this.#coversUngranted(account, neededNanoUsd);
  }

  /**
   * The same for a request that cannot be held back until the server has answered: it goes on so unless the server has said
   * that it has nothing more.
   */
  coversAtOnce(account: Account, neededNanoUsd: number): boolean {
    const held = this.#held.get(account);
    if (held === undefined) return true;
    held.neededNanoUsd = Math.max(held.neededNanoUsd, neededNanoUsd);
    if (this.#fault !== undefined) return this.coversAway(account, neededNanoUsd);
    return account.limit > held.usedUpNanoUsd && this.#coversUngranted(account, neededNanoUsd);
  }

  #coversUngranted(account: Account, neededNanoUsd: number): boolean {
    const held = this.#held.get(account);
    if (held === undefined) return true;
    held.ungrantedFromNanoUsd ??= Math.max(account.granted, account.spent);
    const most = held.ungrantedFromNanoUsd + Math.max(sliceOf(account.limit), neededNanoUsd);
    return account.spent + account.reserved <= Math.min(most, account.limit);
  }

  /** Asks for what the accounts need. Resolves when it is answered, or when it is clear that it will not be. */
  ask(): Promise<void> {
    this.#next ??= this.#askNext();
    return this.#next;
  }

  async #askNext(): Promise<void> {
    await guardAsync('leases asked before', async () => this.#asking);
    this.#next = undefined;
    this.#asking = this.isAway ? undefined : this.#sendAll(this.#due());
    await this.#asking;
  }

  /** For what cannot be held back: tells what was spent, and gives an account of which nobody has anything left. */
  async findUsedUp(accounts: readonly Account[]): Promise<Account | undefined> {
    const shared = accounts.filter((account) => this.isShared(account));
    if (shared.length === 0) return undefined;
    let told: number[];
    do {
      // A look is a use: what is used has a slice to go on with.
      for (const account of shared) this.covers(account);
      told = shared.map(({ spent }) => spent);
      await this.ask();
    } while (!this.isAway && shared.some(({ spent }, index) => spent !== told[index]));
    if (!this.isAway) return shared.find(({ spent, granted }) => spent >= granted);
    return shared.find((account) => !this.coversAway(account));
  }

  /** What the server is to hear of, what somebody waits for first. What it heard of lately is renewed with the next. */
  #due(): Held[] {
    const nowMs = Date.now();
    const short: Held[] = [];
    const others: Held[] = [];
    for (const held of this.#held.values()) {
      const { account, usedMs, toldNanoUsd, expiresMs, neededNanoUsd, isGivenBack } = held;
      const isUsed = nowMs - usedMs < IDLE_MS;
      const isCovered =
        expiresMs > nowMs && account.spent + account.reserved + neededNanoUsd <= account.granted;
      if (isUsed && !isCovered) short.push(held);
      else if (account.spent > toldNanoUsd || isGivenBack) others.push(held);
      else if (expiresMs - nowMs < LEASE_MS - RENEW_MS / 2 && (isUsed || account.granted > account.spent))
        others.push(held);
    }
    return [...short, ...others];
  }

  async #sendAll(due: readonly Held[]): Promise<void> {
    for (let at = 0; at < due.length && !this.isAway; at += MOST_AT_ONCE)
      await this.#send(due.slice(at, at + MOST_AT_ONCE));
  }

  /** Tells what was spent, soon: several that end together are told together. */
  tell(): void {
    if (this.#isTelling || this.isAway) return;
    this.#isTelling = true;
    setImmediate(
      guarded('tell leases', () => {
        // What is spent from here on may come too late for this one.
        this.#isTelling = false;
        return this.ask();
      }),
    );
  }

  /** Days that are over, once nothing is under way in them and the server has heard of all that was spent. */
  forgetBefore(nowMs: number): void {
    const day = limitDayOf(nowMs);
    const yesterday = limitDayOf(nowMs - DAY_MS);
    for (const [account, { key, toldNanoUsd }] of this.#held) {
      // A server that was away all day will not ask for what was before.
      const isTold = account.spent <= toldNanoUsd || key.day < yesterday;
      if (key.day < day && account.reserved === 0 && isTold) this.#held.delete(account);
    }
  }

  async #renew(): Promise<void> {
    this.forgetBefore(Date.now());
    if (this.#held.size > 0) await this.ask();
  }

  async #send(due: readonly Held[]): Promise<void> {
    const leases = due.map(({ account, key, usedMs, neededNanoUsd }) => {
      const isIdle = Date.now() - usedMs >= IDLE_MS;
      const ahead = isIdle ? 0 : Math.max(sliceOf(account.limit), neededNanoUsd);
      const want = account.spent + account.reserved + ahead;
      // What is given back is not used from the moment in which that is said.
      account.granted = Math.min(account.granted, want);
      return {
        ...key,
        rule: account.rule,
        process: this.#process,
        limit_nano_usd: account.limit,
        spent_nano_usd: account.spent,
        want_nano_usd: Math.min(want, account.limit + account.spent),
      };
    });
    const sentMs = Date.now();
    const answer = await guardAsync('ask for leases', () => postLeases(this.#url, this.#token, { leases }));
    const granted = asList(asJson(answer?.body)['leases']);
    if (granted.length !== due.length) {
      this.#awayUntilMs = Date.now() + AWAY_MS;
      const fault = faultOf(answer?.status);
      this.#fault = fault;
      sayOnce(
        `limits away ${this.#url} ${fault}`,
        `the server that keeps limits of the day ${fault} at ${this.#url}: ${
          this.#withoutServer === 'refuse'
            ? 'calls for which it has granted nothing are refused, as TALLYSPAN_LIMIT_WITHOUT_SERVER=refuse says.'
            : 'each process counts for itself, up to a tenth of the limit (or one request) beyond its share. TALLYSPAN_LIMIT_WITHOUT_SERVER=refuse stops calls instead.'
        }`,
      );
      return;
    }
    this.#fault = undefined;
    for (const [index, held] of due.entries()) {
      const lease = asJson(granted[index]);
      const { granted_nano_usd: amount, expires_in_ms: expires } = lease;
      const asked = leases[index];
      if (typeof amount !== 'number' || typeof expires !== 'number' || asked === undefined) continue;
      held.account.granted = amount;
      held.account.othersSpent = amountOf(lease['others_spent_nano_usd']);
      held.account.othersHeld = amountOf(lease['others_held_nano_usd']);
      held.expiresMs = sentMs + expires;
      held.toldNanoUsd = asked.spent_nano_usd;
      held.usedUpNanoUsd = amount < asked.want_nano_usd ? asked.limit_nano_usd : 0;
      held.ungrantedFromNanoUsd = undefined;
      held.isGivenBack = false;
    }
  }
}

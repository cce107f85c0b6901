// The lease client: what this process may use of limits that a server shares out. It asks before a request that its
// grant does not cover, tells what was spent as it is spent, and renews what it holds while it is used.

import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Account } from '../../core/limits/account.ts';
import { LEASE_MS, sliceOf, type LeaseKey } from '../../core/limits/leases.ts';
import { limitDayOf } from '../../core/limits/limit.ts';
import type { LimitSettings } from '../../core/limits/limit-settings.ts';
import { guard, guardAsync, guarded } from '../process/guard.ts';
import { sayOnce } from '../process/diagnostics.ts';
import { lookup } from '../process/lookup.ts';
import { asJson, asList } from '../../core/model-call/json.ts';
import { setTimeout, setInterval, setImmediate, clearTimeout } from '../process/timers.ts';

const ANSWER_LIMIT_MS = 2_000;
const ANSWER_LIMIT_BYTES = 1_000_000;
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
  /** What may be used while the server is away; set when it is first missed. */
  awayNanoUsd: number | undefined;
}

interface LeaseAnswer {
  readonly status: number;
  readonly body: unknown;
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
  #isTelling = false;
  #renews = false;

  constructor(url: string, token: string | undefined, processId: string) {
    this.#url = `${url}/api/limits/leases`;
    this.#token = token;
    this.#process = processId;
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
      awayNanoUsd: undefined,
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

  /** Whether what is spent and reserved of the account is granted now. */
  covers(account: Account): boolean {
    const held = this.#held.get(account);
    if (held === undefined) return true;
    held.usedMs = Date.now();
    return held.expiresMs > Date.now() && account.spent + account.reserved <= account.granted;
  }

  /**
   * Whether the account may be used while nothing is known of the others: one slice beyond the grant, so that the limit
   * is passed by no more than a slice for each process.
   */
  coversAway(account: Account): boolean {
    const held = this.#held.get(account);
    if (held === undefined) return true;
    held.awayNanoUsd ??= Math.max(account.granted, account.spent) + sliceOf(account.limit);
    return account.spent + account.reserved <= Math.min(held.awayNanoUsd, account.limit);
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
  async findUsedUp(
    accounts: readonly Account[],
    withoutServer: LimitSettings['withoutServer'],
  ): Promise<Account | undefined> {
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
    return shared.find((account) => withoutServer === 'refuse' || !this.coversAway(account));
  }

  /** What the server is to hear of, what somebody waits for first. What it heard of lately is renewed with the next. */
  #due(): Held[] {
    const nowMs = Date.now();
    const short: Held[] = [];
    const others: Held[] = [];
    for (const held of this.#held.values()) {
      const { account, usedMs, toldNanoUsd, expiresMs } = held;
      const isUsed = nowMs - usedMs < IDLE_MS;
      const isCovered = expiresMs > nowMs && account.spent + account.reserved <= account.granted;
      if (isUsed && !isCovered) short.push(held);
      else if (account.spent > toldNanoUsd) others.push(held);
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
    const leases = due.map(({ account, key, usedMs }) => {
      const isIdle = Date.now() - usedMs >= IDLE_MS;
      const want = account.spent + account.reserved + (isIdle ? 0 : sliceOf(account.limit));
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
    const answer = await guardAsync('ask for leases', () => this.#post({ leases }));
    const granted = asList(asJson(answer?.body)['leases']);
    if (granted.length !== due.length) {
      this.#awayUntilMs = Date.now() + AWAY_MS;
      const fault = faultOf(answer?.status);
      sayOnce(
        `limits away ${this.#url} ${fault}`,
        `the server that keeps limits of the day ${fault} at ${this.#url}: each process counts for itself, up to a tenth of the limit beyond its share. TALLYSPAN_LIMIT_WITHOUT_SERVER=refuse stops calls instead.`,
      );
      return;
    }
    for (const [index, held] of due.entries()) {
      const { granted_nano_usd: amount, expires_in_ms: expires } = asJson(granted[index]);
      if (typeof amount !== 'number' || typeof expires !== 'number') continue;
      held.account.granted = amount;
      held.expiresMs = sentMs + expires;
      held.toldNanoUsd = leases[index]?.spent_nano_usd ?? 0;
      held.awayNanoUsd = undefined;
    }
  }

  #post(body: unknown): Promise<LeaseAnswer | undefined> {
    const text = JSON.stringify(body);
    const start = this.#url.startsWith('https:') ? requestHttps : requestHttp;
    return new Promise((resolve) => {
      const request = context.with(suppressTracing(context.active()), () =>
        start(this.#url, {
          method: 'POST',
          agent: false,
          lookup,
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
            ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
          },
        }),
      );
      request.on(
        'response',
        guarded('lease answer', (response: IncomingMessage) => {
          let answer = '';
          response.setEncoding('utf8');
          response.on(
            'data',
            guarded('lease answer', (part: string) => {
              answer += part;
              if (answer.length > ANSWER_LIMIT_BYTES) request.destroy();
            }),
          );
          response.on(
            'end',
            guarded('lease answer', () => {
              const parsed = guard('lease answer', () => JSON.parse(answer) as unknown);
              resolve({ status: response.statusCode ?? 0, body: parsed });
            }),
          );
        }),
      );
      // From first to last byte: one that sends them one by one is not waited for either.
      const deadline = setTimeout(
        // An answer that came while the program was busy is read first.
        guarded('lease timeout', () => setImmediate(guarded('lease timeout', () => request.destroy()))),
        ANSWER_LIMIT_MS,
      );
      request.on(
        'error',
        guarded('lease error', () => {
          resolve(undefined);
        }),
      );
      request.on(
        'close',
        guarded('lease close', () => {
          clearTimeout(deadline);
          resolve(undefined);
        }),
      );
      request.end(text);
    });
  }
}

/** What is wrong with an answer that is none. */
function faultOf(status: number | undefined): string {
  if (status === undefined) return 'does not answer';
  if (status === 401 || status === 403) return `wants the token that it was started with (TALLYSPAN_TOKEN)`;
  return status === 200 ? 'answers something else' : `answers with status ${status}`;
}

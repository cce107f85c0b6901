// Guesses: wrong tokens by the address that they come from. Beyond a few a minute an address has to wait, the right token
// included, or the wait would be no hindrance to who guesses.

import { isIPv6 } from 'node:net';
import { NewestMap } from '../../../core/newest-map.ts';
import { HOUR_MS, MINUTE_MS } from '../../../core/time/time.ts';

export const GUESSES_PER_MINUTE = 10;
const ADDRESSES_LIMIT = 10_000;
/** A network that gives one machine IPv6 gives it all of these addresses. */
const IPV6_GROUPS = 4;

interface Count {
  readonly sinceMs: number;
  wrong: number;
}

export class Guesses {
  readonly #counts = new NewestMap<string, Count>();
  readonly #known = new NewestMap<string, number>();
  readonly #log: (line: string) => void;
  readonly #now: () => number;

  constructor(log: (line: string) => void, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** Seconds that the address has to wait before it may bring a token; 0 when it may now. */
  waitSeconds(address: string): number {
    const count = this.#current(networkOf(address));
    if (count === undefined || count.wrong < GUESSES_PER_MINUTE) return 0;
    return Math.ceil((count.sinceMs + MINUTE_MS - this.#now()) / 1000);
  }

  noteWrong(address: string): void {
    const network = networkOf(address);
    const count = this.#current(network) ?? { sinceMs: this.#now(), wrong: 0 };
    count.wrong += 1;
    keep(this.#counts, network, count);
    if (count.wrong === 1) this.#log(`sign-in: a wrong token from ${address}`);
    if (count.wrong === GUESSES_PER_MINUTE)
      this.#log(
        `sign-in: ${GUESSES_PER_MINUTE} wrong tokens from ${address} within a minute: no more are looked at until the minute is over`,
      );
  }

  /** A program there has the right token: one beside it that has a wrong one does not keep it out. */
  noteRight(address: string): void {
    this.#known.delete(networkOf(address));
    keep(this.#known, networkOf(address), this.#now());
  }

  isKnown(address: string): boolean {
    const knownMs = this.#known.get(networkOf(address));
    return knownMs !== undefined && this.#now() - knownMs < HOUR_MS;
  }

  #current(network: string): Count | undefined {
    const count = this.#counts.get(network);
    if (count === undefined || this.#now() - count.sinceMs < MINUTE_MS) return count;
    this.#counts.delete(network);
    return undefined;
  }
}

/** The oldest goes when there are too many. */
function keep<T>(map: NewestMap<string, T>, key: string, value: T): void {
  if (map.size >= ADDRESSES_LIMIT) map.dropOldest();
  map.set(key, value);
}

function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:/i, '');
  return isIPv6(plain) ? plain.split(':').slice(0, IPV6_GROUPS).join(':') : plain;
}

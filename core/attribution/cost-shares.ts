// Cost shares: what one model call paid for each part of its context, as a list of short texts in the event of the call:
// `search=p f1200 r300 t340` is the tool, how the row came about (prefix, counted, mixed), and each part that is not 0:
// first read, write to the cache, cache read, carried uncached, output, searches (nano-dollars), tokens.
// Rows that sum the shares of several calls (`tallyspan.calls`) are there for readers that cannot take a list apart.

import { LIST_LIMITS, SENT_NAME_CHARS } from '../field-limits.ts';
import { MINUTE_MS } from '../time/time.ts';
import { emptyToolCost, type AttributionRule, type ToolCost } from './attribution.ts';

/**
 * Calls are summed within five minutes of the clock, ends included, starts not, as windows of signals are: days of every
 * time zone and hours begin where such a stretch ends.
 */
const STRETCH_MS = 5 * MINUTE_MS;

/** End of the stretch that an instant is in, Unix milliseconds. */
export function endOfStretch(atMs: number): number {
  return Math.ceil(atMs / STRETCH_MS) * STRETCH_MS;
}

type Part =
  | 'firstReadNanoUsd'
  | 'cacheWriteNanoUsd'
  | 'cacheReadNanoUsd'
  | 'carryNanoUsd'
  | 'outputNanoUsd'
  | 'webSearchNanoUsd'
  | 'tokens';

const PARTS: readonly (readonly [letter: string, part: Part])[] = [
  ['f', 'firstReadNanoUsd'],
  ['w', 'cacheWriteNanoUsd'],
  ['r', 'cacheReadNanoUsd'],
  ['c', 'carryNanoUsd'],
  ['o', 'outputNanoUsd'],
  ['s', 'webSearchNanoUsd'],
  ['t', 'tokens'],
];
const PART_OF = new Map(PARTS);
const PART_NAMES = PARTS.map(([, part]) => part);
const PART_LETTERS = PARTS.map(([letter]) => letter).join('');
const BLANK = 0x20;
const ZERO = 0x30;
const RULES: readonly AttributionRule[] = ['prefix', 'counted', 'mixed'];

/** The list; undefined where it would not fit into a field, so that nothing of it would be cut. */
export function encodeShares(shares: readonly ToolCost[]): readonly string[] | undefined {
  if (shares.length === 0 || shares.length > LIST_LIMITS.items) return undefined;
  let chars = 0;
  const list: string[] = [];
  for (let index = 0; index < shares.length; index++) {
    const item = encodeShare(shares[index] as ToolCost);
    chars += item.length;
    if (item.length > SENT_NAME_CHARS || chars > LIST_LIMITS.chars) return undefined;
    list.push(item);
  }
  return list;
}

function encodeShare(share: ToolCost): string {
  let item = `${share.tool}=${share.rule.charAt(0)}`;
  for (let index = 0; index < PARTS.length; index++) {
    const amount = share[PART_NAMES[index] as Part];
    if (amount !== 0) item += ` ${PART_LETTERS.charAt(index)}${String(amount)}`;
  }
  return item;
}

/** The shares of a list; what is no share is left out. */
export function decodeShares(list: readonly string[]): ToolCost[] {
  const shares: ToolCost[] = [];
  eachShare(list, (share) => shares.push({ ...share }));
  return shares;
}

/** The same, one after the other in one object: what `take` is given is another share after it has returned. */
export function eachShare(list: readonly string[], take: (share: ToolCost) => void): void {
  const share: Sum = emptyToolCost('', 'counted');
  for (let index = 0; index < list.length; index++) if (readShare(list[index] as string, share)) take(share);
}

/** Whether the text is a share, and which. Read by character: a server decodes some tens of thousands a second. */
function readShare(item: string, share: Sum): boolean {
  const end = item.lastIndexOf('=');
  const letter = item.charAt(end + 1);
  const rule = end === -1 ? undefined : RULES.find((one) => one.charAt(0) === letter);
  if (rule === undefined) return false;
  share.tool = item.slice(0, end);
  share.rule = rule;
  share.costNanoUsd = 0;
  for (let index = 0; index < PART_NAMES.length; index++) share[PART_NAMES[index] as Part] = 0;
  for (let at = end + 2; at < item.length;) {
    const part = item.charCodeAt(at) === BLANK ? PART_OF.get(item.charAt(at + 1)) : undefined;
    const first = at + 2;
    let amount = 0;
    for (at = first; at < item.length; at++) {
      const digit = item.charCodeAt(at) - ZERO;
      if (digit < 0 || digit > 9) break;
      amount = amount * 10 + digit;
    }
    if (part === undefined || at === first || !Number.isSafeInteger(amount)) return false;
    share[part] = amount;
    if (part !== 'tokens') share.costNanoUsd += amount;
  }
  return Number.isSafeInteger(share.costNanoUsd);
}

type Sum = { -readonly [K in keyof ToolCost]: ToolCost[K] };

/** Sums of shares by tool. */
export class ShareSums {
  readonly #sums = new Map<string, { readonly sum: Sum; calls: number }>();

  add(shares: readonly ToolCost[], calls = 1): void {
    for (let index = 0; index < shares.length; index++) {
      const share = shares[index] as ToolCost;
      let entry = this.#sums.get(share.tool);
      if (entry === undefined)
        this.#sums.set(share.tool, (entry = { sum: emptyToolCost(share.tool, share.rule), calls: 0 }));
      const { sum } = entry;
      entry.calls += calls;
      sum.costNanoUsd += share.costNanoUsd;
      // Most parts of most shares are nothing.
      for (let at = 0; at < PART_NAMES.length; at++) {
        const part = PART_NAMES[at] as Part;
        if (share[part] !== 0) sum[part] += share[part];
      }
      if (sum.rule !== share.rule) sum.rule = 'mixed';
    }
  }

  /** The most expensive first, each with how many calls had it. */
  rows(): readonly { readonly sum: ToolCost; readonly calls: number }[] {
    return [...this.#sums.values()].toSorted((a, b) => b.sum.costNanoUsd - a.sum.costNanoUsd);
  }
}

// Settling of remainders: what is left of them once others report the calls that they stand for. A remainder is what the
// ledger of a session counted beyond the calls that its own reporter knew (the messages of the Agent SDK, a transcript).
// Logs and spans tell of such calls one by one, and better of those that were known: what they count beyond its reporter
// is taken off, bucket by bucket, so that calls and remainders come to the ledger, whatever of them is lost.

import { groupByResponse, responseIdsOf } from '../duplicates.ts';
import { resolveModelId } from '../pricing/model-id.ts';
import { BUCKETS, subtract, type Counts } from './ledger.ts';

/** Whose ledger it is, and whose calls the ledger was compared with. */
export type LedgerOwner = 'messages' | 'transcript';

export interface ReportedCall {
  /** Logs and spans are Claude Code's own; the preload may have seen a message of the Agent SDK to its end. */
  readonly reporter: LedgerOwner | 'claude_code' | 'preload' | 'other';
  /** Whether it is the report of its response that counts. */
  readonly isCounted: boolean;
  readonly session: string;
  /** Its end, Unix milliseconds. */
  readonly atMs: number;
  readonly requestId?: string | undefined;
  readonly responseId?: string | undefined;
  readonly model: string;
  /** Ids of the models that its steps ran on, where it had several: an adviser's is in its counts, too. */
  readonly stepModels?: readonly string[] | undefined;
  readonly counts: Counts;
}

export interface ToldRemainder {
  readonly id: string;
  readonly ledger: LedgerOwner;
  readonly session: string;
  /** When the ledger was read, Unix milliseconds. */
  readonly atMs: number;
  /** When it began to count, Unix milliseconds; absent where that is the begin of the session. */
  readonly fromMs?: number | undefined;
  readonly model: string;
  readonly counts: Counts;
}

export interface Settled {
  readonly told: ToldRemainder;
  /** What no call stands for. */
  readonly counts: Counts;
  /** Tokens written to the cache for an hour that a call counts, and has the price of five minutes for. */
  readonly underpricedWrites: number;
}

/** What is counted of a model beyond the ledger's own reporter; negative where that counts more. */
interface Coverage {
  readonly atMs: number;
  readonly model: string;
  readonly counts: Counts;
}

const SEARCHES = 'webSearches';

/**
 * What is left of each remainder of one ledger. `calls` are all reports of the same sessions, those that do not count
 * among them.
 */
export function settleRemainders(
  ledger: LedgerOwner,
  remainders: readonly ToldRemainder[],
  calls: readonly ReportedCall[],
): Settled[] {
  const told = remainders.filter((each) => each.ledger === ledger).toSorted((a, b) => a.atMs - b.atMs);
  if (told.length === 0) return [];
  const coverage = coverageOf(told, calls);
  const shares = told.map((each) => ({
    told: each,
    key: keyOf(each.model),
    counts: { ...each.counts },
    underpricedWrites: 0,
  }));
  // A search has one price, and may be counted for another model than the one that asked for it.
  takeOff(
    shares,
    coverage.map((each) => ({ ...each, counts: only(each.counts, (bucket) => bucket === SEARCHES) })),
  );
  for (const key of new Set(shares.map((share) => share.key)))
    takeOff(
      shares.filter((share) => share.key === key),
      coverage
        .filter(({ model }) => keyOf(model) === key)
        .map((each) => ({ ...each, counts: only(each.counts, (bucket) => bucket !== SEARCHES) })),
    );
  // A transcript's reporter reads the steps of its calls, and its remainder is without them.
  if (ledger === 'messages') takeOffSteps(shares, calls);
  return shares.map(({ told: each, counts, underpricedWrites }) => ({
    told: each,
    counts,
    underpricedWrites,
  }));
}

/** Ids of the models by whose rows a call of several steps was priced. */
export function stepModelsOf(priceRow: string | null): string[] {
  const rows = (priceRow ?? '').split(' ');
  return rows.length < 2 ? [] : rows.flatMap((row) => /^[a-z]+\/([^@]+)@/.exec(row)?.[1] ?? []);
}

/**
 * A call that counts with the steps of another model, an adviser, has their tokens among its own: a ledger has them under
 * that model. How many they are is not known apart, and no more than the call has.
 */
function takeOffSteps(shares: readonly Share[], calls: readonly ReportedCall[]): void {
  for (const { isCounted, reporter, model, stepModels = [], counts, atMs } of calls) {
    if (!isCounted || reporter === 'messages' || reporter === 'preload') continue;
    for (const step of stepModels) {
      if (keyOf(step) === keyOf(model)) continue;
      const share = shares.find(({ told, key }) => key === keyOf(step) && told.atMs >= atMs);
      if (share === undefined) continue;
      for (const bucket of BUCKETS)
        if (bucket !== SEARCHES) share.counts[bucket] -= Math.min(share.counts[bucket], counts[bucket]);
    }
  }
}

/** What the calls that count have beyond the ledger's reporter, of all that the ledger may have counted. */
function coverageOf(told: readonly ToldRemainder[], calls: readonly ReportedCall[]): Coverage[] {
  const within = windowOf(told, calls);
  const named: ReportedCall[] = [];
  const groups: ReportedCall[][] = [];
  for (const call of calls) {
    if (idsOf(call).length === 0) groups.push([call]);
    else named.push(call);
  }
  groups.push(...groupByResponse(named, idsOf));
  const ledger = told[0]?.ledger;
  const coverage: Coverage[] = [];
  for (const group of groups) {
    const counted = group.find((call) => call.isCounted);
    const known =
      group.find(({ reporter }) => reporter === ledger) ??
      (ledger === 'messages' ? group.find(({ reporter }) => reporter === 'preload') : undefined);
    if (counted === undefined || counted === known) continue;
    if (group.every(({ reporter }) => reporter === 'other' || reporter === 'preload')) continue;
    const atMs = within(counted, known);
    if (atMs === undefined) continue;
    coverage.push({ atMs, model: counted.model, counts: counted.counts });
    if (known !== undefined) coverage.push({ atMs, model: known.model, counts: negated(known.counts) });
  }
  return coverage;
}

/** Tells when a call is to be taken off, or undefined where the ledger cannot have counted it. */
function windowOf(
  told: readonly ToldRemainder[],
  calls: readonly ReportedCall[],
): (counted: ReportedCall, known: ReportedCall | undefined) => number | undefined {
  const lastMs = told.at(-1)?.atMs ?? 0;
  if (told[0]?.ledger === 'messages') {
    const fromMs = Math.min(...told.map((each) => each.fromMs ?? Number.NEGATIVE_INFINITY));
    return (counted, known) => {
      const { atMs } = known ?? counted;
      return atMs < fromMs || atMs > lastMs ? undefined : atMs;
    };
  }
  // A transcript does not say when the ledger was written, but that it was before the next line.
  const lastBySession = new Map<string, number>();
  for (const { session, atMs } of told)
    lastBySession.set(session, Math.max(lastBySession.get(session) ?? 0, atMs));
  const nextBySession = new Map<string, number>();
  for (const { session, atMs, reporter } of calls) {
    if (reporter !== 'transcript' || atMs <= (lastBySession.get(session) ?? Number.POSITIVE_INFINITY))
      continue;
    nextBySession.set(session, Math.min(nextBySession.get(session) ?? Number.POSITIVE_INFINITY, atMs));
  }
  return (counted, known) => {
    const { session, atMs } = known ?? counted;
    const last = lastBySession.get(session) ?? lastMs;
    if (known !== undefined) return atMs > last ? undefined : atMs;
    return atMs >= (nextBySession.get(session) ?? Number.POSITIVE_INFINITY)
      ? undefined
      : Math.min(atMs, last);
  };
}

interface Share {
  readonly told: ToldRemainder;
  readonly key: string;
  readonly counts: Counts;
  underpricedWrites: number;
}

/** Takes each off the first remainder after it, and what that does not have off the later and then the earlier ones. */
function takeOff(shares: readonly Share[], coverage: readonly Coverage[]): void {
  for (const { atMs, counts } of coverage) {
    const share = shares.find(({ told }) => told.atMs >= atMs) ?? shares.at(-1);
    if (share !== undefined) subtract(share.counts, counts);
  }
  let debt: Counts | undefined;
  for (const share of [...shares, ...shares.toReversed()]) {
    if (debt !== undefined) subtract(share.counts, debt);
    settleWrites(share);
    debt = only(share.counts, (bucket) => share.counts[bucket] < 0);
    for (const bucket of BUCKETS) {
      if (share.counts[bucket] < 0) share.counts[bucket] = 0;
      debt[bucket] = -debt[bucket];
    }
  }
}

/**
 * A call whose lifetimes are not known has the price of five minutes for all that it wrote, and the ledger may know
 * better. Where the ledger does not know them, what calls know of them holds.
 */
function settleWrites(share: Share): void {
  const { counts } = share;
  let untold = Math.max(0, -counts.cacheWriteUnknown);
  for (const bucket of ['cacheWrite5m', 'cacheWrite1h'] as const) {
    const taken = Math.min(untold, Math.max(0, counts[bucket]));
    counts[bucket] -= taken;
    counts.cacheWriteUnknown += taken;
    untold -= taken;
    if (bucket === 'cacheWrite1h') share.underpricedWrites += taken;
  }
  for (const [less, more] of [
    ['cacheWrite5m', 'cacheWriteUnknown'],
    ['cacheWrite1h', 'cacheWriteUnknown'],
    ['cacheWrite5m', 'cacheWrite1h'],
    ['cacheWrite1h', 'cacheWrite5m'],
  ] as const) {
    const settled = Math.min(Math.max(0, -counts[less]), Math.max(0, counts[more]));
    counts[less] += settled;
    counts[more] -= settled;
  }
}

function only(counts: Counts, isWanted: (bucket: (typeof BUCKETS)[number]) => boolean): Counts {
  return Object.fromEntries(
    BUCKETS.map((bucket) => [bucket, isWanted(bucket) ? counts[bucket] : 0]),
  ) as Counts;
}

function negated(counts: Counts): Counts {
  return Object.fromEntries(BUCKETS.map((bucket) => [bucket, -counts[bucket]])) as Counts;
}

function idsOf({ requestId, responseId }: ReportedCall): readonly string[] {
  return responseIdsOf({ 'anthropic.request.id': requestId, 'gen_ai.response.id': responseId });
}

function keyOf(model: string): string {
  const resolved = resolveModelId(model);
  return 'id' in resolved ? resolved.id : model;
}

// Settled remainders: what is to stand in the place of each row that a ledger of Claude Code told, now that others report
// some of it call by call: the row itself, one with what is left, or none.

import type { EventRecord } from '../core/event.ts';
import { usdOf } from '../core/money.ts';
import type { PriceOverrides } from '../core/pricing/price-overrides.ts';
import type { FieldKey } from '../core/schema.ts';
import { BUCKETS, type Counts } from '../core/transcripts/ledger.ts';
import { estimate } from '../core/transcripts/price-facts.ts';
import {
  settleRemainders,
  type ReportedCall,
  type Settled,
  type ToldRemainder,
} from '../core/transcripts/settle-remainders.ts';

/** What each of them counts of the row that it stands for. */
export const COUNTED_FIELDS = [
  'tokens_input',
  'tokens_cache_read',
  'tokens_cache_write_5m',
  'tokens_cache_write_1h',
  'tokens_output',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.cache_creation.input_tokens',
  'web_searches',
  'cost_nano_usd',
  'gen_ai.usage.cost',
  'cost_input_nano_usd',
  'cost_cache_read_nano_usd',
  'cost_cache_write_5m_nano_usd',
  'cost_cache_write_1h_nano_usd',
  'cost_output_nano_usd',
  'cost_web_search_nano_usd',
] as const satisfies readonly FieldKey[];
type Counted = Partial<Pick<EventRecord, (typeof COUNTED_FIELDS)[number]>>;

/** A row as it was told, and what stands in its place now. */
export interface ToldRow extends ToldRemainder {
  readonly traceId: string;
  readonly spanId: string;
  readonly isDuplicate: boolean;
  readonly costNanoUsd: number;
  /** Of the row with what is left. */
  readonly rest: { readonly counts: Counts; readonly costNanoUsd: number } | undefined;
}

/** What is to stand in the place of a told row: the row itself, one with less, or none. */
export interface Change {
  readonly row: ToldRow;
  readonly isDuplicate: boolean;
  readonly rest: Counted | undefined;
}

/** What differs from what is stored. */
export function changesOf(
  told: readonly ToldRow[],
  calls: readonly ReportedCall[],
  overrides: PriceOverrides | undefined,
): Change[] {
  const messages = settleRemainders('messages', told, calls);
  const transcript = settleRemainders('transcript', told, calls);
  // Two ledgers of one session count the same: the one that knows of more is right.
  const [better, other] =
    costOf(messages, overrides) >= costOf(transcript, overrides)
      ? [messages, transcript]
      : [transcript, messages];
  const isSeen = calls.some(({ reporter }) => reporter === 'claude_code');
  const byId = new Map(told.map((row) => [row.id, row]));
  const wanted = [
    ...better.map((settled) => wantedOf(settled, byId, isSeen, overrides)),
    ...other.map((settled) =>
      better.length === 0
        ? wantedOf(settled, byId, isSeen, overrides)
        : { row: byId.get(settled.told.id) as ToldRow, isDuplicate: true, rest: undefined },
    ),
  ];
  return wanted.filter(
    ({ row, isDuplicate, rest }) =>
      row.isDuplicate !== isDuplicate ||
      (rest === undefined) !== (row.rest === undefined) ||
      (rest !== undefined && row.rest !== undefined && !isSame(rest, row.rest)),
  );
}

function costOf(settled: readonly Settled[], overrides: PriceOverrides | undefined): number {
  return settled.reduce((sum, each) => sum + (pricedRest(each, overrides).cost_nano_usd ?? 0), 0);
}

function wantedOf(
  settled: Settled,
  byId: ReadonlyMap<string, ToldRow>,
  isSeen: boolean,
  overrides: PriceOverrides | undefined,
): Change {
  const row = byId.get(settled.told.id) as ToldRow;
  const { counts, underpricedWrites } = settled;
  // A row of nothing says that more may come: of a session that was left, or one whose calls are all known.
  if (isNothing(row.counts)) return { row, isDuplicate: row.isDuplicate || isSeen, rest: undefined };
  if (isNothing(counts) && underpricedWrites === 0) return { row, isDuplicate: true, rest: undefined };
  if (underpricedWrites === 0 && BUCKETS.every((bucket) => counts[bucket] === row.counts[bucket]))
    return { row, isDuplicate: false, rest: undefined };
  return { row, isDuplicate: true, rest: pricedRest(settled, overrides) };
}

/** What is left, priced; what calls have too low a price for counts without its tokens, which they have. */
function pricedRest(
  { told: { model, atMs }, counts, underpricedWrites }: Settled,
  overrides: PriceOverrides | undefined,
): Counted {
  const priceOf = (of: Partial<Counts>): Counted => estimate('', of, model, atMs, '', overrides);
  const priced = priceOf(counts);
  if (underpricedWrites === 0 || priced.cost_nano_usd === undefined) return priced;
  const hour = priceOf({ cacheWrite1h: underpricedWrites }).cost_nano_usd ?? 0;
  const minutes = priceOf({ cacheWrite5m: underpricedWrites }).cost_nano_usd ?? 0;
  const cost = priced.cost_nano_usd + hour - minutes;
  return {
    ...priced,
    cost_nano_usd: cost,
    'gen_ai.usage.cost': usdOf(cost),
    cost_cache_write_1h_nano_usd: (priced.cost_cache_write_1h_nano_usd ?? 0) + hour - minutes,
  };
}

function isNothing(counts: Counts): boolean {
  return BUCKETS.every((bucket) => counts[bucket] === 0);
}

function isSame(rest: Counted, stored: NonNullable<ToldRow['rest']>): boolean {
  return (
    (rest.cost_nano_usd ?? 0) === stored.costNanoUsd &&
    (rest.tokens_input ?? 0) === stored.counts.input &&
    (rest.tokens_output ?? 0) === stored.counts.output &&
    (rest.tokens_cache_read ?? 0) === stored.counts.cacheRead &&
    (rest.tokens_cache_write_5m ?? 0) === stored.counts.cacheWrite5m &&
    (rest.tokens_cache_write_1h ?? 0) === stored.counts.cacheWrite1h &&
    (rest.web_searches ?? 0) === stored.counts.webSearches
  );
}

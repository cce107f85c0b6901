// What a token of a cell costs by the price table. The bill does not tell long prompts apart, so that a cell may have tokens
// of both rate cards of a model.

import { priceCall } from '../pricing/cost.ts';
import { NO_USAGE, readingOf, type Usage } from '../pricing/usage.ts';
import type { BilledKind, BillingCell } from './billed-row.ts';

/** Nano-USD a token. */
export interface TokenPrices {
  readonly usual: number;
  /** In a prompt beyond the threshold of the model; the same where it has none. */
  readonly long: number;
}

type Bucket = 'input' | 'cacheRead' | 'cacheWrite5m' | 'cacheWrite1h' | 'output';

const BUCKETS: Readonly<Partial<Record<BilledKind, Bucket>>> = {
  input: 'input',
  cache_read: 'cacheRead',
  cache_write_5m: 'cacheWrite5m',
  cache_write_1h: 'cacheWrite1h',
  output: 'output',
};
/** Priced together, so that rounding does not matter. */
const TOKENS = 1000;
/** Beyond every threshold. */
const LONG_PROMPT: Partial<Usage> = { input: 10_000_000, cacheRead: 10_000_000 };

/** Undefined where the table has no price, and for what is not billed by tokens. */
export function tokenPricesOf(cell: BillingCell): TokenPrices | undefined {
  const bucket = BUCKETS[cell.kind];
  if (bucket === undefined || cell.model === '') return undefined;
  const usual = priceOf(cell, bucket, { [bucket]: TOKENS });
  const long = priceOf(cell, bucket, { [bucket]: TOKENS, ...LONG_PROMPT });
  return usual === undefined || long === undefined ? undefined : { usual, long };
}

function priceOf(
  { day, model, tier, speed, geo }: BillingCell,
  bucket: Bucket,
  counts: Partial<Usage>,
): number | undefined {
  const usage = { ...NO_USAGE, ...counts };
  const cost = priceCall(readingOf(usage, { serviceTier: tier, speed, inferenceGeo: geo }), {
    model,
    requestedModel: model,
    atMs: Date.parse(`${day}T12:00:00Z`),
    platform: 'anthropic',
  });
  return cost.status === 'unpriced' ? undefined : cost.buckets[bucket] / usage[bucket];
}

// Requests of the price tests: a call on the day the table was made, unless a test says otherwise.

import type { CallCircumstances } from '../../../core/pricing/circumstances.ts';
import { priceCall, type CallCost } from '../../../core/pricing/cost.ts';
import type { PriceOverrides } from '../../../core/pricing/price-overrides.ts';
import { readUsage } from '../../../core/pricing/usage.ts';

export const TODAY = '2026-11-21T12:00:00Z';

export interface CallInput extends Omit<CallCircumstances, 'atMs' | 'model'> {
  readonly model: string;
  readonly usage: unknown;
  /** ISO time; default {@link TODAY}. */
  readonly at?: string;
}

export function price({ at = TODAY, usage, ...call }: CallInput, overrides?: PriceOverrides): CallCost {
  return priceCall(readUsage(usage), { ...call, atMs: Date.parse(at) }, overrides);
}

/** Cost in nano-USD; fails the test when the call is unpriced. */
export function costNanoUsd(input: CallInput, overrides?: PriceOverrides): number {
  const cost = price(input, overrides);
  if (cost.status === 'unpriced') throw new Error(`unpriced: ${cost.reason}: ${cost.detail}`);
  return cost.costNanoUsd;
}

export function reasonOf(input: CallInput, overrides?: PriceOverrides): string | undefined {
  return price(input, overrides).reason;
}

/** A usage with both cache lifetimes, as the API writes it. */
export function rawUsage(counts: {
  readonly input?: number;
  readonly read?: number;
  readonly write5m?: number;
  readonly write1h?: number;
  readonly output?: number;
}): Record<string, unknown> {
  const { input = 0, read = 0, write5m = 0, write1h = 0, output = 0 } = counts;
  return {
    input_tokens: input,
    output_tokens: output,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: write5m + write1h,
    cache_creation: { ephemeral_5m_input_tokens: write5m, ephemeral_1h_input_tokens: write1h },
  };
}

/** One agent turn: 10 input, 50,000 read, 5,000 written for 5 minutes, 1,000 for an hour, 1,000 output. */
export const TURN = rawUsage({ input: 10, read: 50_000, write5m: 5000, write1h: 1000, output: 1000 });

// Price overrides: what a user knows better than the table (contract rates, a discount, whose id is whose).

import type { RateCard } from './prices/price-row.ts';

/** Rates of a contract, charged as written: no tier, fast rate, factor or multiplier changes them. */
export interface OverrideRates {
  readonly rates: RateCard;
  /** Unix ms, `[fromMs, toMs)`. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PriceOverrides {
  /** Stands behind the table version on every call that was priced with the file. */
  readonly version: string;
  /** Multiplier on list prices, in millionths; 1,000,000 changes nothing. */
  readonly multiplierMillionths: number;
  /** Contract rates by model id, as the API or the table writes it. */
  readonly models: ReadonlyMap<string, OverrideRates>;
  /** The user's own ids (deployments, opaque profiles, gateway names) and the ids they stand for. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Locations and whether they count as regional. */
  readonly regions: ReadonlyMap<string, 'global' | 'regional'>;
}

// A price row: what one model cost over one span of days, absolute, with its source.
// A rate card: five token rates in integer micro-USD per million tokens, which is the same number as
// pico-USD per token. Absolute numbers, because the ratio between them differs by model.

/** Rates in micro-USD per million tokens (pico-USD per token). */
export interface RateCard {
  readonly input: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly cacheRead: number;
  readonly output: number;
}

/** `official`: read on Anthropic's page. `quoted`: that page quoted by others. `secondary`: others only. `inferred`: concluded. */
export type Confidence = 'official' | 'quoted' | 'secondary' | 'inferred';

export interface PriceSource {
  readonly url: string;
  /** Day on which the page was read, `YYYY-MM-DD`. */
  readonly retrievedAt: string;
  readonly confidence: Confidence;
  readonly note?: string;
}

/** Rates of fast mode. `standard` means that it runs and is charged at the standard rates. */
export type FastRates = RateCard | 'standard';

export interface PriceRow {
  /** First and last moment of the row, UTC days: `[validFrom, validTo)`. */
  readonly validFrom: string;
  readonly validTo: string | null;
  readonly rates: RateCard;
  /** The whole request, output included, moves to these rates when its prompt is longer. */
  readonly longPrompt?: { readonly over: number; readonly rates: RateCard; readonly fast?: RateCard };
  /** Absent where a fast call has no known price. */
  readonly fast?: FastRates;
  readonly source: PriceSource;
  readonly fastSource?: PriceSource;
}

export interface PricedModel {
  /** Claude API id without a date. */
  readonly id: string;
  /** Other names of the same model, date suffix left out. */
  readonly aliases?: readonly string[];
  readonly released: string;
  /** ×1.1 when served with US data residency (Claude API, Claude Platform on AWS, Foundry): 4.6 and newer. */
  readonly hasGeoPrice: boolean;
  /** ×1.1 on regional endpoints of Bedrock and Google Cloud: 4.5 and newer. */
  readonly hasRegionalPrice: boolean;
  /** Platforms beyond the Claude API that serve its fast mode. */
  readonly fastPlatforms?: readonly string[];
  readonly rows: readonly PriceRow[];
}

const MICRO_USD_PER_USD = 1_000_000;

/** A rate card from prices as the price page prints them, USD per million tokens. */
export function usdPerMTok(
  input: number,
  cacheWrite5m: number,
  cacheWrite1h: number,
  cacheRead: number,
  output: number,
): RateCard {
  return {
    input: toMicroUsd(input),
    cacheWrite5m: toMicroUsd(cacheWrite5m),
    cacheWrite1h: toMicroUsd(cacheWrite1h),
    cacheRead: toMicroUsd(cacheRead),
    output: toMicroUsd(output),
  };
}

// Printed prices have at most three decimals, so rounding only removes the error of the double.
function toMicroUsd(usd: number): number {
  return Math.round(usd * MICRO_USD_PER_USD);
}

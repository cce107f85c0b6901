// Price comparison: each rate of each row of the table against what another price list says for the same
// tokens at the same moment. A difference is one rate on which the two disagree.

import { PRICED_MODELS } from '../../core/prices/table.ts';
import type { PricedModel, PriceRow, RateCard } from '../../core/prices/price-row.ts';
import { KNOWN_DIFFERENCES, type KnownDifference } from './known-price-differences.ts';

export type Rate = keyof RateCard;

/** Another price list. */
export interface OtherPrices {
  readonly name: string;
  readonly url: string;
  /** USD for so many tokens of one kind in one call; `undefined` when the list does not know the model. */
  priceUsd(id: string, rate: Rate, tokens: number, atMs: number): number | undefined;
}

export interface PriceDifference {
  readonly id: string;
  readonly valid_from: string;
  /** Set for the rates of a long prompt. */
  readonly prompt_over: number | null;
  readonly rate: Rate;
  readonly ours_usd_per_mtok: number;
  /** Null when the other list has no price. */
  readonly theirs_usd_per_mtok: number | null;
  readonly our_source: string;
  readonly their_source: string;
  /** Why the table stays; null for a difference that nobody has judged. */
  readonly reason: string | null;
}

const RATES: readonly Rate[] = ['input', 'cacheWrite5m', 'cacheWrite1h', 'cacheRead', 'output'];
const TOKENS_PER_MTOK = 1_000_000;
const MICRO_USD_PER_USD = 1_000_000;
const SHORT_PROBE_TOKENS = 1000;
const MIN_DIFFERENCE_USD_PER_MTOK = 1e-6;
const DAY_MS = 86_400_000;

/** All rates on which the list and the table disagree, in the order of the table. */
export function comparePrices(
  other: OtherPrices,
  models: readonly PricedModel[] = PRICED_MODELS,
  known: readonly KnownDifference[] = KNOWN_DIFFERENCES,
): PriceDifference[] {
  return models.flatMap((model) => model.rows.flatMap((row) => compareRow(other, model.id, row, known)));
}

function compareRow(
  other: OtherPrices,
  id: string,
  row: PriceRow,
  known: readonly KnownDifference[],
): PriceDifference[] {
  // The day after the first, so that two lists that differ by hours about the start of a row still agree.
  const atMs = Date.parse(row.validFrom) + DAY_MS;
  const reason =
    known.find(
      (difference) =>
        difference.source === other.name &&
        difference.id === id &&
        (difference.validFrom ?? row.validFrom) === row.validFrom,
    )?.reason ?? null;
  const compareCard = (card: RateCard, over: number | null, rates: readonly Rate[]): PriceDifference[] =>
    rates.flatMap((rate) => {
      const tokens = over === null ? SHORT_PROBE_TOKENS : over + SHORT_PROBE_TOKENS;
      const usd = other.priceUsd(id, rate, tokens, atMs);
      const ours = card[rate] / MICRO_USD_PER_USD;
      const theirs = usd === undefined ? null : (usd / tokens) * TOKENS_PER_MTOK;
      if (theirs !== null && Math.abs(theirs - ours) < MIN_DIFFERENCE_USD_PER_MTOK) return [];
      return [
        {
          id,
          valid_from: row.validFrom,
          prompt_over: over,
          rate,
          ours_usd_per_mtok: ours,
          theirs_usd_per_mtok: theirs,
          our_source: row.source.url,
          their_source: other.url,
          reason,
        },
      ];
    });
  // Output alone makes no long prompt, so it is compared on the short card only.
  const inputRates = RATES.filter((rate) => rate !== 'output');
  return [
    ...compareCard(row.rates, null, RATES),
    ...(row.longPrompt ? compareCard(row.longPrompt.rates, row.longPrompt.over, inputRates) : []),
  ];
}

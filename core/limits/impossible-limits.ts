// Impossible limits: a price file with a slip (dollars a thousand tokens in place of a million, say) makes every request
// cost more than its limit. Found at start, so that it is said before anybody is refused.

import { formatCost } from '../text/format.ts';
import { priceCall, type PriceOverrides } from '../pricing/cost.ts';
import { NO_USAGE, readingOf } from '../pricing/usage.ts';
import { matchesPattern, unitOf, type LimitRule } from './limit.ts';

/** A short request: whoever pays more for it than the limit gets no work done below it. */
const SHORT = { input: 1_000, output: 256 } as const;

/** A line for each model of the price file whose short requests a limit would refuse; never more than one a model. */
export function findImpossibleLimits(
  rules: readonly LimitRule[],
  overrides: PriceOverrides | undefined,
  atMs: number,
): string[] {
  if (overrides === undefined) return [];
  const money = rules.filter(({ scope }) => unitOf(scope) === 'nanoUsd');
  return [...overrides.models.keys()].flatMap((model) => {
    const cost = priceCall(readingOf({ ...NO_USAGE, ...SHORT }), { model, atMs }, overrides);
    if (cost.status === 'unpriced') return [];
    const rule = money.find(
      ({ amount, match }) => amount < cost.costNanoUsd && matchesPattern(match.model ?? '*', model),
    );
    if (rule === undefined) return [];
    return [
      `ERROR: by TALLYSPAN_PRICES a short request to ${model} costs ${formatCost(cost.costNanoUsd)}, so ${rule.name} (${formatCost(rule.amount)}) will refuse every call to it. Fix the price (dollars per million tokens), or raise the limit.`,
    ];
  });
}

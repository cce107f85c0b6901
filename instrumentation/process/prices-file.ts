// The price file of the user (TALLYSPAN_PRICES): read once at start; what is wrong in it is told, and then
// the list prices apply.

import {
  describeOverrideError,
  parsePriceOverrides,
  type PriceOverrides,
} from '../../core/pricing/price-overrides.ts';
import { say } from './diagnostics.ts';
import { readIfThere } from './files.ts';

export function loadPrices(path: string | undefined): PriceOverrides | undefined {
  const prices = readPrices(path);
  if (prices === undefined || !('problems' in prices)) return prices;
  for (const problem of prices.problems) say(problem);
  return undefined;
}

/** The prices of the file, or lines to say about what is wrong in it; undefined where none is named. */
export function readPrices(
  path: string | undefined,
): PriceOverrides | { readonly problems: readonly string[] } | undefined {
  if (path === undefined) return undefined;
  const text = readIfThere(path);
  if (text === undefined)
    return { problems: [`TALLYSPAN_PRICES: ${path} cannot be read. List prices apply.`] };
  const result = parsePriceOverrides(text);
  if (!('errors' in result)) return result;
  return {
    problems: result.errors.map((error) => `${describeOverrideError(path, error)}. List prices apply.`),
  };
}

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
  if (path === undefined) return undefined;
  const text = readIfThere(path);
  if (text === undefined) {
    say(`TALLYSPAN_PRICES: ${path} cannot be read. List prices apply.`);
    return undefined;
  }
  const result = parsePriceOverrides(text);
  if (!('errors' in result)) return result;
  for (const error of result.errors) say(`${describeOverrideError(path, error)}. List prices apply.`);
  return undefined;
}

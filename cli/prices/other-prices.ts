// Other price lists that `prices check` compares with. They are no dependency of the published package: each
// is loaded when it is installed beside it, and left out when it is not.

import type * as GenaiPrices from '@pydantic/genai-prices';
import type { OtherPrices, Rate } from './price-comparison.ts';

type GenaiUsage = Parameters<typeof GenaiPrices.calcPrice>[0];

const GENAI_PRICES = '@pydantic/genai-prices';

/** `@pydantic/genai-prices`, or `undefined` when it is not installed. */
export async function loadGenaiPrices(): Promise<OtherPrices | undefined> {
  let library: typeof GenaiPrices;
  try {
    // The name is a variable so that a bundler leaves the package out.
    library = (await import(GENAI_PRICES)) as typeof GenaiPrices;
  } catch {
    return undefined;
  }
  return {
    name: GENAI_PRICES,
    url: 'https://github.com/pydantic/genai-prices',
    priceUsd(id, rate, tokens, atMs) {
      const options = { providerId: 'anthropic', timestamp: new Date(atMs) };
      const result = library.calcPrice(toGenaiUsage(rate, tokens), id, options);
      return result === null ? undefined : result.total_price;
    },
  };
}

// Its input_tokens include the cached ones.
function toGenaiUsage(rate: Rate, tokens: number): GenaiUsage {
  switch (rate) {
    case 'input':
      return { input_tokens: tokens };
    case 'output':
      return { output_tokens: tokens };
    case 'cacheRead':
      return { input_tokens: tokens, cache_read_tokens: tokens };
    case 'cacheWrite5m':
      return { input_tokens: tokens, cache_write_tokens: tokens, cache_write_5m_tokens: tokens };
    case 'cacheWrite1h':
      return { input_tokens: tokens, cache_write_tokens: tokens, cache_write_1h_tokens: tokens };
  }
}

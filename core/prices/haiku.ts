// Prices of the Haiku models. Columns of a rate card: input, 5m write, 1h write, cache read, output.

import { usdPerMTok, type PricedModel } from './price-row.ts';
import { SOURCES } from './sources.ts';

export const HAIKU_MODELS: readonly PricedModel[] = [
  {
    id: 'claude-haiku-5-5',
    released: '2026-10-07',
    hasGeoPrice: true,
    hasRegionalPrice: true,
    rows: [
      {
        validFrom: '2026-10-07',
        validTo: null,
        rates: usdPerMTok(0.1, 0.125, 0.2, 0.01, 0.5),
        longPrompt: { over: 100_000, rates: usdPerMTok(0.5, 0.625, 1, 0.05, 2.5) },
        source: SOURCES.haiku55,
      },
    ],
  },
  {
    id: 'claude-haiku-4-5',
    released: '2025-10-15',
    hasGeoPrice: false,
    hasRegionalPrice: true,
    rows: [
      {
        validFrom: '2025-10-01',
        validTo: null,
        rates: usdPerMTok(1, 1.25, 2, 0.1, 5),
        source: SOURCES.pricing,
      },
    ],
  },
  {
    id: 'claude-3-5-haiku',
    aliases: ['claude-3-5-haiku-latest'],
    released: '2024-11-04',
    hasGeoPrice: false,
    hasRegionalPrice: false,
    rows: [
      {
        validFrom: '2024-10-22',
        validTo: '2024-12-03',
        rates: usdPerMTok(1, 1.25, 2, 0.1, 5),
        source: SOURCES.haiku35Launch,
      },
      {
        validFrom: '2024-12-03',
        validTo: null,
        rates: usdPerMTok(0.8, 1, 1.6, 0.08, 4),
        source: SOURCES.pricing,
      },
    ],
  },
  {
    id: 'claude-3-haiku',
    released: '2024-03-07',
    hasGeoPrice: false,
    hasRegionalPrice: false,
    rows: [
      {
        validFrom: '2024-03-07',
        validTo: null,
        rates: usdPerMTok(0.25, 0.3, 0.5, 0.03, 1.25),
        source: SOURCES.pricingFeb2026,
      },
    ],
  },
];

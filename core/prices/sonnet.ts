// Prices of the Sonnet models. Columns of a rate card: input, 5m write, 1h write, cache read, output.

import { usdPerMTok, type PricedModel } from './price-row.ts';
import { SOURCES } from './sources.ts';

const SONNET_RATES = usdPerMTok(3, 3.75, 6, 0.3, 15);
const OVER_200K = { over: 200_000, rates: usdPerMTok(6, 7.5, 12, 0.6, 22.5) };

export const SONNET_MODELS: readonly PricedModel[] = [
  {
    id: 'claude-sonnet-5-5',
    released: '2026-09-28',
    hasGeoPrice: true,
    hasRegionalPrice: true,
    rows: [
      {
        validFrom: '2026-09-28',
        validTo: '2026-10-07',
        rates: usdPerMTok(2, 2.5, 4, 0.2, 10),
        source: SOURCES.sonnet55,
      },
      // Cache reads were halved on the day Haiku 5.5 came out.
      {
        validFrom: '2026-10-07',
        validTo: null,
        rates: usdPerMTok(2, 2.5, 4, 0.1, 10),
        source: SOURCES.haiku55,
      },
    ],
  },
  {
    // The rise to 3/15 that was announced for 2026-09-01 was cancelled.
    id: 'claude-sonnet-5',
    released: '2026-06-30',
    hasGeoPrice: true,
    hasRegionalPrice: true,
    rows: [
      {
        validFrom: '2026-06-30',
        validTo: null,
        rates: usdPerMTok(2, 2.5, 4, 0.2, 10),
        source: SOURCES.pricing,
      },
    ],
  },
  {
    id: 'claude-sonnet-4-6',
    released: '2026-02-17',
    hasGeoPrice: true,
    hasRegionalPrice: true,
    rows: [
      {
        validFrom: '2026-02-17',
        validTo: '2026-03-13',
        rates: SONNET_RATES,
        longPrompt: OVER_200K,
        source: SOURCES.longContextHistory,
      },
      { validFrom: '2026-03-13', validTo: null, rates: SONNET_RATES, source: SOURCES.pricing },
    ],
  },
  {
    id: 'claude-sonnet-4-5',
    released: '2025-09-29',
    hasGeoPrice: false,
    hasRegionalPrice: true,
    rows: [
      {
        validFrom: '2025-09-29',
        validTo: '2026-04-30',
        rates: SONNET_RATES,
        longPrompt: OVER_200K,
        source: SOURCES.pricing,
      },
      // The beta of the long context ended: a longer prompt is refused.
      { validFrom: '2026-04-30', validTo: null, rates: SONNET_RATES, source: SOURCES.pricing },
    ],
  },
  {
    id: 'claude-sonnet-4',
    aliases: ['claude-sonnet-4-0'],
    released: '2025-05-14',
    hasGeoPrice: false,
    hasRegionalPrice: false,
    rows: [
      {
        validFrom: '2025-05-14',
        validTo: '2026-04-30',
        rates: SONNET_RATES,
        longPrompt: OVER_200K,
        source: SOURCES.pricingAug2025,
      },
      { validFrom: '2026-04-30', validTo: null, rates: SONNET_RATES, source: SOURCES.pricing },
    ],
  },
  {
    id: 'claude-3-7-sonnet',
    aliases: ['claude-3-7-sonnet-latest'],
    released: '2025-02-19',
    hasGeoPrice: false,
    hasRegionalPrice: false,
    rows: [{ validFrom: '2025-02-19', validTo: null, rates: SONNET_RATES, source: SOURCES.pricingAug2025 }],
  },
  {
    id: 'claude-3-5-sonnet',
    // Google Cloud tells the second snapshot apart by `-v2`.
    aliases: ['claude-3-5-sonnet-latest', 'claude-3-5-sonnet-v2'],
    released: '2024-06-20',
    hasGeoPrice: false,
    hasRegionalPrice: false,
    rows: [{ validFrom: '2024-06-20', validTo: null, rates: SONNET_RATES, source: SOURCES.pricingAug2025 }],
  },
];

// Prices of the Opus models. Columns of a rate card: input, 5m write, 1h write, cache read, output.

import { usdPerMTok, type PricedModel } from './price-row.ts';
import { SOURCES } from './sources.ts';

const OPUS_4_5_RATES = usdPerMTok(5, 6.25, 10, 0.5, 25);
const OPUS_4_RATES = usdPerMTok(15, 18.75, 30, 1.5, 75);
const FAST_6X_RATES = usdPerMTok(30, 37.5, 60, 3, 150);
const FAST_2X_RATES = usdPerMTok(10, 12.5, 20, 1, 50);

export const OPUS_MODELS: readonly PricedModel[] = [
  {
    id: 'claude-opus-5-5',
    released: '2026-09-22',
    hasGeoPrice: true,
    hasRegionalPrice: true,
    fastPlatforms: ['foundry'],
    rows: [
      {
        validFrom: '2026-09-22',
        validTo: null,
        rates: usdPerMTok(4, 5, 8, 0.2, 20),
        fast: usdPerMTok(8, 10, 16, 0.4, 40),
        source: SOURCES.opus55,
        fastSource: SOURCES.opus55Fast,
      },
    ],
  },
  {
    id: 'claude-opus-5',
    released: '2026-07-24',
    hasGeoPrice: true,
    hasRegionalPrice: true,
    rows: [
      {
        validFrom: '2026-07-24',
        validTo: null,
        rates: OPUS_4_5_RATES,
        fast: FAST_2X_RATES,
        source: SOURCES.pricing,
      },
    ],
  },
  {
    id: 'claude-opus-4-8',
    released: '2026-05-28',
    hasGeoPrice: true,
    hasRegionalPrice: true,
    rows: [
      {
        validFrom: '2026-05-28',
        validTo: '2026-11-30',
        rates: OPUS_4_5_RATES,
        fast: FAST_2X_RATES,
        source: SOURCES.pricing,
        fastSource: SOURCES.fastModePage,
      },
      // Fast mode of this model ends; a call that says it was fast has no price from here on.
      { validFrom: '2026-11-30', validTo: null, rates: OPUS_4_5_RATES, source: SOURCES.pricing },
    ],
  },
  {
    id: 'claude-opus-4-7',
    released: '2026-04-16',
    hasGeoPrice: true,
    hasRegionalPrice: true,
    rows: [
      {
        validFrom: '2026-04-16',
        validTo: '2026-07-24',
        rates: OPUS_4_5_RATES,
        fast: FAST_6X_RATES,
        source: SOURCES.pricing,
        fastSource: SOURCES.fastHistory,
      },
      // Asking for fast mode is an error from here on.
      { validFrom: '2026-07-24', validTo: null, rates: OPUS_4_5_RATES, source: SOURCES.pricing },
    ],
  },
  {
    id: 'claude-opus-4-6',
    released: '2026-02-05',
    hasGeoPrice: true,
    hasRegionalPrice: true,
    rows: [
      {
        validFrom: '2026-02-05',
        validTo: '2026-03-13',
        rates: OPUS_4_5_RATES,
        longPrompt: {
          over: 200_000,
          rates: usdPerMTok(10, 12.5, 20, 1, 37.5),
          fast: usdPerMTok(60, 75, 120, 6, 225),
        },
        fast: FAST_6X_RATES,
        source: SOURCES.longContextHistory,
        fastSource: SOURCES.fastHistory,
      },
      {
        validFrom: '2026-03-13',
        validTo: '2026-06-27',
        rates: OPUS_4_5_RATES,
        fast: FAST_6X_RATES,
        source: SOURCES.pricing,
        fastSource: SOURCES.fastHistory,
      },
      // A request for fast mode is accepted, and served and charged as standard.
      {
        validFrom: '2026-06-27',
        validTo: null,
        rates: OPUS_4_5_RATES,
        fast: 'standard',
        source: SOURCES.pricing,
        fastSource: SOURCES.fastOpus46End,
      },
    ],
  },
  {
    id: 'claude-opus-4-5',
    released: '2025-11-24',
    hasGeoPrice: false,
    hasRegionalPrice: true,
    rows: [{ validFrom: '2025-11-01', validTo: null, rates: OPUS_4_5_RATES, source: SOURCES.pricing }],
  },
  {
    id: 'claude-opus-4-1',
    released: '2025-08-05',
    hasGeoPrice: false,
    hasRegionalPrice: false,
    rows: [{ validFrom: '2025-08-05', validTo: null, rates: OPUS_4_RATES, source: SOURCES.pricing }],
  },
  {
    id: 'claude-opus-4',
    aliases: ['claude-opus-4-0'],
    released: '2025-05-14',
    hasGeoPrice: false,
    hasRegionalPrice: false,
    rows: [{ validFrom: '2025-05-14', validTo: null, rates: OPUS_4_RATES, source: SOURCES.pricing }],
  },
  {
    id: 'claude-3-opus',
    aliases: ['claude-3-opus-latest'],
    released: '2024-02-29',
    hasGeoPrice: false,
    hasRegionalPrice: false,
    rows: [{ validFrom: '2024-02-29', validTo: null, rates: OPUS_4_RATES, source: SOURCES.pricingFeb2026 }],
  },
];

// Prices of the Fable and Mythos models. Columns of a rate card: input, 5m write, 1h write, cache read, output.

import { usdPerMTok, type PricedModel } from './price-row.ts';
import { SOURCES } from './sources.ts';

const FABLE_5_1_RATES = usdPerMTok(10, 12.5, 20, 0.25, 50);
const FABLE_5_RATES = usdPerMTok(10, 12.5, 20, 1, 50);
const NEWEST = { hasGeoPrice: true, hasRegionalPrice: true } as const;

export const FABLE_AND_MYTHOS_MODELS: readonly PricedModel[] = [
  {
    id: 'claude-fable-5-2',
    released: '2026-11-09',
    ...NEWEST,
    fastPlatforms: ['vertex'],
    rows: [
      {
        validFrom: '2026-11-09',
        validTo: null,
        rates: usdPerMTok(8, 10, 16, 0.2, 40),
        fast: usdPerMTok(16, 20, 32, 0.4, 80),
        source: SOURCES.fable52,
        fastSource: SOURCES.fable52Fast,
      },
    ],
  },
  {
    id: 'claude-fable-5-1',
    released: '2026-09-01',
    ...NEWEST,
    rows: [{ validFrom: '2026-09-01', validTo: null, rates: FABLE_5_1_RATES, source: SOURCES.pricing }],
  },
  {
    id: 'claude-mythos-5-1',
    released: '2026-09-01',
    ...NEWEST,
    rows: [{ validFrom: '2026-09-01', validTo: null, rates: FABLE_5_1_RATES, source: SOURCES.pricing }],
  },
  {
    id: 'claude-fable-5',
    released: '2026-06-09',
    ...NEWEST,
    rows: [{ validFrom: '2026-06-09', validTo: null, rates: FABLE_5_RATES, source: SOURCES.pricing }],
  },
  {
    id: 'claude-mythos-5',
    released: '2026-06-09',
    ...NEWEST,
    rows: [{ validFrom: '2026-06-09', validTo: null, rates: FABLE_5_RATES, source: SOURCES.pricing }],
  },
];

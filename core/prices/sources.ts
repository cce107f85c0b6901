// Sources: the pages from which the prices were read, by the name that rows use.

import type { PriceSource } from './price-row.ts';

const PRICING_PAGE = 'https://platform.claude.com/docs/en/about-claude/pricing';
const FAST_MODE_PAGE = 'https://code.claude.com/docs/en/fast-mode';
const MODELS = 'https://platform.claude.com/docs/en/models';
const RETRIEVED_AT = '2026-11-21';

export const SOURCES = {
  pricing: {
    url: PRICING_PAGE,
    retrievedAt: RETRIEVED_AT,
    confidence: 'official',
    note: 'edition of September 2026, before Opus 5.5',
  },
  pricingFeb2026: {
    url: PRICING_PAGE,
    retrievedAt: RETRIEVED_AT,
    confidence: 'official',
    note: 'edition of February 2026',
  },
  pricingAug2025: {
    url: PRICING_PAGE,
    retrievedAt: RETRIEVED_AT,
    confidence: 'official',
    note: 'edition of August 2025',
  },
  haiku55: {
    url: `${MODELS}/haiku-5-5/overview`,
    retrievedAt: RETRIEVED_AT,
    confidence: 'official',
    note: 'edition of October 2026; also the cut of cache reads to 5 % on Sonnet 5.5',
  },
  sonnet55: {
    url: `${MODELS}/sonnet-5-5/overview`,
    retrievedAt: RETRIEVED_AT,
    confidence: 'official',
    note: 'edition of autumn 2026',
  },
  opus55: {
    url: `${MODELS}/opus-5-5/overview`,
    retrievedAt: RETRIEVED_AT,
    confidence: 'official',
    note: 'edition of autumn 2026',
  },
  fable52: {
    url: PRICING_PAGE,
    retrievedAt: RETRIEVED_AT,
    confidence: 'secondary',
    note: 'the page itself was not seen; two independent readers of it agree (docs.laozhang.ai of 2026-11-10, rightsize 0.10.2)',
  },
  fable52Fast: {
    url: FAST_MODE_PAGE,
    retrievedAt: RETRIEVED_AT,
    confidence: 'inferred',
    note: 'the page says that the mode exists; twice the rate on all token types is what Google Cloud says of its own, taken for the Claude API too',
  },
  opus55Fast: {
    url: 'https://models.dev',
    retrievedAt: RETRIEVED_AT,
    confidence: 'secondary',
    note: 'data of 2026-09-30; two more price lists agree',
  },
  fastModePage: {
    url: FAST_MODE_PAGE,
    retrievedAt: RETRIEVED_AT,
    confidence: 'official',
    note: 'day of the removal',
  },
  fastHistory: {
    url: 'https://platform.claude.com/docs/en/build-with-claude/fast-mode',
    retrievedAt: RETRIEVED_AT,
    confidence: 'quoted',
    note: 'earlier editions: 30/150, and 60/225 over 200,000 tokens while that tier existed',
  },
  fastOpus46End: {
    url: FAST_MODE_PAGE,
    retrievedAt: RETRIEVED_AT,
    confidence: 'inferred',
    note: 'announced for about 30 days after the launch of Opus 4.8; the exact day was not seen',
  },
  longContextHistory: {
    url: 'https://github.com/pydantic/genai-prices',
    retrievedAt: RETRIEVED_AT,
    confidence: 'secondary',
    note: 'start_date of the flat price, in data of 2026-08-21',
  },
  haiku35Launch: {
    url: 'https://aiwiki.ai/wiki/claude_3_5_haiku',
    retrievedAt: RETRIEVED_AT,
    confidence: 'secondary',
    note: 'launch price 1/5, lowered about a month later; the day is taken as 2024-12-03',
  },
} as const satisfies Record<string, PriceSource>;

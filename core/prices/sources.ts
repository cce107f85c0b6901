// Sources: the pages from which the prices were read, by the name that rows use.

import type { PriceSource } from './price-row.ts';

const PRICING_PAGE = 'https://platform.claude.com/docs/en/about-claude/pricing';
const MODELS = 'https://platform.claude.com/docs/en/models';

export const SOURCES = {
  pricing: { url: PRICING_PAGE, retrievedAt: '2026-09-02', confidence: 'official' },
  pricingFeb2026: {
    url: PRICING_PAGE,
    retrievedAt: '2026-02-20',
    confidence: 'official',
    note: 'edition of February 2026',
  },
  pricingAug2025: {
    url: PRICING_PAGE,
    retrievedAt: '2025-08-20',
    confidence: 'official',
    note: 'edition of August 2025',
  },
  haiku55: { url: `${MODELS}/haiku-5-5/overview`, retrievedAt: '2026-10-08', confidence: 'official' },
  sonnet55: { url: `${MODELS}/sonnet-5-5/overview`, retrievedAt: '2026-10-01', confidence: 'official' },
  opus55: { url: `${MODELS}/opus-5-5/overview`, retrievedAt: '2026-10-01', confidence: 'official' },
  fable52: {
    url: PRICING_PAGE,
    retrievedAt: '2026-11-10',
    confidence: 'secondary',
    note: 'two independent readers of the page agree; the page itself was not seen',
  },
  fable52Fast: {
    url: 'https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude',
    retrievedAt: '2026-11-10',
    confidence: 'quoted',
    note: 'Google Cloud: twice the rate on all token types; the same factor is assumed on the Claude API',
  },
  opus55Fast: {
    url: 'https://models.dev',
    retrievedAt: '2026-09-30',
    confidence: 'secondary',
    note: 'three price lists agree',
  },
  fastModePage: {
    url: 'https://code.claude.com/docs/en/fast-mode',
    retrievedAt: '2026-09-02',
    confidence: 'official',
  },
  fastHistory: {
    url: 'https://platform.claude.com/docs/en/build-with-claude/fast-mode',
    retrievedAt: '2026-11-21',
    confidence: 'quoted',
    note: 'earlier editions of the page: 30/150, and 60/225 over 200,000 tokens while that tier existed',
  },
  fastOpus46End: {
    url: 'https://code.claude.com/docs/en/fast-mode',
    retrievedAt: '2026-11-21',
    confidence: 'inferred',
    note: 'announced for about 30 days after the launch of Opus 4.8; the exact day was not seen',
  },
  longContextHistory: {
    url: 'https://github.com/pydantic/genai-prices',
    retrievedAt: '2026-08-21',
    confidence: 'secondary',
    note: 'start_date of the flat price',
  },
  haiku35Launch: {
    url: 'https://aiwiki.ai/wiki/claude_3_5_haiku',
    retrievedAt: '2026-11-21',
    confidence: 'secondary',
    note: 'launch price 1/5, lowered about a month later; the day is taken as 2024-12-03',
  },
} as const satisfies Record<string, PriceSource>;

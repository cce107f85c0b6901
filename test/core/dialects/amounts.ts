// Amounts of calls, reckoned from rates that are written out here once more, and a call as an emitter tells of it.

import { translateSpan } from '../../../core/dialects.ts';
import type { EventRecord } from '../../../core/event.ts';

export type Attributes = Readonly<Record<string, unknown>>;

const START_MS = Date.UTC(2026, 10, 20, 10);
/** Micro-USD per thousand tokens: uncached, written for 5 minutes and for an hour, read, output. */
const RATES = {
  sonnet: [3000, 3750, 6000, 300, 15_000],
  opus: [4000, 5000, 8000, 200, 20_000],
  fastOpus: [8000, 10_000, 16_000, 400, 40_000],
  haiku: [1000, 1250, 2000, 100, 5000],
} as const;
const SEARCH = 10_000_000;
export const SONNET = 'claude-sonnet-4-5-20250929';
export const OPUS = 'claude-opus-5-5';

export interface Tokens {
  readonly uncached: number;
  readonly read?: number;
  readonly written?: number;
  readonly hour?: number;
  readonly output: number;
}

export function amount(rates: keyof typeof RATES, tokens: Tokens, factor = 1, searches = 0): number {
  const { uncached, read = 0, written = 0, hour = 0, output } = tokens;
  const counts = [uncached, written, hour, read, output];
  const nano = RATES[rates].reduce((sum, rate, index) => sum + rate * (counts[index] as number), 0);
  return Math.round(nano * factor) + searches * SEARCH;
}

export function callOf(
  attributes: Attributes,
  more: { readonly scope?: string; readonly version?: string; readonly name?: string } = {},
): EventRecord | undefined {
  return translateSpan({
    name: more.name ?? 'chat',
    scopeName: more.scope ?? 'my-own-tracer',
    scopeVersion: more.version,
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    startMs: START_MS,
    endMs: START_MS + 2000,
    isError: false,
    attributes,
    resource: {},
  });
}

export const chat = (model: string, input: unknown, output: unknown, more: Attributes = {}): Attributes => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'anthropic',
  'gen_ai.request.model': model,
  'gen_ai.response.model': model,
  'gen_ai.usage.input_tokens': input,
  'gen_ai.usage.output_tokens': output,
  ...more,
});
/** Some input that is larger than what of it was cached, so that both meanings are possible. */
export const T: Tokens = { uncached: 60_000, read: 9000, written: 700, output: 90 };
export const WHOLE = 69_700;
export const READ = 'gen_ai.usage.cache_read.input_tokens';
export const WRITTEN = 'gen_ai.usage.cache_creation.input_tokens';

// What the recorded calls of a stretch of time would have cost with one setting changed.

import { formatCount } from '../../../core/text/format.ts';
import { usdOf } from '../../../core/money.ts';
import type { Usage } from '../../../core/pricing/usage.ts';
import { priceWhatIf, type CacheSetting, type WhatIfChange } from '../../../core/pricing/what-if.ts';
import type { ChunkQueryable } from '../../store/file/database.ts';
import { ServerError } from '../../process/server-error.ts';
import { readInTurn } from './large-reading.ts';
import { readEvents, surveyEvents, type EventQuestion } from '../read-events.ts';

export const CACHE_SETTINGS: readonly CacheSetting[] = ['off', '5m', '1h'];

export interface WhatIfQuestion extends WhatIfChange {
  /** (from, to], Unix milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly agent?: string | undefined;
}

interface TokenCounts {
  readonly tokens_input: number;
  readonly tokens_cache_read: number;
  readonly tokens_cache_write_5m: number;
  readonly tokens_cache_write_1h: number;
  readonly tokens_output: number;
}

export interface WhatIfReport {
  readonly window: { readonly from: string; readonly to: string };
  readonly change: { readonly model?: string; readonly cache?: CacheSetting; readonly batch?: boolean };
  readonly calls: number;
  readonly changed_calls: number;
  /** Calls that have no price after the change; counted with what they cost. */
  readonly unpriced_calls: number;
  readonly cost_nano_usd: number;
  readonly cost_usd: number;
  readonly what_if_nano_usd: number;
  readonly what_if_usd: number;
  readonly difference_nano_usd: number;
  readonly difference_usd: number;
  readonly tokens: TokenCounts;
  readonly what_if_tokens: TokenCounts;
}

/** Of more calls than this there is no answer: all of them are held in memory, some 100 MB. */
const CALLS_LIMIT = 100_000;

/** There are more calls in the time than are priced again. */
export class TooManyCallsError extends ServerError {
  /** Of HTTP. */
  readonly statusCode = 400;
}

/** @throws TooManyCallsError */
export function readWhatIf(database: ChunkQueryable, question: WhatIfQuestion): Promise<WhatIfReport> {
  return readInTurn(() => priceAgain(database, question));
}

async function priceAgain(database: ChunkQueryable, question: WhatIfQuestion): Promise<WhatIfReport> {
  const { from, to, agent, model, cache, isBatch } = question;
  const asked: EventQuestion = { from, to, where: { agent }, names: ['agent.model_call'] };
  const survey = await surveyEvents(database, asked);
  if (survey.count > CALLS_LIMIT)
    throw new TooManyCallsError(
      `there are ${formatCount(survey.count)} model calls in that time, and at most ${formatCount(CALLS_LIMIT)} are priced again. Choose a shorter time, or one agent.`,
    );
  const events = await readEvents(database, asked, survey);
  const result = priceWhatIf(events, { model, cache, isBatch });
  return {
    window: { from: new Date(from).toISOString(), to: new Date(to).toISOString() },
    change: {
      ...(model === undefined ? {} : { model }),
      ...(cache === undefined ? {} : { cache }),
      ...(isBatch === undefined ? {} : { batch: isBatch }),
    },
    calls: result.calls,
    changed_calls: result.changedCalls,
    unpriced_calls: result.unpricedCalls,
    cost_nano_usd: result.actualNanoUsd,
    cost_usd: usdOf(result.actualNanoUsd),
    what_if_nano_usd: result.whatIfNanoUsd,
    what_if_usd: usdOf(result.whatIfNanoUsd),
    difference_nano_usd: result.differenceNanoUsd,
    difference_usd: usdOf(result.differenceNanoUsd),
    tokens: tokensOf(result.actualUsage),
    what_if_tokens: tokensOf(result.whatIfUsage),
  };
}

function tokensOf(usage: Usage): TokenCounts {
  return {
    tokens_input: usage.input,
    tokens_cache_read: usage.cacheRead,
    tokens_cache_write_5m: usage.cacheWrite5m,
    tokens_cache_write_1h: usage.cacheWrite1h,
    tokens_output: usage.output,
  };
}

// The worst price of a request whose context the API keeps: a thread is read again as a whole, and the request holds only
// what is new (the tool runner of the SDK asks so from its second turn on).

import { describe, expect, it } from '@jest/globals';
import { describeRequest } from '../../../core/attribution/request-shape.ts';
import { worstPrice, type CountedRequest } from '../../../core/limits/worst-price.ts';
import { NO_USAGE } from '../../../core/pricing/usage.ts';

const AT_MS = Date.UTC(2026, 10, 30, 12);
/** Nano-USD of a token of Claude Haiku 4.5: $1 and $5 a million, a read from the cache a tenth of the first. */
const INPUT = 1_000;
const OUTPUT = 5_000;
const READ = 100;
const MAX_TOKENS = 200;

const bodyOf = (content: unknown, more: object = {}) => ({
  model: 'claude-haiku-4-5',
  max_tokens: MAX_TOKENS,
  messages: [{ role: 'user', content }],
  ...more,
});
const FIRST = bodyOf('hello', { thread: { type: 'create' } });
const NEXT = bodyOf([{ type: 'tool_result', tool_use_id: 't1', content: 'r' }], {
  thread: { type: 'continue', previous_message_id: 'msg_1' },
});
const countedOf = (usage: Partial<CountedRequest['usage']>): CountedRequest => ({
  shape: describeRequest(FIRST),
  usage: { ...NO_USAGE, ...usage },
  atMs: AT_MS,
});
const worstOf = (body: object, counted: CountedRequest | undefined, atMs = AT_MS + 1_000) =>
  worstPrice(
    {
      body,
      shape: describeRequest(body),
      maxTokens: MAX_TOKENS,
      counted,
      atMs,
      platform: undefined,
      region: undefined,
    },
    undefined,
  );

describe('the worst price of a request that goes on with a thread', () => {
  const alone = worstOf(NEXT, undefined);

  it('has what was counted and answered before, beside what is new', () => {
    const counted = countedOf({ input: 40_000, output: 700 });
    const worst = worstOf(NEXT, counted);
    expect(worst.inputTokens - alone.inputTokens).toBe(40_700);
    expect((worst.nanoUsd ?? 0) - (alone.nanoUsd ?? 0)).toBe(40_700 * INPUT);
    expect(worst.nanoUsd).toBe(worst.inputTokens * INPUT + MAX_TOKENS * OUTPUT);
  });

  it('reads from the cache what is in it, and all as new once that may be over', () => {
    const counted = countedOf({ input: 1_000, cacheRead: 30_000, cacheWrite5m: 9_000, output: 700 });
    const kept = (worstOf(NEXT, counted).nanoUsd ?? 0) - (alone.nanoUsd ?? 0);
    expect(kept).toBe(39_000 * READ + 1_700 * INPUT);
    const later = (worstOf(NEXT, counted, AT_MS + 3_600_000).nanoUsd ?? 0) - (alone.nanoUsd ?? 0);
    expect(later).toBe(40_700 * INPUT);
  });

  it('is that of the request alone where a thread begins', () => {
    const counted = countedOf({ input: 40_000, output: 700 });
    const begun = bodyOf('something else', { thread: { type: 'create' } });
    expect(worstOf(begun, counted)).toEqual(worstOf(begun, undefined));
  });
});

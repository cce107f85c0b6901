// Which call continues which, what it could have read from the cache, and what a miss of it is blamed on.

import { describe, expect, it } from '@jest/globals';
import {
  findCacheMisses,
  pairCalls,
  type CacheMiss,
  type CallPair,
} from '../../../core/attribution/cache-forensics.ts';
import { readCalls } from '../../../core/pricing/call-facts.ts';
import type { EventRecord } from '../../../core/event.ts';
import { pricedCall, type PricedCall } from '../pricing/priced-calls.ts';

const MINUTE_MS = 60_000;
const pairsOf = (...calls: PricedCall[]): CallPair[] => pairCalls(readCalls(calls.map(pricedCall)));
const missesOf = (...calls: PricedCall[]): CacheMiss[] => findCacheMisses(calls.map(pricedCall));

/** A name for each call: the step of the one that it continues, or nothing. */
const joins = (...calls: PricedCall[]): (number | undefined)[] =>
  pairsOf(...calls).map(({ previous, isOpening }) => (isOpening ? undefined : previous?.step));

const messages = (...list: string[]): Partial<EventRecord> => ({ 'tallyspan.prefix.messages': list });
const PREFIX: Partial<EventRecord> = {
  'tallyspan.prefix.model': 'm',
  'tallyspan.prefix.system': 's',
  'tallyspan.prefix.tools': 'abc.set',
  'tallyspan.prefix.settings': 'x',
};

const talk = (run: string): Partial<EventRecord> => ({
  'agent.run_id': run,
  'gen_ai.conversation.id': 'talk',
});
const open = (run: string, atMs: number, read: number, more: Partial<EventRecord> = {}): PricedCall => ({
  atMs,
  read,
  written1h: 10,
  fields: { 'agent.run_id': run, 'gen_ai.agent.name': 'a', 'service.name': 's', ...more },
});
const after = (second: PricedCall, first: PricedCall = {}): CacheMiss | undefined =>
  missesOf(
    { written5m: 10_000, ...first, fields: { ...PREFIX, ...messages('a'), ...first.fields } },
    {
      step: 2,
      atMs: 10_000,
      ...second,
      fields: { ...PREFIX, ...messages('a', 'b'), ...second.fields },
    },
  )[0];
const opened = (run: string, atMs: number, more: Partial<PricedCall>): PricedCall => ({
  atMs,
  ...more,
  fields: { ...PREFIX, ...messages(run), 'agent.run_id': run, ...more.fields },
});

describe('a call without hashes', () => {
  it('continues the last one of its conversation and model that had ended when it began', () => {
    expect(joins({ step: 1 }, { step: 2, atMs: 5_000 }, { step: 3, atMs: 9_000 })).toEqual([undefined, 1, 2]);
    // The second begins exactly as the first ends, the third while the second still runs.
    expect(joins({ step: 1 }, { step: 2, atMs: 1_000 }, { step: 3, atMs: 1_999 })).toEqual([
      undefined,
      1,
      undefined,
    ]);
    const other = { 'gen_ai.response.model': 'claude-sonnet-5-5' };
    expect(joins({ step: 1 }, { step: 2, atMs: 5_000, fields: other }, { step: 3, atMs: 9_000 })).toEqual([
      undefined,
      undefined,
      1,
    ]);
    const elsewhere = { 'gen_ai.conversation.id': 'other' };
    expect(joins({ step: 1 }, { step: 2, atMs: 5_000, fields: elsewhere })).toEqual([undefined, undefined]);
  });

  it('of a conversation continues it over runs', () => {
    expect(joins({ fields: talk('a') }, { step: 2, atMs: 5_000, fields: talk('b') })).toEqual([undefined, 1]);
  });
});

describe('a call with hashes', () => {
  it('continues the one whose messages it repeats furthest, whichever was last', () => {
    expect(
      joins(
        { step: 1, fields: messages('a', 'b') },
        { step: 2, atMs: 2_000, fields: messages('x') },
        { step: 3, atMs: 4_000, fields: messages('a', 'b', 'c') },
        { step: 4, atMs: 6_000, fields: messages('x', 'y') },
        { step: 5, atMs: 8_000, fields: messages('a', 'b', 'c', 'd') },
      ),
    ).toEqual([undefined, undefined, 1, 2, 3]);
    expect(
      joins(
        { step: 1, fields: messages('a', 'b', 'c') },
        { step: 2, atMs: 2_000, fields: messages('a') },
        { step: 3, atMs: 4_000, fields: messages('a', 'b', 'c', 'd') },
      ),
    ).toEqual([undefined, 1, 2]);
  });

  it('does not continue one that still runs, nor one without hashes', () => {
    const own = messages('a', 'b');
    expect(joins({ step: 1, fields: own }, { step: 2, atMs: 999, fields: own })).toEqual([
      undefined,
      undefined,
    ]);
    expect(joins({ step: 1, fields: own }, { step: 2, atMs: 1_000, fields: own })).toEqual([undefined, 1]);
    expect(joins({ step: 1 }, { step: 2, atMs: 5_000, fields: own })).toEqual([undefined, undefined]);
  });

  it('that repeats nothing is the next step of its run if its system prompt or tools are the same', () => {
    const next = (more: Partial<EventRecord>, first: Partial<EventRecord> = PREFIX, step = 2) =>
      joins(
        { step: 1, fields: { ...first, ...messages('a') } },
        { step, atMs: 5_000, fields: { ...PREFIX, ...messages('x', 'y'), ...more } },
      )[1];
    expect(next({})).toBe(1);
    expect(next({ 'tallyspan.prefix.system': 'new' })).toBe(1);
    expect(next({ 'tallyspan.prefix.tools': 'new' })).toBe(1);
    expect(next({ 'tallyspan.prefix.system': 'new', 'tallyspan.prefix.tools': 'new' })).toBeUndefined();
    expect(next({ 'agent.run_id': 'other', 'gen_ai.conversation.id': 'run' })).toBeUndefined();
    expect(next(messages('x'))).toBeUndefined();
    expect(next({}, PREFIX, 3)).toBeUndefined();
    expect(next({}, {})).toBeUndefined();
  });
});

describe('what could have been read', () => {
  it('is what the call before read and wrote, for as long as its last write lives', () => {
    const [, second, third, fourth] = pairsOf(
      { step: 1, read: 1, written5m: 20, written1h: 300 },
      { step: 2, atMs: 10_000, read: 321, written1h: 7 },
      { step: 3, atMs: 30_000, read: 328 },
      { step: 4, atMs: 60_000, read: 328 },
    );
    expect(second).toMatchObject({ expectedTokens: 321, ttlMs: 5 * MINUTE_MS, gapMs: 10_000 });
    expect(third).toMatchObject({ expectedTokens: 328, ttlMs: 60 * MINUTE_MS, gapMs: 20_000 });
    // A call that writes nothing leaves the lifetime as it was.
    expect(fourth).toMatchObject({ expectedTokens: 328, ttlMs: 60 * MINUTE_MS, gapMs: 30_000 });
    const [, renewed] = pairsOf({ step: 1 }, { step: 2, atMs: 10_000 });
    expect(renewed).toMatchObject({ expectedTokens: 0, ttlMs: 5 * MINUTE_MS });
  });

  it('of a conversation that opens is what the last opening of that agent read', () => {
    const pairs = pairsOf(
      open('1', 0, 500),
      open('2', 10_000, 600),
      { ...open('2', 20_000, 600), step: 2 },
      open('3', 50_000, 0),
      open('4', 60_000, 0),
      open('5', 70_000, 0, { 'gen_ai.agent.name': 'b' }),
      open('6', 80_000, 0, { 'service.name': 't' }),
      open('7', 90_000, 0, { 'gen_ai.response.model': 'claude-sonnet-5-5' }),
    );
    expect(
      pairs.map(({ isOpening, expectedTokens, gapMs, ttlMs }) => [
        isOpening,
        expectedTokens,
        gapMs,
        ttlMs / MINUTE_MS,
      ]),
    ).toEqual([
      [true, 0, 0, 5],
      [true, 500, 10_000, 60],
      [false, 610, 10_000, 60],
      // The step in between used the prefix too.
      [true, 600, 30_000, 60],
      [true, 600, 10_000, 60],
      [true, 0, 0, 5],
      [true, 0, 0, 5],
      [true, 0, 0, 5],
    ]);
    expect(pairs.map(({ previous }) => previous?.runId)).toEqual([
      undefined,
      '1',
      '2',
      '2',
      '3',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('a miss', () => {
  it('is a loss of a hundredth, and of 64 tokens at least', () => {
    expect(after({ read: 9_901, written5m: 99 })).toBeUndefined();
    expect(after({ read: 9_900, written5m: 100 })).toMatchObject({ lostTokens: 100 });
    expect(after({ read: 937, written5m: 63 }, { written5m: 1_000 })).toBeUndefined();
    expect(after({ read: 936, written5m: 64 }, { written5m: 1_000 })).toMatchObject({ lostTokens: 64 });
  });

  it('loses no more tokens than the call has, from the writes first', () => {
    expect(after({ input: 200, written5m: 3_000, written1h: 1_000 })).toMatchObject({
      expectedTokens: 10_000,
      lostTokens: 4_200,
    });
  });

  it('is of an expired cache after its life, not at the end of it', () => {
    expect(after({ atMs: 5 * MINUTE_MS, written5m: 10_000 })?.evidence).toEqual(['provider_side']);
    expect(after({ atMs: 5 * MINUTE_MS + 1, written5m: 10_000 })?.evidence).toEqual(['ttl_expired']);
  });

  it.each<readonly [PricedCall, readonly string[]]>([
    [{ input: 1_023 }, ['below_minimum']],
    [{ input: 1_024 }, ['provider_side']],
    [{ input: 1_023, fields: { cache_breakpoints: 0 } }, ['caching_off']],
    [{ input: 2_000, fields: { cache_breakpoints: 0 } }, ['caching_off']],
    [{ input: 900, read: 5, written5m: 5 }, ['provider_side']],
    [{ input: 900, written1h: 5 }, ['provider_side']],
    [{ input: 900, read: 5, fields: { cache_breakpoints: 0 } }, ['provider_side']],
  ])('%j is by its counts: %j', (second, evidence) => {
    expect(after(second)?.evidence).toEqual(evidence);
  });

  it.each<readonly [string, Partial<EventRecord>, readonly string[]]>([
    ['model_changed', {}, ['model_changed']],
    ['system_changed', { 'tallyspan.prefix.system': 'new' }, ['system_changed']],
    ['tools_changed', {}, ['tools_changed']],
    ['tools_changed', { 'tallyspan.prefix.tools': 'new.set' }, ['tools_reordered']],
    ['tools_changed', { 'tallyspan.prefix.system': 'new' }, ['tools_changed', 'system_changed']],
    ['messages_changed', { 'tallyspan.prefix.settings': 'y' }, ['messages_changed', 'settings_changed']],
  ])('that the API calls %s, with %j, has the evidence %j', (reason, fields, evidence) => {
    const miss = after({ written5m: 10_000, fields: { ...fields, cache_miss_reason: reason } });
    expect(miss).toMatchObject({ source: 'api', evidence });
  });

  it('is of another model where only the names differ', () => {
    const fields = { 'gen_ai.response.model': 'claude-sonnet-5-5' };
    expect(after({ written5m: 10_000, fields })).toMatchObject({ cause: 'model_changed', source: 'hashes' });
  });

  it.each<readonly [Partial<EventRecord>, Partial<EventRecord>]>([
    [{ 'tallyspan.prefix.tools': undefined }, {}],
    [{}, { 'tallyspan.prefix.tools': undefined }],
    [{ 'tallyspan.prefix.system': undefined }, {}],
    [{}, { 'tallyspan.prefix.messages': undefined }],
    [{}, { 'tallyspan.prefix.model': undefined }],
    [{ 'tallyspan.prefix.tools': undefined }, { 'tallyspan.prefix.tools': undefined }],
  ])('has an open cause where %j or %j is not known', (first, second) => {
    const miss = after({ written5m: 10_000, fields: second }, { fields: first });
    expect(miss).toMatchObject({ cause: undefined, source: undefined, evidence: [] });
  });

  it('of tools with one part of a hash is a change, not another order', () => {
    const miss = after(
      { written5m: 10_000, fields: { 'tallyspan.prefix.tools': 'new' } },
      { fields: { 'tallyspan.prefix.tools': 'old' } },
    );
    expect(miss?.cause).toBe('tools_changed');
  });

  it('of an opening is none without evidence, and messages of its own are no evidence', () => {
    const [first, second] = [opened('1', 0, { read: 5_000 }), opened('2', 10_000, { written5m: 5_000 })];
    expect(missesOf(first, second)).toEqual([]);
    const changed = opened('2', 10_000, { written5m: 5_000, fields: { 'tallyspan.prefix.system': 'new' } });
    expect(missesOf(first, changed)).toMatchObject([{ cause: 'system_changed', expectedTokens: 5_000 }]);
  });
});

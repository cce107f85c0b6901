// Laws of cache forensics: a loss is found with its tokens and dollars; a cause is named on evidence only.

import { describe, expect, it } from '@jest/globals';
import { findCacheMisses, type CacheMiss } from '../../core/attribution/cache-forensics.ts';
import { priceCall } from '../../core/pricing/cost.ts';
import { readUsage } from '../../core/pricing/usage.ts';
import type { EventRecord } from '../../core/event.ts';
import { foldMessages } from '../../core/attribution/request-shape.ts';
import { matchMessages } from '../../core/attribution/prefix-match.ts';

const START_MS = Date.UTC(2026, 10, 20);
const PREFIX = {
  'tallyspan.prefix.model': 'm',
  'tallyspan.prefix.system': 's',
  'tallyspan.prefix.tools': 'abc.set',
  'tallyspan.prefix.settings': 'x',
} as const;

interface Call {
  readonly step?: number;
  readonly atMs?: number;
  readonly read?: number;
  readonly written?: number;
  readonly hour?: boolean;
  readonly input?: number;
  readonly messages?: readonly string[];
  readonly fields?: Partial<EventRecord>;
}

function callEvent(call: Call): EventRecord {
  const {
    step = 1,
    atMs = 0,
    read = 0,
    written = 0,
    hour = false,
    input = 5,
    messages = [],
    fields = {},
  } = call;
  const usage = {
    input_tokens: input,
    output_tokens: 100,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
    cache_creation: {
      ephemeral_5m_input_tokens: hour ? 0 : written,
      ephemeral_1h_input_tokens: hour ? written : 0,
    },
  };
  const cost = priceCall(readUsage(usage), { model: 'claude-opus-5-5', atMs: START_MS });
  return {
    timestamp: START_MS + atMs + 1_000,
    'event.name': 'agent.model_call',
    duration_ms: 1_000,
    'agent.run_id': 'run',
    'agent.step_number': step,
    'gen_ai.response.model': 'claude-opus-5-5',
    tokens_input: input,
    tokens_cache_read: read,
    tokens_cache_write_5m: hour ? 0 : written,
    tokens_cache_write_1h: hour ? written : 0,
    tokens_output: 100,
    cost_nano_usd: cost.status === 'unpriced' ? undefined : cost.costNanoUsd,
    cache_breakpoints: 1,
    ...PREFIX,
    'tallyspan.prefix.messages': messages,
    ...fields,
  };
}

/** One call that caches 10,000 tokens, and one after it that reads none of them. */
function missOf(second: Call, first: Call = {}): CacheMiss | undefined {
  return findCacheMisses([
    callEvent({ written: 10_000, messages: ['a'], ...first }),
    callEvent({ step: 2, atMs: 30_000, written: 10_500, messages: ['a', 'b', 'c'], ...second }),
  ])[0];
}

describe('a cause is named on evidence', () => {
  it.each<readonly [string, Call, CacheMiss['source']]>([
    ['tools_changed', { fields: { 'tallyspan.prefix.tools': 'new.other' } }, 'hashes'],
    ['tools_reordered', { fields: { 'tallyspan.prefix.tools': 'new.set' } }, 'hashes'],
    ['system_changed', { fields: { 'tallyspan.prefix.system': 'new' } }, 'hashes'],
    ['settings_changed', { fields: { 'tallyspan.prefix.settings': 'new' } }, 'hashes'],
    ['model_changed', { fields: { 'tallyspan.prefix.model': 'fast' } }, 'hashes'],
    ['messages_changed', { messages: ['a2', 'b', 'c'] }, 'hashes'],
    ['context_edited', { fields: { 'tallyspan.context_edits': ['clear_tool_uses 4'] } }, 'hashes'],
    ['ttl_expired', { atMs: 301_000 }, 'gap'],
    ['caching_off', { written: 0, input: 10_500, fields: { cache_breakpoints: 0 } }, 'counts'],
    ['below_minimum', { written: 0, input: 900 }, 'counts'],
    ['provider_side', {}, 'hashes'],
    ['messages_changed', { fields: { cache_miss_reason: 'messages_changed' } }, 'api'],
    ['system_changed', { messages: ['a2', 'b'], fields: { cache_miss_reason: 'system_changed' } }, 'api'],
    ['provider_side', { fields: { cache_miss_reason: 'unavailable' } }, 'hashes'],
  ])('%s', (cause, second, source) => {
    expect(missOf(second)).toMatchObject({ cause, source, expectedTokens: 10_000 });
  });

  it('the same edit as before is none', () => {
    const fields = { 'tallyspan.context_edits': ['compaction abc'] };
    expect(missOf({ fields }, { fields })?.cause).toBe('provider_side');
  });

  it('and without any it stays open', () => {
    const bare = Object.fromEntries(
      [...Object.keys(PREFIX), 'tallyspan.prefix.messages'].map((key) => [key, undefined]),
    );
    const miss = missOf({ fields: bare }, { fields: bare });
    expect(miss).toMatchObject({ cause: undefined, evidence: [], lostTokens: 10_000 });
  });

  it('the index of the first message that differs is told', () => {
    const miss = missOf({ messages: ['a', 'b', 'x', 'd', 'e'] }, { messages: ['a', 'b', 'c'] });
    expect(miss).toMatchObject({ cause: 'messages_changed', messageIndex: 2 });
  });

  it('a gap beyond the life of the cache comes first only when nothing at all was left', () => {
    const changed = { 'tallyspan.prefix.system': 'new' };
    expect(missOf({ atMs: 400_000, fields: changed })?.evidence).toEqual(['ttl_expired', 'system_changed']);
    expect(missOf({ atMs: 400_000, read: 2_000, written: 8_500, fields: changed })?.evidence).toEqual([
      'system_changed',
      'ttl_expired',
    ]);
  });

  it('an hour-long cache does not expire after six minutes', () => {
    const hour = { hour: true };
    expect(missOf({ atMs: 360_000, hour: true }, hour)?.cause).toBe('provider_side');
    expect(missOf({ atMs: 3_700_000, hour: true }, hour)?.cause).toBe('ttl_expired');
  });
});

describe('what was lost', () => {
  it('is the difference between what was paid and reading it, to the nano-dollar', () => {
    // Opus 5.5: written again at $5 instead of read at $0.20 a million.
    expect(missOf({})).toMatchObject({ lostTokens: 10_000, lostNanoUsd: 10_000 * (5_000 - 200) });
    expect(missOf({ written: 0, input: 10_500, fields: { cache_breakpoints: 0 } })?.lostNanoUsd).toBe(
      10_000 * (4_000 - 200),
    );
    expect(missOf({ read: 6_000, written: 4_500 })).toMatchObject({ lostTokens: 4_000 });
  });

  it('is nothing when everything was read, or only the edge of a block was not', () => {
    expect(missOf({ read: 10_000, written: 500 })).toBeUndefined();
    expect(missOf({ read: 9_950, written: 550 })).toBeUndefined();
  });

  it('is unknown in dollars for a model without a price, and known in tokens', () => {
    const fields = { 'gen_ai.response.model': 'claude-unheard-of', cost_nano_usd: 1_000 };
    expect(missOf({ fields }, { fields })).toMatchObject({ lostNanoUsd: undefined, lostTokens: 10_000 });
  });
});

/** The first call of a run. */
function opening(run: string, atMs: number, more: Call): EventRecord {
  return callEvent({ atMs, messages: [run], ...more, fields: { 'agent.run_id': run, ...more.fields } });
}

function hashes(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

describe('which call is continued', () => {
  it('a call on another topic between two others breaks neither', () => {
    const misses = findCacheMisses([
      callEvent({ written: 10_000, messages: ['a'] }),
      callEvent({
        step: 2,
        atMs: 10_000,
        input: 300,
        messages: ['other'],
        fields: { 'tallyspan.prefix.system': 'o', 'tallyspan.prefix.tools': 'o.o' },
      }),
      callEvent({ step: 3, atMs: 20_000, read: 10_000, written: 500, messages: ['a', 'b', 'c'] }),
    ]);
    expect(misses).toEqual([]);
  });

  it('a first call is compared with the one that opened the conversation before, on what they share', () => {
    const misses = findCacheMisses([
      opening('one', 0, { written: 8_000 }),
      opening('two', 60_000, { read: 7_000, written: 1_000 }),
      opening('three', 120_000, { written: 8_000, fields: { 'tallyspan.prefix.tools': 'new.set' } }),
      opening('four', 180_000, {
        read: 7_000,
        written: 1_000,
        fields: { 'tallyspan.prefix.tools': 'new.set' },
      }),
    ]);
    expect(misses).toMatchObject([
      { cause: 'tools_reordered', expectedTokens: 7_000, call: { runId: 'three' } },
    ]);
  });
});

describe('folded histories', () => {
  it.each([
    [70, 90],
    [63, 64],
    [31, 200],
    [500, 502],
  ])('%i messages are found again in a history of %i', (short, long) => {
    const match = matchMessages(foldMessages(hashes(1, short + 1)), foldMessages(hashes(1, long + 1)));
    expect(match).toEqual({ common: short, before: short, after: long });
  });

  it('a change in the folded part is found to within a fold, one after it exactly', () => {
    const changed = hashes(1, 201);
    changed[40] = 9_999;
    expect(matchMessages(foldMessages(hashes(1, 200)), foldMessages(changed)).common).toBe(32);
    const late = hashes(1, 201);
    late[190] = 9_999;
    expect(matchMessages(foldMessages(hashes(1, 200)), foldMessages(late)).common).toBe(190);
  });
});

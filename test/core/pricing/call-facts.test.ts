// Which calls are compared with each other, in which order, and by which names.

import { describe, expect, it } from '@jest/globals';
import { readCalls } from '../../../core/pricing/call-facts.ts';
import type { EventRecord } from '../../../core/event.ts';

function call(fields: Partial<EventRecord>): EventRecord {
  return { timestamp: 1_000, 'event.name': 'agent.model_call', cost_nano_usd: 1, ...fields };
}

const stepsOf = (events: readonly EventRecord[]): number[] => readCalls(events).map(({ step }) => step);

describe('the billed calls', () => {
  it('are in order of their start, those that start together by step', () => {
    const calls = readCalls([
      call({ timestamp: 9_000, duration_ms: 1_000, 'agent.step_number': 1 }),
      call({ timestamp: 9_500, duration_ms: 4_500, 'agent.step_number': 7 }),
      call({ timestamp: 6_000, duration_ms: 1_000, 'agent.step_number': 5 }),
      call({ timestamp: 4_000, 'agent.step_number': 9 }),
    ]);
    expect(calls.map(({ startMs, endMs, step }) => [startMs, endMs, step])).toEqual([
      [4_000, 4_000, 9],
      [5_000, 6_000, 5],
      [5_000, 9_500, 7],
      [8_000, 9_000, 1],
    ]);
  });

  it('are those with a cost, also of nothing, each response once', () => {
    const calls = readCalls([
      call({ cost_nano_usd: undefined }),
      call({ cost_nano_usd: 0 }),
      call({ 'tallyspan.duplicate': true }),
      call({ 'tallyspan.duplicate': false, cost_nano_usd: 3 }),
      call({ 'event.name': 'agent.tool_cost', cost_nano_usd: 9 }),
    ]);
    expect(calls.map(({ costNanoUsd }) => costNanoUsd)).toEqual([0, 3]);
  });

  it('without a step number are numbered within their run, after those that have one', () => {
    expect(stepsOf([1, 2, 3].map((at) => call({ timestamp: at, 'agent.run_id': 'a' })))).toEqual([1, 2, 3]);
    const mixed = ['a', 'b', 'a', 'a', 'b'].map((run, at) =>
      call({ timestamp: at, 'agent.run_id': run, ...(at === 2 ? { 'agent.step_number': 5 } : {}) }),
    );
    expect(stepsOf(mixed)).toEqual([1, 1, 5, 6, 2]);
    expect(stepsOf([call({ 'agent.step_number': 0 })])).toEqual([1]);
  });

  it('belong to their run, else their trace, else themselves; and to their conversation, else the run', () => {
    const names = [
      { 'agent.run_id': 'run', trace_id: 'trace', 'gen_ai.conversation.id': 'talk' },
      { trace_id: 'trace', 'gen_ai.response.id': 'msg' },
      { 'gen_ai.response.id': 'msg' },
      {},
    ].map((fields) => readCalls([call(fields)])[0]);
    expect(names.map((fact) => [fact?.runId, fact?.conversationId])).toEqual([
      ['run', 'talk'],
      ['trace', 'trace'],
      ['msg', 'msg'],
      ['at 1000', 'at 1000'],
    ]);
  });

  it('are of the model that answered, else of the one that was asked for', () => {
    const models = [
      { 'gen_ai.response.model': 'a', 'gen_ai.request.model': 'b' },
      { 'gen_ai.request.model': 'b' },
      {},
    ];
    expect(models.map((fields) => readCalls([call(fields)])[0]?.model)).toEqual(['a', 'b', '']);
  });

  it('have every bucket of tokens and of cost, 0 where the event says nothing', () => {
    const [full, bare] = readCalls([
      call({
        timestamp: 1,
        tokens_input: 1,
        tokens_cache_read: 2,
        tokens_cache_write_5m: 3,
        tokens_cache_write_1h: 4,
        tokens_output: 5,
        tokens_thinking: 6,
        web_searches: 7,
        cost_input_nano_usd: 11,
        cost_cache_read_nano_usd: 12,
        cost_cache_write_5m_nano_usd: 13,
        cost_cache_write_1h_nano_usd: 14,
        cost_output_nano_usd: 15,
        cost_web_search_nano_usd: 16,
      }),
      call({ timestamp: 2 }),
    ]);
    expect(full).toMatchObject({
      inputTokens: 10,
      usage: {
        input: 1,
        cacheRead: 2,
        cacheWrite5m: 3,
        cacheWrite1h: 4,
        output: 5,
        thinking: 6,
        webSearches: 7,
      },
      buckets: { input: 11, cacheRead: 12, cacheWrite5m: 13, cacheWrite1h: 14, output: 15, webSearch: 16 },
    });
    expect(Object.values({ ...bare?.usage, ...bare?.buckets }).every((value) => value === 0)).toBe(true);
    expect(Object.keys({ ...bare?.buckets })).toHaveLength(6);
    expect(bare?.inputTokens).toBe(0);
  });
});

// Laws of duplicates: of the records of one response exactly one counts, and it has the cost if any has.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { markDuplicates } from '../../core/duplicates.ts';
import type { EventRecord } from '../../core/event.ts';

function call(id: string | undefined, costNanoUsd?: number, fields: Partial<EventRecord> = {}): EventRecord {
  return {
    timestamp: 1,
    'event.name': 'agent.model_call',
    'gen_ai.response.id': id,
    cost_nano_usd: costNanoUsd,
    ...fields,
  };
}

const byRequest = (
  message: string | undefined,
  request: string,
  fields: Partial<EventRecord> = {},
): EventRecord => call(message, 5, { 'anthropic.request.id': request, ...fields });

const hasCost = (event: EventRecord): boolean => event.cost_nano_usd !== undefined;
const isCounted = (event: EventRecord): boolean => event['tallyspan.duplicate'] !== true;
const countedOf = (...events: EventRecord[]): boolean[] => markDuplicates(events).map(isCounted);

describe('of the records of one response', () => {
  it('the first counts', () => {
    expect(countedOf(call('a'), call('a'), call('b'), call('a'))).toEqual([true, false, true, false]);
    expect(countedOf(call('a', 5), call('a', 7))).toEqual([true, false]);
  });

  it('the first with a cost counts, however late it comes; a cost of nothing is a cost', () => {
    expect(countedOf(call('a'), call('a', 5), call('a', 7))).toEqual([false, true, false]);
    expect(countedOf(call('a'), call('a', 0), call('a', 7))).toEqual([false, true, false]);
  });

  it('one that was marked before stays so, and leaves the others as they are', () => {
    const marked = call('a', 5, { 'tallyspan.duplicate': true });
    expect(countedOf(marked, call('a'), call('a'))).toEqual([false, true, false]);
  });

  it('exactly one counts, and counted once is counted', () => {
    const anId = fc.constantFrom('a', 'b', 'c');
    const aCall = fc.tuple(anId, fc.option(fc.nat(), { nil: undefined })).map(([id, cost]) => call(id, cost));
    fc.assert(
      fc.property(fc.array(aCall, { maxLength: 12 }), (events) => {
        const marked = markDuplicates(events);
        for (const id of ['a', 'b', 'c']) {
          const own = marked.filter((event) => event['gen_ai.response.id'] === id);
          const counted = own.filter(isCounted);
          expect(counted).toHaveLength(Math.min(1, own.length));
          expect(counted.some(hasCost)).toBe(own.some(hasCost));
        }
        expect(marked.map((event) => event['gen_ai.response.id'])).toEqual(
          events.map((event) => event['gen_ai.response.id']),
        );
        expect(markDuplicates(marked)).toEqual(marked);
      }),
    );
  });
});

describe('reports that share the id of the request', () => {
  it('are of one call, whether they know its message or not', () => {
    expect(countedOf(byRequest(undefined, 'r'), byRequest('a', 'r'), byRequest(undefined, 's'))).toEqual([
      true,
      false,
      true,
    ]);
    expect(countedOf(call('r', 5), byRequest(undefined, 'r'))).toEqual([true, false]);
  });

  it('are of one call through another that has both names', () => {
    const log = byRequest(undefined, 'r', { 'tallyspan.source': 'log' });
    const both = byRequest('a', 'r', { 'tallyspan.source': 'transcript' });
    const sdk = call('a', 5, { 'tallyspan.source': 'preload' });
    expect(countedOf(log, sdk, both)).toEqual([false, true, false]);
    expect(countedOf(log, sdk)).toEqual([true, true]);
  });
});

describe('of reports by several', () => {
  const log = { 'tallyspan.source': 'log', 'tallyspan.cost.status': 'priced' } as const;
  const transcript = { 'tallyspan.source': 'transcript', 'tallyspan.cost.status': 'priced' } as const;
  const preload = { 'tallyspan.cost.status': 'priced' } as const;

  it('a sure cost counts before an estimate, whoever has it', () => {
    const estimate = call('a', 5, { ...log, 'tallyspan.cost.status': 'estimated' });
    expect(countedOf(estimate, call('a', 7, transcript))).toEqual([false, true]);
    expect(countedOf(call('a', 7, transcript), estimate)).toEqual([true, false]);
  });

  it('the log counts before the transcript that saw as much, and not before one that saw more', () => {
    const tokens = { 'gen_ai.usage.input_tokens': 100 };
    const more = { 'gen_ai.usage.input_tokens': 50_100 };
    expect(
      countedOf(call('a', 5, { ...transcript, ...tokens }), call('a', 5, { ...log, ...tokens })),
    ).toEqual([false, true]);
    expect(countedOf(call('a', 5, { ...log, ...tokens }), call('a', 9, { ...transcript, ...more }))).toEqual([
      false,
      true,
    ]);
  });

  it('who knows that a call has no price counts before who has one, and not who finds none', () => {
    const unpriced = (reason: string): EventRecord =>
      call('a', undefined, {
        ...preload,
        'tallyspan.cost.status': 'unpriced',
        'tallyspan.cost.unpriced_reason': reason,
      });
    expect(countedOf(call('a', 5, log), unpriced('priority_tier'))).toEqual([false, true]);
    expect(countedOf(call('a', 5, log), unpriced('unknown_model'))).toEqual([true, false]);
  });
});

describe('no duplicates are', () => {
  it('calls without an id, or with an empty one', () => {
    expect(countedOf(call(undefined), call(undefined), call(''), call(''))).toEqual([true, true, true, true]);
  });

  it('other events that name the same response', () => {
    const cost = call('a', 5, { 'event.name': 'agent.tool_cost' });
    expect(countedOf(call('a'), cost, cost)).toEqual([true, true, true]);
  });

  it('events that are not calls, which stay the very same objects', () => {
    const events = [call('a', 5), call(undefined)];
    const marked = markDuplicates(events);
    expect(marked.every((event, index) => event === events[index])).toBe(true);
  });
});

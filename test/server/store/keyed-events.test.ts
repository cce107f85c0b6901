// Keyed events and standings, in a real store: whatever the order of reports, one counts, and the best informed one.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withdrawnEvent } from '../../../core/duplicates.ts';
import type { EventRecord } from '../../../core/event.ts';
import { openTestStore, removeTestStore, type TestStore } from '../test-store.ts';

const START_MS = 1_795_000_000_000;
let opened: TestStore;
let responses = 0;

beforeAll(async () => {
  opened = await openTestStore();
});

afterAll(() => removeTestStore(opened));

function call(fields: Partial<EventRecord>): EventRecord {
  return { timestamp: START_MS, 'event.name': 'agent.model_call', cost_nano_usd: 5, ...fields };
}

const write = (...events: EventRecord[]): Promise<void> => opened.store.write({ events, spans: [] });

async function stored(where: string): Promise<{ counted: number[]; marked: number[] }> {
  const rows = await opened.database.all(
    `SELECT cost_nano_usd AS cost, tallyspan_duplicate AS marked FROM agent_model_call WHERE ${where} ORDER BY cost`,
  );
  const costs = (isMarked: boolean): number[] =>
    rows.filter((row) => (row['marked'] === true) === isMarked).map((row) => Number(row['cost']));
  return { counted: costs(false), marked: costs(true) };
}

/** A report of long ago, where its response is named so. */
const report = (id: string, fields: Partial<EventRecord>): EventRecord =>
  call({ ...fields, timestamp: id.startsWith('old') ? START_MS - 864e6 : START_MS });

/** One response as four reporters know it, told apart by cost. */
function reportsOf(id: string): EventRecord[] {
  const response = { 'gen_ai.response.id': id } as const;
  return [
    call({ ...response, span_id: `${id}a`, 'tallyspan.dialect': 'openinference', cost_nano_usd: 1 }),
    call({
      ...response,
      'tallyspan.source': 'transcript',
      'tallyspan.key': `${id}/t`,
      'tallyspan.revision': 1,
      cost_nano_usd: 2,
    }),
    call({ ...response, span_id: `${id}c`, 'tallyspan.source': 'log', cost_nano_usd: 3 }),
    call({ ...response, 'service.instance.id': id, 'tallyspan.seq': 1, cost_nano_usd: 4 }),
  ];
}

/** The message alone, both in a report that may be replaced, the request alone twice. */
const reportsByName = (id: string): EventRecord[] => [
  call({ 'gen_ai.response.id': id, 'service.instance.id': id, 'tallyspan.seq': 1, cost_nano_usd: 4 }),
  call({
    'gen_ai.response.id': id,
    'anthropic.request.id': `${id}q`,
    'tallyspan.source': 'transcript',
    'tallyspan.key': `${id}/t`,
    'tallyspan.revision': 1,
    cost_nano_usd: 2,
  }),
  call({
    'anthropic.request.id': `${id}q`,
    'tallyspan.source': 'log',
    'tallyspan.key': `${id}/l`,
    cost_nano_usd: 3,
  }),
  call({ 'anthropic.request.id': `${id}q`, span_id: id, 'tallyspan.source': 'span', cost_nano_usd: 1 }),
];

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
  );
}

describe('of several reports of one call', () => {
  it('the best informed counts, in every order, at once and one by one', async () => {
    const orders = permutations([0, 1, 2, 3]);
    const ids: string[] = [];
    for (const order of orders) {
      const [atOnce, oneByOne] = [`m${responses++}`, `m${responses++}`];
      ids.push(atOnce, oneByOne);
      await write(...order.map((index) => reportsOf(atOnce)[index] as EventRecord));
      for (const index of order) await write(reportsOf(oneByOne)[index] as EventRecord);
    }
    for (const id of ids)
      expect(await stored(`gen_ai_response_id = '${id}'`)).toEqual({ counted: [4], marked: [1, 2, 3] });
  });

  it('those that know the request alone are of the call that has both names, in every order', async () => {
    const ids: string[] = [];
    for (const order of permutations([0, 1, 2, 3])) {
      const [atOnce, oneByOne, revised] = [`m${responses++}`, `m${responses++}`, `m${responses++}`];
      ids.push(atOnce, oneByOne, revised);
      await write(...order.map((index) => reportsByName(atOnce)[index] as EventRecord));
      for (const index of order) await write(reportsByName(oneByOne)[index] as EventRecord);
      for (const index of order) await write(reportsByName(revised)[index] as EventRecord);
      await write({ ...(reportsByName(revised)[1] as EventRecord), 'tallyspan.revision': 2 });
    }
    for (const id of ids)
      expect(await stored(`gen_ai_response_id = '${id}' OR anthropic_request_id = '${id}q'`)).toEqual({
        counted: [4],
        marked: [1, 2, 3],
      });
  });

  it('the names of one call are known after a restart, and when it is long ago', async () => {
    for (const id of ['old', 'new']) {
      await write(report(id, { 'gen_ai.response.id': id, span_id: id, cost_nano_usd: 4 }));
      await write(
        report(id, {
          'gen_ai.response.id': id,
          'anthropic.request.id': `${id}q`,
          'tallyspan.source': 'transcript',
          span_id: `${id}t`,
          cost_nano_usd: 2,
        }),
      );
    }
    await opened.database.close();
    opened = await openTestStore(opened.dataDir);
    for (const id of ['old', 'new']) {
      const log = { 'anthropic.request.id': `${id}q`, 'tallyspan.source': 'log', span_id: `${id}l` } as const;
      await write(report(id, { ...log, cost_nano_usd: 3 }));
      expect(await stored(`gen_ai_response_id = '${id}' OR anthropic_request_id = '${id}q'`)).toEqual({
        counted: [4],
        marked: [2, 3],
      });
    }
  });

  it.each([
    ['an estimate', { 'tallyspan.cost.status': 'estimated' }, { 'tallyspan.cost.status': 'priced' }],
    ['a log that saw less', {}, { 'gen_ai.usage.input_tokens': 100 }],
    [
      'a price of what has none',
      { 'tallyspan.cost.status': 'priced' },
      { cost_nano_usd: undefined, 'tallyspan.cost.unpriced_reason': 'priority_tier' },
    ],
  ] as const)(
    '%s of a log counts after a better transcript, also a later one',
    async (_what, log, transcript) => {
      for (const order of [
        [0, 1],
        [1, 0],
      ]) {
        const id = `m${responses++}`;
        const reports = (revision: number): EventRecord[] => [
          call({ 'anthropic.request.id': id, 'tallyspan.source': 'log', span_id: `${id}l`, ...log }),
          call({
            'anthropic.request.id': id,
            'tallyspan.source': 'transcript',
            'tallyspan.key': `${id}/t`,
            'tallyspan.revision': revision,
            cost_nano_usd: 7,
            ...transcript,
          }),
        ];
        for (const revision of [1, 2])
          for (const index of order) await write(reports(revision)[index] as EventRecord);
        const { counted } = await stored(`anthropic_request_id = '${id}'`);
        expect(counted).toEqual(['cost_nano_usd' in transcript ? 0 : 7]);
      }
    },
  );

  it('of one reporter the one that has seen more tokens counts', async () => {
    const id = `m${responses++}`;
    const part = call({ 'gen_ai.response.id': id, span_id: 'p1', 'gen_ai.usage.output_tokens': 1 });
    const whole = call({
      'gen_ai.response.id': id,
      span_id: 'p2',
      'gen_ai.usage.output_tokens': 90,
      cost_nano_usd: 7,
    });
    await write(part);
    await write(whole);
    expect(await stored(`gen_ai_response_id = '${id}'`)).toEqual({ counted: [7], marked: [5] });
  });

  it('of equal ones the one counts that says what was cached, then the one that says whom the call was for', async () => {
    const tokens = { 'gen_ai.usage.input_tokens': 100, 'tallyspan.source': 'span' } as const;
    const placed = { ...tokens, 'user.id': 'u-1', 'gen_ai.agent.name': 'support' };
    const cached = { ...tokens, 'gen_ai.usage.cache_read.input_tokens': 60 };
    for (const [better, worse] of [
      [placed, tokens],
      [cached, placed],
      [{ ...cached, 'user.id': 'u-1' }, cached],
      [
        { ...tokens, 'gen_ai.usage.input_tokens': 101 },
        { ...placed, ...cached },
      ],
    ] as const) {
      const [atOnce, oneByOne, revised] = [`m${responses++}`, `m${responses++}`, `m${responses++}`];
      const reports = (id: string, more: Partial<EventRecord> = {}): [EventRecord, EventRecord] => [
        call({ ...worse, ...more, 'gen_ai.response.id': id, span_id: `${id}w`, cost_nano_usd: 1 }),
        call({ ...better, 'gen_ai.response.id': id, span_id: `${id}b`, cost_nano_usd: 2 }),
      ];
      await write(...reports(atOnce));
      for (const each of reports(oneByOne)) await write(each);
      for (const revision of [1, 2])
        for (const each of reports(revised, { 'tallyspan.key': revised, 'tallyspan.revision': revision }))
          await write(each);
      for (const id of [atOnce, oneByOne, revised])
        expect(await stored(`gen_ai_response_id = '${id}'`)).toEqual({ counted: [2], marked: [1] });
    }
  });
});

const keyed = (key: string, revision: number, fields: Partial<EventRecord> = {}): EventRecord =>
  call({ 'tallyspan.key': key, 'tallyspan.revision': revision, cost_nano_usd: revision, ...fields });

describe('an event with a key', () => {
  it('takes the place of its older revision, whatever the order, once', async () => {
    await write(keyed('k1', 1));
    await write(keyed('k1', 3), keyed('k1', 2));
    await write(keyed('k1', 2), keyed('k1', 3));
    expect(await stored("tallyspan_key = 'k1'")).toEqual({ counted: [3], marked: [] });
  });

  it('at another time and of another trace is the same one', async () => {
    await write(keyed('k2', 1, { trace_id: 'a'.repeat(32), timestamp: START_MS - 864e5 }));
    await write(keyed('k2', 2, { trace_id: 'b'.repeat(32) }));
    expect(await stored("tallyspan_key = 'k2'")).toEqual({ counted: [2], marked: [] });
  });

  it('that knows less of its response than before, or names another, lets the next best count', async () => {
    const id = `m${responses++}`;
    const other = { 'tallyspan.source': 'transcript', 'gen_ai.response.id': id } as const;
    await write(keyed('k3', 9, { 'gen_ai.response.id': id, 'tallyspan.source': 'log' }));
    await write(call({ ...other, span_id: 'next', cost_nano_usd: 4 }));
    expect(await stored(`gen_ai_response_id = '${id}'`)).toEqual({ counted: [9], marked: [4] });
    await write(keyed('k3', 10, { 'gen_ai.response.id': id, 'tallyspan.source': 'span' }));
    expect(await stored(`gen_ai_response_id = '${id}'`)).toEqual({ counted: [4], marked: [10] });
    await write(keyed('k3', 11, { 'gen_ai.response.id': `${id}x`, 'tallyspan.source': 'log' }));
    expect(await stored(`gen_ai_response_id LIKE '${id}%'`)).toEqual({ counted: [4, 11], marked: [] });
  });

  it('of any number that are replaced at once, each still stands behind the better report of its response', async () => {
    const ids = Array.from({ length: 9 }, (_, index) => `many${String(index)}`);
    const log = ids.map((id) =>
      call({ 'anthropic.request.id': id, span_id: id, 'tallyspan.source': 'log', cost_nano_usd: 3 }),
    );
    const spans = (revision: number): EventRecord[] =>
      ids.map((id) =>
        call({
          'anthropic.request.id': id,
          'tallyspan.source': 'span',
          'tallyspan.key': `${id}/s`,
          'tallyspan.revision': revision,
          cost_nano_usd: 1,
        }),
      );
    await write(...log);
    await write(...spans(1));
    await write(...spans(2));
    expect(await stored("starts_with(anthropic_request_id, 'many')")).toEqual({
      counted: ids.map(() => 3),
      marked: ids.map(() => 1),
    });
  });

  it('that is withdrawn counts no more, nor does an older revision that comes late', async () => {
    const id = `m${responses++}`;
    const event = keyed('k4', 1, { 'gen_ai.response.id': id });
    await write(event, call({ 'gen_ai.response.id': id, 'tallyspan.source': 'span', cost_nano_usd: 3 }));
    await write(withdrawnEvent(event, 2));
    await write(event);
    const counting = await stored(`gen_ai_response_id = '${id}' OR tallyspan_key = 'k4'`);
    expect(counting.counted).toEqual([3]);
  });

  it('survives a restart with its revision', async () => {
    await write(keyed('k5', 5));
    await opened.database.close();
    opened = await openTestStore(opened.dataDir);
    await write(keyed('k5', 4));
    await write(keyed('k5', 6));
    expect(await stored("tallyspan_key = 'k5'")).toEqual({ counted: [6], marked: [] });
  });
});

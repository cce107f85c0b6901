// A session of Claude Code, made up, and what each way of observing it tells: messages, transcript, log, spans, and the
// remainders of its ledgers.

import * as fc from 'fast-check';
import { fieldsOfRequest } from '../../core/claude-code/price-log.ts';
import type { EventRecord } from '../../core/event.ts';
import { modelCallFields } from '../../core/model-call/model-call-fields.ts';
import { priceCall } from '../../core/pricing/cost.ts';
import { NO_USAGE, readingOf, type Usage } from '../../core/pricing/usage.ts';
import { spanIdOf } from '../../core/transcripts/ids.ts';
import { addToCounts, subtract, type ByModel } from '../../core/transcripts/ledger.ts';
import { estimate } from '../../core/transcripts/price-facts.ts';

export const BASE_MS = Date.parse('2026-11-20T10:00:00.000Z');
export const TURN_MS = 60_000;
export const OPUS = 'claude-opus-5-5';
export const HAIKU = 'claude-haiku-4-5-20251001';

/** A call that was made, and who tells of it. */
export interface Made {
  readonly turn: number;
  readonly model: string;
  readonly usage: Usage;
  /** Messages and transcript have it; a title or a recap is in neither. */
  readonly isShown: boolean;
  readonly isLogged: boolean;
  readonly hasSpan: boolean;
}
interface Session {
  readonly calls: readonly Made[];
  readonly ways: readonly ('messages' | 'transcript')[];
  /** Where each event goes among the others. */
  readonly order: readonly number[];
}

const count = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
const anyUsage: fc.Arbitrary<Usage> = fc
  .record({
    input: count(5_000),
    output: fc.integer({ min: 1, max: 900 }),
    cacheRead: count(90_000),
    cacheWrite5m: count(4_000),
    cacheWrite1h: count(4_000),
    webSearches: fc.constantFrom(0, 0, 0, 2),
  })
  .map((counts) => ({ ...NO_USAGE, ...counts }));
export const anySession: fc.Arbitrary<Session> = fc.record({
  calls: fc.array(
    fc.record({
      turn: count(2),
      model: fc.constantFrom(OPUS, OPUS, HAIKU),
      usage: anyUsage,
      isShown: fc.boolean(),
      isLogged: fc.boolean(),
      hasSpan: fc.boolean(),
    }),
    { minLength: 1, maxLength: 9 },
  ),
  ways: fc.constantFrom(['messages'], ['transcript'], ['messages', 'transcript']),
  order: fc.array(count(1_000), { minLength: 60, maxLength: 60 }),
});

export const costOf = ({ model, usage }: Made): number => {
  const cost = priceCall(readingOf(usage, { isCacheSplitKnown: true }), { model, atMs: BASE_MS });
  if (cost.status === 'unpriced') throw new Error(cost.detail);
  return cost.costNanoUsd;
};

/** All that is told of a session, each call by those who know of it. */
export function eventsOf({ calls, ways }: Session, session: string): EventRecord[] {
  const events: EventRecord[] = [];
  const placed = calls
    .toSorted((a, b) => a.turn - b.turn)
    .map((call, index) => ({
      call,
      id: `${session}-${String(index)}`,
      atMs: BASE_MS + call.turn * TURN_MS + index * 1_000,
    }));
  for (const { call, id, atMs } of placed) {
    if (call.isLogged) events.push(logged(call, session, id, atMs));
    if (call.hasSpan) events.push(spanned(call, session, id, atMs));
    if (call.isShown && ways.includes('messages')) events.push(messaged(call, session, id, atMs));
    if (call.isShown && ways.includes('transcript')) events.push(transcribed(call, session, id, atMs));
  }
  if (ways.includes('messages'))
    for (const turn of new Set(calls.map((call) => call.turn)))
      events.push(
        started(session, turn),
        ...remaindersOf(
          calls.filter((call) => call.turn === turn),
          { output: 1 },
        ).map(([model, counts]) => ({
          ...base(session, `rest-${String(turn)}-${model}`, BASE_MS + turn * TURN_MS + 50_000, 'remainder'),
          'agent.run_id': runOf(session, turn),
          ...estimate('not_in_messages', counts, model, BASE_MS, 'not_in_messages'),
        })),
      );
  if (ways.includes('transcript')) {
    const shown = placed.filter(({ call }) => call.isShown);
    const atMs = shown.at(-1)?.atMs ?? BASE_MS;
    for (const [model, counts] of remaindersOf(calls, {}))
      events.push({
        ...base(session, `rest-${model}`, atMs, 'remainder'),
        'tallyspan.key': `claude-code/remainder/${session}/${model}`,
        'tallyspan.revision': 1,
        ...estimate('not_in_transcript', counts, model, BASE_MS, 'not_in_transcript'),
      });
  }
  return events;
}

/** What the ledger has beyond the calls that are shown; `known` is what these say in place of what was. */
function remaindersOf(
  calls: readonly Made[],
  known: Partial<Usage>,
): (readonly [
  string,
  ByModel extends Map<string, infer V> ? (V extends { counts: infer C } ? C : never) : never,
])[] {
  const [ledger, shown]: [ByModel, ByModel] = [new Map(), new Map()];
  for (const call of calls) {
    addToCounts(ledger, call.model, call.usage);
    if (call.isShown) addToCounts(shown, call.model, { ...call.usage, ...known });
  }
  return [...ledger].map(([key, { model, counts }]) => {
    subtract(counts, shown.get(key)?.counts);
    return [model, counts] as const;
  });
}

export const runOf = (session: string, turn: number): string => `${session}-run-${String(turn)}`;

export function base(session: string, id: string, atMs: number, source: string): EventRecord {
  return {
    timestamp: atMs,
    'event.name': 'agent.model_call',
    trace_id: spanIdOf('trace', session).repeat(2),
    span_id: spanIdOf(source, session, id),
    'service.name': 'test',
    'gen_ai.conversation.id': session,
    'tallyspan.source': source,
  };
}

export function started(session: string, turn: number): EventRecord {
  return {
    ...base(session, `run-${String(turn)}`, BASE_MS + turn * TURN_MS - 1_000, 'run'),
    'event.name': 'agent.run.started',
    'tallyspan.source': undefined,
    'agent.run_id': runOf(session, turn),
  };
}

function logged(call: Made, session: string, id: string, atMs: number): EventRecord {
  const { usage } = call;
  const attributes = {
    model: call.model,
    input_tokens: usage.input,
    output_tokens: String(usage.output),
    cache_read_tokens: usage.cacheRead,
    cache_creation_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_creation_5m_tokens: usage.cacheWrite5m,
    cache_creation_1h_tokens: usage.cacheWrite1h,
    cost_usd_micros: Math.round(costOf(call) / 1_000),
    request_id: `req_${id}`,
    speed: 'normal',
  };
  return {
    ...base(session, id, atMs + 5, 'log'),
    ...fieldsOfRequest({ attributes, resource: {}, timeMs: atMs, traceId: '' }, false),
  };
}

function spanned({ model, usage }: Made, session: string, id: string, atMs: number): EventRecord {
  const written = usage.cacheWrite5m + usage.cacheWrite1h;
  const reading = readingOf(
    { ...usage, webSearches: 0, cacheWrite5m: written, cacheWrite1h: 0 },
    { isCacheSplitKnown: written === 0 },
  );
  return {
    ...base(session, id, atMs + 3, 'span'),
    'tallyspan.source': undefined,
    'tallyspan.dialect': 'claude-code/1',
    ...modelCallFields({
      requestedModel: model,
      requestId: `req_${id}`,
      reading,
      cost: priceCall(reading, { model, atMs }),
    }),
  };
}

export function messaged({ model, usage }: Made, session: string, id: string, atMs: number): EventRecord {
  const reading = readingOf({ ...usage, output: 1 }, { isCacheSplitKnown: true });
  const cost = priceCall(reading, { model, atMs });
  return {
    ...base(session, id, atMs, 'messages'),
    ...modelCallFields({
      requestedModel: model,
      responseId: `msg_${id}`,
      requestId: `req_${id}`,
      reading,
      cost: cost.status === 'priced' ? { ...cost, status: 'estimated', reason: 'output_not_counted' } : cost,
    }),
  };
}

export function transcribed({ model, usage }: Made, session: string, id: string, atMs: number): EventRecord {
  const reading = readingOf(usage, { isCacheSplitKnown: true });
  return {
    ...base(session, id, atMs, 'transcript'),
    'tallyspan.key': `claude-code/call/msg_${id}`,
    'tallyspan.revision': 1,
    ...modelCallFields({
      requestedModel: model,
      responseId: `msg_${id}`,
      requestId: `req_${id}`,
      reading,
      cost: priceCall(reading, { model, atMs }),
    }),
  };
}

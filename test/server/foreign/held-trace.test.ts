// A trace in memory, by its law: whatever traces there are, in whatever order and batches their spans come, sent twice or
// not, the same or another state of them, and held or read again from the file in between, the rows are those of all spans
// at once, each in its fullest state.

import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { FactSpan } from '../../../core/dialects.ts';
import { readSpanFacts } from '../../../core/dialects/span-facts.ts';
import type { EventRecord } from '../../../core/event.ts';
import { assembleTrace } from '../../../core/foreign-runs/assemble.ts';
import { saysMore } from '../../../core/foreign-runs/told-again.ts';
import { HeldTrace } from '../../../server/foreign/held-trace.ts';

const START_MS = Date.UTC(2026, 10, 20);
const TRACE = 'b'.repeat(32);
const NOBODY: ReadonlySet<string> = new Set();

const CALL = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'anthropic',
  'gen_ai.request.model': 'claude-opus-5-5',
  'gen_ai.usage.input_tokens': 1000,
  'gen_ai.usage.output_tokens': 100,
};
/** What a span may be. */
const KINDS: readonly Readonly<Record<string, unknown>>[] = [
  CALL,
  CALL,
  { ...CALL, 'gen_ai.response.id': 'msg_1' },
  { ...CALL, 'gen_ai.response.id': 'msg_1', 'gen_ai.usage.input_tokens': 900 },
  { ...CALL, 'gen_ai.usage.input_tokens': 90_000 },
  { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support', 'user.id': 'u-1' },
  { 'gen_ai.operation.name': 'invoke_agent' },
  { 'gen_ai.operation.name': 'invoke_workflow', 'session.id': 's-1' },
  { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' },
  { 'gen_ai.operation.name': 'embeddings', 'gen_ai.request.model': 'voyage-3' },
  { 'http.request.method': 'GET', 'user.id': 'u-2' },
  { 'agent.run_id': 'c'.repeat(32), 'gen_ai.operation.name': 'invoke_agent' },
  { ...CALL, 'agent.run_id': 'c'.repeat(32) },
];

interface Shape {
  readonly kind: number;
  /** Place of the parent, or of one that never comes; -1 for none. */
  readonly parent: number;
  readonly atMs: number;
  readonly isError: boolean;
  readonly isServer: boolean;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  kind: fc.nat(KINDS.length - 1),
  parent: fc.integer({ min: -1, max: 14 }),
  atMs: fc.nat(50),
  isError: fc.boolean(),
  isServer: fc.boolean(),
});

const plainShape = { atMs: 0, isError: false, isServer: false };
/** A workflow is a run until an agent comes that is in it; and first comes a step that hangs on it, of which nothing is made. */
const RUN_THAT_IS_NONE = {
  shapes: [
    { ...plainShape, kind: 10, parent: 1 },
    { ...plainShape, kind: 7, parent: -1 },
    { ...plainShape, kind: 6, parent: 1 },
  ],
  order: [0, 1, 2],
  again: [],
  turn: 0,
  sizes: [1],
  stops: [false],
};

const idOf = (place: number): string => (place + 1).toString(16).padStart(16, '0');

function spanOf({ kind, parent, atMs, isError, isServer }: Shape, place: number): FactSpan {
  const name = `step ${place}`;
  const spanKind = isServer ? 2 : 1;
  return {
    name,
    traceId: TRACE,
    spanId: idOf(place),
    parentSpanId: parent < 0 ? '' : idOf(parent),
    startMs: START_MS + atMs,
    endMs: START_MS + atMs + 10,
    isError,
    resource: { 'service.name': 'shop' },
    facts: readSpanFacts({ name, scopeName: 'any', attributes: KINDS[kind] ?? {}, isError, spanKind }),
  };
}

/** Rows by name and key, as the store keeps them: the newest revision of each; withdrawn ones are none. */
function store(rows: Map<string, EventRecord>, events: readonly EventRecord[]): void {
  for (const event of events) {
    const name = `${event['event.name']} ${event['tallyspan.key'] ?? ''}`;
    const former = rows.get(name)?.['tallyspan.revision'] ?? -1;
    if ((event['tallyspan.revision'] ?? 0) > former) rows.set(name, event);
  }
}

function plain(events: Iterable<EventRecord>): unknown[] {
  return [...events]
    .filter((event) => event.trace_id !== undefined)
    .map(({ 'tallyspan.revision': _revision, ...event }) => JSON.parse(JSON.stringify(event)) as EventRecord)
    .toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}

function nameOf(event: EventRecord): string {
  return `${event['event.name']} ${event['tallyspan.key'] ?? ''}`;
}

it('comes to the same rows in any order, any batches and with any stop', () => {
  fc.assert(
    fc.property(
      fc.array(shape, { minLength: 1, maxLength: 12 }).chain((shapes) =>
        fc.record({
          shapes: fc.constant(shapes),
          order: fc.shuffledSubarray([...shapes.keys()], { minLength: shapes.length }),
          again: fc.array(
            fc.record({
              place: fc.nat(shapes.length - 1),
              kind: fc.nat(KINDS.length - 1),
              longer: fc.nat(2),
            }),
            { maxLength: 4 },
          ),
          turn: fc.nat(20),
          sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 12 }),
          stops: fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
        }),
      ),
      ({ shapes, order, again, turn, sizes, stops }) => {
        const spans = shapes.map(spanOf);
        const inOrder = order.map((place) => spans[place] as FactSpan);
        const others = again.map(({ place, kind, longer }) => {
          const first = shapes[place] as Shape;
          const span = spanOf(longer === 0 ? first : { ...first, kind }, place);
          return { ...span, endMs: span.endMs + longer };
        });
        const at = turn % (inOrder.length + 1);
        const sent = [...inOrder.slice(0, at), ...others, ...inOrder.slice(at)];
        const rows = new Map<string, EventRecord>();
        const known = new Map<string, FactSpan>();
        let held = new HeldTrace([]);
        for (let round = 0, from = 0; from < sent.length; round++) {
          const batch = sent.slice(from, from + (sizes[round % sizes.length] as number));
          from += batch.length;
          if (stops[round % stops.length] === true) held = new HeldTrace([...known.values()]);
          const { events, kept } = held.take(batch, NOBODY);
          store(rows, events);
          for (const span of kept.values()) known.set(span.spanId, span);
        }
        expect(plain(rows.values())).toEqual(plain(assembleTrace(fullestOf(sent))));
      },
    ),
    { numRuns: 400, examples: [[RUN_THAT_IS_NONE]] },
  );
});

function fullestOf(spans: readonly FactSpan[]): FactSpan[] {
  const fullest = new Map<string, FactSpan>();
  for (const span of spans) {
    const other = fullest.get(span.spanId);
    if (other === undefined || saysMore(span, other)) fullest.set(span.spanId, span);
  }
  return [...fullest.values()];
}

const counted = ({ 'tallyspan.duplicate': isDuplicate }: EventRecord): boolean => isDuplicate !== true;
const sum = (events: readonly EventRecord[], key: 'cost_nano_usd' | 'agent.turns'): number =>
  events.reduce((total, event) => total + (event[key] ?? 0), 0);

it('has each run once, with the calls that are its own, and what is nested beside them', () => {
  fc.assert(
    fc.property(fc.array(shape, { minLength: 1, maxLength: 14 }), (shapes) => {
      const events = assembleTrace(shapes.map(spanOf));
      const named = (name: EventRecord['event.name']): EventRecord[] =>
        events.filter((event) => event['event.name'] === name);
      const runs = named('agent.run');
      const begun = named('agent.run.started').map((run) => run['agent.run_id']);
      expect(new Set(begun).size).toBe(begun.length);
      expect(new Set(events.map(nameOf)).size).toBe(events.length);
      const calls = named('agent.model_call').filter(counted);
      for (const run of runs) {
        expect(begun).toContain(run['agent.run_id']);
        const own = calls.filter((call) => call['agent.run_id'] === run['agent.run_id']);
        expect([run['agent.turns'], run['agent.cost_nano_usd'] ?? 0]).toEqual([
          own.length,
          sum(own, 'cost_nano_usd'),
        ]);
        const nested = runs.filter((inner) => isWithin(inner, run, runs));
        // An agent that used tools and told of no call cost something.
        const hasCost = run['agent.cost_nano_usd'] !== undefined;
        expect(hasCost || [run, ...nested].some((each) => each['agent.turns'] === 0 && usesTools(each))).toBe(
          true,
        );
        expect([run['agent.nested_runs'] ?? 0, run['agent.nested_turns'] ?? 0]).toEqual([
          nested.length,
          sum(nested, 'agent.turns'),
        ]);
      }
    }),
    { numRuns: 400 },
  );
});

const usesTools = (run: EventRecord): boolean => (run['agent.tool_calls'] ?? 0) > 0;

function isWithin(inner: EventRecord, outer: EventRecord, runs: readonly EventRecord[]): boolean {
  for (let at: EventRecord | undefined = inner, steps = 0; at !== undefined && steps < 20; steps++) {
    const parent: string | undefined = at['agent.parent_run_id'];
    if (parent === outer['agent.run_id']) return true;
    at = runs.find((run) => run['agent.run_id'] === parent);
  }
  return false;
}

// Whatever order the spans of traces come in, in however many batches, with whatever stops in between, and whether or not
// some were sent while they went on: the rows are the same.

import { afterEach, expect, it } from '@jest/globals';
import type { FactSpan } from '../../../core/dialects.ts';
import { LikelyCalls } from '../../../server/foreign/likely-calls.ts';
import { RunAssembler } from '../../../server/foreign/run-assembler.ts';
import { TraceStore } from '../../../server/foreign/trace-store.ts';
import { factsJson } from '../../../server/foreign/fact-span.ts';
import type { SpanRow } from '../../../server/store/file/tables.ts';
import { CONVERSATION, factSpanOf, readRecording, type RecordedSpan } from '../../fixtures/recorded-spans.ts';
import { Random } from '../../fixtures/random.ts';
import { openTestStore, removeTestStore, type TestStore } from '../test-store.ts';

const RECORDINGS = ['ai-sdk-6', 'ai-sdk-7', 'pydantic-ai-over-native', 'openinference-over-native'];
/** Times in whole microseconds, as OTLP is read. */
const SPANS: readonly FactSpan[] = [
  ...RECORDINGS.flatMap((name) => readRecording(name).spans),
  // Reports of the same calls in traces of their own, of two agents at once.
  ...twice(readRecording('mixtures/openinference').spans, 3),
].map((span) => factSpanOf({ ...span, startMs: micro(span.startMs), endMs: micro(span.endMs) }));
const RUNS = 5;
/** As many as one batch brings: of earlier ones the file is asked. */
const FEWEST_HELD = 8;

function twice(spans: readonly RecordedSpan[], laterMs: number): RecordedSpan[] {
  return [0, 1].flatMap((copy) =>
    spans.map((span) => ({
      ...span,
      traceId: `${copy}${span.traceId.slice(1)}`,
      spanId: `${copy}${span.spanId.slice(1)}`,
      parentSpanId: span.parentSpanId && `${copy}${span.parentSpanId.slice(1)}`,
      startMs: span.startMs + copy * laterMs,
      endMs: span.endMs + copy * laterMs,
      attributes: JSON.parse(
        JSON.stringify(span.attributes).replaceAll(/(msg|req)_/g, `$1_${copy}_`),
      ) as RecordedSpan['attributes'],
    })),
  );
}

function micro(ms: number): number {
  return Math.floor(ms * 1000) / 1000;
}

function rowOf(span: FactSpan): SpanRow {
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId === '' ? undefined : span.parentSpanId,
    name: span.name,
    kind: 1,
    start_time: span.startMs,
    end_time: span.endMs,
    status_code: span.isError ? 2 : 0,
    scope: span.scope,
    attributes: '{}',
    resource: JSON.stringify(span.resource),
    facts: factsJson(span),
  };
}

const stores: TestStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await removeTestStore(store);
});

/** The rows after the batches were taken one by one; before each of which `stops` may end the process that takes them. */
async function rowsAfter(
  batches: readonly (readonly FactSpan[])[],
  stops: (index: number) => boolean,
  callsHeld?: number,
): Promise<readonly Record<string, unknown>[]> {
  const test = await openTestStore();
  stores.push(test);
  const start = (): RunAssembler => {
    const traces = new TraceStore(test.database);
    return new RunAssembler(traces, test.store, { calls: new LikelyCalls(traces, callsHeld) });
  };
  let assembler = start();
  for (const [index, batch] of batches.entries()) {
    if (stops(index)) assembler = start();
    await assembler.take(batch, batch.map(rowOf));
  }
  return test.database.all(
    `SELECT * EXCLUDE (tallyspan_revision) FROM events WHERE tallyspan_duplicate IS NOT TRUE OR cost_nano_usd IS NOT NULL
     ORDER BY event_name, tallyspan_key`,
  );
}

/** The span as some emitters send it when it begins. */
function asBegun(span: FactSpan): FactSpan {
  const {
    'gen_ai.usage.output_tokens': _output,
    'gen_ai.response.id': _id,
    ...standard
  } = span.facts.standard;
  return { ...span, endMs: span.startMs, facts: { ...span.facts, standard } };
}

function shuffledBatches(seed: number): FactSpan[][] {
  const random = new Random(seed);
  const rest = [...SPANS, ...SPANS.slice(0, 5), ...SPANS.filter(() => random.isLikely(0.3)).map(asBegun)];
  const batches: FactSpan[][] = [];
  while (rest.length > 0) {
    const batch: FactSpan[] = [];
    const size = random.int(1, 7);
    while (batch.length < size && rest.length > 0)
      batch.push(...rest.splice(random.int(0, rest.length - 1), 1));
    batches.push(batch);
  }
  return batches;
}

it('any order and batching, with stops in between, ends in the same rows', async () => {
  const wanted = await rowsAfter([SPANS], () => false);
  const runs = wanted.filter((row) => row['event_name'] === 'agent.run');
  expect(runs.map((run) => [run['agent_turns'], run['agent_cost_nano_usd']])).toEqual(
    Array.from({ length: RUNS }, () => [3, CONVERSATION['agent.cost_nano_usd']]),
  );
  for (let seed = 1; seed <= 8; seed++) {
    const random = new Random(seed * 7);
    expect([
      seed,
      await rowsAfter(
        shuffledBatches(seed),
        () => seed % 2 === 0 && random.isLikely(0.4),
        seed % 4 < 2 ? FEWEST_HELD : undefined,
      ),
    ]).toEqual([seed, wanted]);
    const spans = await (stores.at(-1) as TestStore).database.all(
      'SELECT trace_id, span_id, end_time FROM spans',
    );
    expect([seed, spans.length, new Set(spans.map((span) => span['span_id'])).size]).toEqual([
      seed,
      SPANS.length,
      new Set(SPANS.map(({ spanId }) => spanId)).size,
    ]);
  }
});

it('spans older than what is looked through at a start are found again, and stored once', async () => {
  const [recording = ''] = RECORDINGS;
  const trace = readRecording(recording).spans.map((span) =>
    factSpanOf({ ...span, startMs: micro(span.startMs), endMs: micro(span.endMs) }),
  );
  const [first] = trace;
  const days = 5 * 86_400_000;
  const later: FactSpan[] =
    first === undefined
      ? []
      : [{ ...first, traceId: 'f'.repeat(32), startMs: first.startMs + days, endMs: first.endMs + days }];
  const half = Math.ceil(trace.length / 2);
  const wanted = await rowsAfter([trace, later], () => false);
  const halves = await rowsAfter(
    [trace.slice(0, half), later, trace.slice(half - 1), trace],
    (index) => index > 1,
  );
  expect(halves).toEqual(wanted);
  const [spans] = await (stores.at(-1) as TestStore).database.all('SELECT count(*) AS spans FROM spans');
  expect(Number(spans?.['spans'])).toBe(trace.length + 1);
});

// The run assembler makes the events of foreign spans, trace by trace. The spans in the file are what it knows; it holds
// the newest traces beside them only so as not to read them again. What a trace comes to is made again with every group
// of requests that brings more of it, and rows that changed take the place of the former ones by a higher revision. So
// any order and batching of the spans, and any stop in between, ends in the same rows.

import type { FactSpan } from '../../core/dialects.ts';
import type { EventRecord } from '../../core/event.ts';
import { NewestMap } from '../../core/newest-map.ts';
import type { SpanRow } from '../store/file/tables.ts';
import { bytesOfSpans, type Batch, type EventStore } from '../store/write/event-store.ts';
import { WriteQueue } from '../store/write/write-queue.ts';
import { factsJson, isForeignStep } from './fact-span.ts';
import { HeldTrace, claudeSessionsOf, isRetold } from './held-trace.ts';
import type { TraceStore } from './trace-store.ts';

/** Spans of all traces that are held. */
const SPANS_HELD = 12_000;

/** Their events fit into the memory that batches of events keep for the next. */
const SPANS_PER_GROUP = 2500;

const TRACES_REMEMBERED = 20_000;

/** What one request brought: spans, and each as it is stored. */
interface Request {
  readonly spans: readonly FactSpan[];
  readonly rows: readonly SpanRow[];
}

/** The spans of one trace in a group of requests. */
interface Arrival {
  readonly traceId: string;
  readonly spans: FactSpan[];
  /** Of several with one id the first is stored. */
  rows: SpanRow[];
  /** Those of the rows that take the place of stored ones. */
  retold: readonly SpanRow[];
  startMs: number;
  hasForeignSteps: boolean;
}

export class RunAssembler {
  readonly #traces: TraceStore;
  readonly #store: Pick<EventStore, 'write'>;
  readonly #held = new NewestMap<string, HeldTrace>();
  #spansHeld = 0;
  /** Says that a trace is too large. */
  readonly #noteLarge: (traceId: string) => void;
  /** Requests that came while others were stored: what they bring of one trace is made into events once. */
  readonly #queue = new WriteQueue<Request>((group) => this.#commit(group), SPANS_PER_GROUP);

  /** When something of a trace came last, Unix milliseconds; of the newest traces. */
  readonly #cameAt = new NewestMap<string, number>();

  constructor(
    traces: TraceStore,
    store: Pick<EventStore, 'write'>,
    noteLarge: (traceId: string) => void = () => undefined,
  ) {
    this.#traces = traces;
    this.#store = store;
    this.#noteLarge = noteLarge;
  }

  /**
   * Stores the spans together with the events that they come to; resolves after the commit.
   * @throws StoreBusyError when too much is waiting; whatever the store threw otherwise, and then nothing of it is known
   */
  async take(spans: readonly FactSpan[], rows: readonly SpanRow[]): Promise<void> {
    if (spans.length > 0) await this.#queue.write({ spans, rows }, spans.length, bytesOfSpans(rows));
  }

  /** Whether something of the trace came within so many milliseconds. */
  hasComeWithin(traceId: string, ms: number): boolean {
    return (this.#cameAt.get(traceId) ?? 0) > Date.now() - ms;
  }

  async #commit(group: readonly Request[]): Promise<void> {
    await this.#traces.load();
    const arrivals = arrivalsOf(group);
    try {
      const fresh = arrivals.filter(
        ({ traceId, startMs }) => !this.#held.has(traceId) && this.#traces.isNew(traceId, startMs),
      );
      const isFresh = new Set(fresh);
      const known = arrivals.filter((arrival) => !isFresh.has(arrival));
      const batches = [
        await this.#batchOf(known, false),
        // Nothing is stored that could be the same.
        await this.#batchOf(fresh, true),
      ];
      // At once: they are committed together.
      await Promise.all(
        batches.flatMap((batch) => (batch.spans.length === 0 ? [] : [this.#store.write(batch)])),
      );
      const nowMs = Date.now();
      for (const { traceId, hasForeignSteps } of arrivals) {
        this.#traces.note(traceId, hasForeignSteps);
        this.#cameAt.delete(traceId);
        this.#cameAt.set(traceId, nowMs);
      }
      while (this.#cameAt.size > TRACES_REMEMBERED) this.#cameAt.dropOldest();
    } catch (error) {
      for (const { traceId } of arrivals) this.#forget(traceId);
      throw error;
    } finally {
      this.#dropOldest();
    }
  }

  async #batchOf(arrivals: readonly Arrival[], areNew: boolean): Promise<Batch> {
    const events = arrivals.length === 0 ? [] : await this.#eventsOf(arrivals, areNew);
    return {
      events,
      spans: arrivals.flatMap(({ rows }) => rows),
      areNew,
      retold: new Set(arrivals.flatMap(({ retold }) => retold)),
    };
  }

  async #eventsOf(arrivals: readonly Arrival[], areNew: boolean): Promise<EventRecord[]> {
    const concerned = arrivals.filter(
      ({ traceId, startMs, hasForeignSteps }) =>
        hasForeignSteps || this.#held.has(traceId) || this.#traces.mayHaveForeign(traceId, startMs),
    );
    const missing = areNew ? [] : concerned.filter(({ traceId }) => !this.#held.has(traceId));
    const times = missing.flatMap(({ spans }) => spans.map(({ startMs }) => startMs));
    const stored = await this.#traces.read(
      missing.map(({ traceId }) => traceId),
      times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY),
      times.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY),
    );
    const logged = await this.#traces.sessionsWithLogs(
      claudeSessionsOf(concerned.flatMap(({ spans }) => spans)),
    );
    return concerned.flatMap((arrival) => {
      const { traceId, spans } = arrival;
      const trace = this.#held.get(traceId) ?? new HeldTrace(stored.get(traceId) ?? []);
      const before = this.#held.has(traceId) ? trace.size : 0;
      const { events, becameLarge, kept } = trace.take(spans, logged);
      putFirst(arrival, kept);
      this.#held.delete(traceId);
      this.#held.set(traceId, trace);
      this.#spansHeld += trace.size - before;
      if (becameLarge) this.#noteLarge(traceId);
      return events;
    });
  }

  #forget(traceId: string): void {
    this.#spansHeld -= this.#held.get(traceId)?.size ?? 0;
    this.#held.delete(traceId);
  }

  #dropOldest(): void {
    while (this.#spansHeld > SPANS_HELD && this.#held.size > 1) {
      const [, trace] = this.#held.dropOldest();
      this.#spansHeld -= trace.size;
    }
  }
}

/** The rows of the spans that are kept before those of the others. */
function putFirst(arrival: Arrival, kept: ReadonlyMap<FactSpan, FactSpan>): void {
  if (kept.size === arrival.spans.length && ![...kept.values()].some(isRetold)) return;
  const first: SpanRow[] = [];
  const retold: SpanRow[] = [];
  const others: SpanRow[] = [];
  for (const [index, span] of arrival.spans.entries()) {
    const row = arrival.rows[index] as SpanRow;
    const as = kept.get(span);
    if (as === undefined) others.push(row);
    else if (isRetold(as)) retold.push({ ...row, facts: factsJson(as) });
    else first.push(row);
  }
  arrival.rows = [...retold, ...first, ...others];
  arrival.retold = retold;
}

function arrivalsOf(group: readonly Request[]): readonly Arrival[] {
  const byTrace = new Map<string, Arrival>();
  for (const { spans, rows } of group)
    for (const [index, span] of spans.entries()) {
      const { traceId, startMs } = span;
      let arrival = byTrace.get(traceId);
      if (arrival === undefined)
        byTrace.set(
          traceId,
          (arrival = { traceId, spans: [], rows: [], retold: [], startMs, hasForeignSteps: false }),
        );
      arrival.spans.push(span);
      arrival.rows.push(rows[index] as SpanRow);
      arrival.startMs = Math.min(arrival.startMs, startMs);
      arrival.hasForeignSteps ||= isForeignStep(span);
    }
  return [...byTrace.values()];
}

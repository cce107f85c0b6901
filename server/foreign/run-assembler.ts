// The run assembler makes the events of foreign spans, trace by trace. The spans in the file are what it knows; it holds
// the newest traces beside them only so as not to read them again. What a trace comes to is made again with every group
// of requests that brings more of it, and rows that changed take the place of the former ones by a higher revision. So
// any order and batching of the spans, and any stop in between, ends in the same rows.

import type { FactSpan } from '../../core/dialects.ts';
import type { EventRecord } from '../../core/event.ts';
import type { PriceOverrides } from '../../core/pricing/price-overrides.ts';
import { NewestMap } from '../../core/newest-map.ts';
import type { SpanRow } from '../store/file/tables.ts';
import { bytesOfSpans, type Batch, type EventStore } from '../store/write/event-store.ts';
import { WriteQueue } from '../store/write/write-queue.ts';
import { factsJson, isForeignStep } from './fact-span.ts';
import { HeldTrace, SPANS_OF_A_TRACE, claudeSessionsOf, isRetold, takeTogether } from './held-trace.ts';
import { LikelyCalls } from './likely-calls.ts';
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

/** Traces that are made into events together, for they may hold reports of the same calls. */
type Together = ReadonlyMap<string, HeldTrace>;

export interface AssemblerOptions {
  /** Told that a trace is too large. */
  readonly noteLarge?: (traceId: string) => void;
  readonly calls?: LikelyCalls;
  /** Prices that go before the list's. */
  readonly overrides?: PriceOverrides | undefined;
}

export class RunAssembler {
  readonly #traces: TraceStore;
  readonly #store: Pick<EventStore, 'write'>;
  readonly #calls: LikelyCalls;
  readonly #held = new NewestMap<string, HeldTrace>();
  #spansHeld = 0;
  readonly #noteLarge: (traceId: string) => void;
  readonly #overrides: PriceOverrides | undefined;
  /** Requests that came while others were stored: what they bring of one trace is made into events once. */
  readonly #queue = new WriteQueue<Request>((group) => this.#commit(group), SPANS_PER_GROUP);

  /** When something of a trace came last, Unix milliseconds; of the newest traces. */
  readonly #cameAt = new NewestMap<string, number>();
  readonly #startedAtMs = Date.now();

  constructor(
    traces: TraceStore,
    store: Pick<EventStore, 'write'>,
    { noteLarge = () => undefined, calls = new LikelyCalls(traces), overrides }: AssemblerOptions = {},
  ) {
    this.#overrides = overrides;
    this.#traces = traces;
    this.#calls = calls;
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

  /**
   * Whether something of the trace came within so many milliseconds, or may have: what came before the process started is
   * sent again where it was not answered.
   */
  hasComeWithin(traceId: string, ms: number): boolean {
    return (this.#cameAt.get(traceId) ?? this.#startedAtMs) > Date.now() - ms;
  }

  async #commit(group: readonly Request[]): Promise<void> {
    await Promise.all([this.#traces.load(), this.#calls.load()]);
    const arrivals = arrivalsOf(group);
    const touched = new Set(arrivals.map(({ traceId }) => traceId));
    try {
      const fresh = arrivals.filter(
        ({ traceId, startMs }) => !this.#held.has(traceId) && this.#traces.isNew(traceId, startMs),
      );
      const isFresh = new Set(fresh.map(({ traceId }) => traceId));
      const traces = await this.#tracesOf(arrivals, isFresh);
      this.#calls.add(arrivals.flatMap(({ spans }) => spans));
      const together = await this.#togetherOf(arrivals, traces);
      for (const each of together.values()) for (const traceId of each.keys()) touched.add(traceId);
      const isAlone = ({ traceId }: Arrival): boolean => isFresh.has(traceId) && !together.has(traceId);
      const batches = [
        await this.#batchOf(
          arrivals.filter((arrival) => !isAlone(arrival)),
          traces,
          together,
          false,
        ),
        // Nothing is stored that could be the same.
        await this.#batchOf(arrivals.filter(isAlone), traces, together, true),
      ];
      // At once: they are committed together.
      await Promise.all(
        batches.flatMap((batch) => (batch.spans.length === 0 ? [] : [this.#store.write(batch)])),
      );
      const nowMs = Date.now();
      for (const { traceId, hasForeignSteps } of arrivals) this.#traces.note(traceId, hasForeignSteps);
      for (const traceId of touched) {
        this.#cameAt.delete(traceId);
        this.#cameAt.set(traceId, nowMs);
      }
      while (this.#cameAt.size > TRACES_REMEMBERED) this.#cameAt.dropOldest();
    } catch (error) {
      for (const traceId of touched) this.#forget(traceId);
      throw error;
    } finally {
      this.#dropOldest();
    }
  }

  async #batchOf(
    arrivals: readonly Arrival[],
    traces: Together,
    together: ReadonlyMap<string, Together>,
    areNew: boolean,
  ): Promise<Batch> {
    const events = arrivals.length === 0 ? [] : await this.#eventsOf(arrivals, traces, together);
    return {
      events,
      spans: arrivals.flatMap(({ rows }) => rows),
      areNew,
      retold: new Set(arrivals.flatMap(({ retold }) => retold)),
    };
  }

  /** The traces of the arrivals of which events are made, with what is stored of them. */
  async #tracesOf(
    arrivals: readonly Arrival[],
    isFresh: ReadonlySet<string>,
  ): Promise<Map<string, HeldTrace>> {
    const concerned = arrivals.filter(
      ({ traceId, startMs, hasForeignSteps }) =>
        hasForeignSteps || this.#held.has(traceId) || this.#traces.mayHaveForeign(traceId, startMs),
    );
    const missing = concerned.filter(({ traceId }) => !isFresh.has(traceId) && !this.#held.has(traceId));
    const stored = await this.#read(missing.flatMap(({ spans }) => spans));
    return new Map(
      concerned.map(({ traceId }) => [
        traceId,
        this.#held.get(traceId) ?? stored.get(traceId) ?? new HeldTrace([], this.#overrides),
      ]),
    );
  }

  async #read(
    spans: readonly Pick<FactSpan, 'traceId' | 'startMs'>[],
  ): Promise<ReadonlyMap<string, HeldTrace>> {
    const stored = await this.#traces.read(
      [...new Set(spans.map(({ traceId }) => traceId))],
      spans.reduce((least, { startMs }) => Math.min(least, startMs), Number.POSITIVE_INFINITY),
      spans.reduce((most, { startMs }) => Math.max(most, startMs), Number.NEGATIVE_INFINITY),
    );
    return new Map(
      [...stored].map(([id, trace]) => [id, new HeldTrace(trace.spans, this.#overrides, trace.revision)]),
    );
  }

  /** By trace: those that it is made into events with. Traces that have no call in common with others are left out. */
  async #togetherOf(
    arrivals: readonly Arrival[],
    traces: ReadonlyMap<string, HeldTrace>,
  ): Promise<ReadonlyMap<string, Together>> {
    const arrived = new Map(arrivals.map((arrival) => [arrival.traceId, arrival.spans]));
    const together = new Map<string, Map<string, HeldTrace>>();
    for (const { traceId, spans } of arrivals) {
      if (together.has(traceId)) continue;
      const found = new Map<string, HeldTrace>();
      const open = [{ traceId, trace: traces.get(traceId), spans }];
      let size = 0;
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        const near = await this.#calls.near([...(at.trace?.spans ?? []), ...at.spans]);
        if (near.size === 0) continue;
        const trace = at.trace ?? (await this.#traceOf(at.traceId, at.spans[0]?.startMs ?? 0));
        size += trace.size + at.spans.length;
        if (size > SPANS_OF_A_TRACE) break;
        found.set(at.traceId, trace);
        for (const [otherId, startMs] of near) {
          if (found.has(otherId) || open.some((each) => each.traceId === otherId)) continue;
          const other = traces.get(otherId) ?? (await this.#traceOf(otherId, startMs));
          open.push({ traceId: otherId, trace: other, spans: arrived.get(otherId) ?? [] });
        }
      }
      if (found.size > 1) for (const id of found.keys()) together.set(id, found);
    }
    return together;
  }

  async #traceOf(traceId: string, startMs: number): Promise<HeldTrace> {
    const held = this.#held.get(traceId);
    if (held !== undefined) return held;
    return (await this.#read([{ traceId, startMs }])).get(traceId) ?? new HeldTrace([], this.#overrides);
  }

  async #eventsOf(
    arrivals: readonly Arrival[],
    traces: Together,
    together: ReadonlyMap<string, Together>,
  ): Promise<EventRecord[]> {
    const concerned = arrivals.filter(({ traceId }) => traces.has(traceId) || together.has(traceId));
    const logged = await this.#traces.sessionsWithLogs(
      claudeSessionsOf(concerned.flatMap(({ spans }) => spans)),
    );
    const arrived = new Map(arrivals.map((arrival) => [arrival.traceId, arrival]));
    const done = new Set<Together>();
    return concerned.flatMap((arrival) => {
      const { traceId, spans } = arrival;
      const others = together.get(traceId);
      if (others !== undefined) {
        if (done.has(others)) return [];
        done.add(others);
        return this.#holding(others, () => {
          const { events, kept } = takeTogether(
            [...others].map(([id, trace]) => [trace, arrived.get(id)?.spans ?? []] as const),
            logged,
            this.#overrides,
          );
          for (const id of others.keys()) {
            const one = arrived.get(id);
            if (one !== undefined) putFirst(one, keptOf(one, kept));
          }
          return events;
        });
      }
      const trace = traces.get(traceId) as HeldTrace;
      return this.#holding(new Map([[traceId, trace]]), () => {
        const { events, becameLarge, kept } = trace.take(spans, logged);
        putFirst(arrival, kept);
        if (becameLarge) this.#noteLarge(traceId);
        return events;
      });
    });
  }

  /** Holds the traces as they are after the work. */
  #holding<T>(traces: Together, work: () => T): T {
    for (const traceId of traces.keys()) this.#forget(traceId);
    const result = work();
    for (const [traceId, trace] of traces) {
      this.#held.set(traceId, trace);
      this.#spansHeld += trace.size;
    }
    return result;
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

function keptOf({ spans }: Arrival, kept: ReadonlyMap<FactSpan, FactSpan>): ReadonlyMap<FactSpan, FactSpan> {
  const own = new Set(spans);
  return new Map([...kept].filter(([span]) => own.has(span)));
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

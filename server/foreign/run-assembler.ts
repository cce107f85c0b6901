// The run assembler makes the events of foreign spans, trace by trace. The spans in the file are what it knows; it holds
// the newest traces beside them only so as not to read them again. What a trace comes to is made again with every batch
// that brings more of it, and rows that changed take the place of the former ones by a higher revision. So any order
// and batching of the spans, and any stop in between, ends in the same rows.

import { withdrawnEvent } from '../../core/duplicates.ts';
import type { FactSpan } from '../../core/dialects.ts';
import { decodeEvent, encodeEvent, type EventRecord } from '../../core/event.ts';
import { assembleTrace } from '../../core/foreign-runs/assemble.ts';
import { NewestMap } from '../../core/newest-map.ts';
import { isForeignStep } from './fact-span.ts';
import type { TraceStore } from './trace-store.ts';

/** Spans of all traces that are held. */
const SPANS_HELD = 12_000;
/** From here on a trace is no more made again as a whole: new spans of it become calls and tools, and change no run. */
const SPANS_OF_A_TRACE = 10_000;

const TRACES_REMEMBERED = 20_000;

interface HeldTrace {
  readonly spans: Map<string, FactSpan>;
  /** Events as they were given out last, by name and key. */
  readonly lines: Map<string, string>;
}

export class RunAssembler {
  readonly #store: TraceStore;
  readonly #held = new NewestMap<string, HeldTrace>();
  #spansHeld = 0;
  /** The last of those who work on a trace, for whom the next waits. */
  readonly #turns = new Map<string, Promise<void>>();
  /** Traces that were too large, for the log. */
  readonly #noteLarge: (traceId: string) => void;

  /** When something of a trace came last, Unix milliseconds; of the newest traces. */
  readonly #cameAt = new NewestMap<string, number>();

  constructor(store: TraceStore, noteLarge: (traceId: string) => void = () => undefined) {
    this.#store = store;
    this.#noteLarge = noteLarge;
  }

  /**
   * Has `write` store the events that the spans come to, together with the spans themselves. Those who bring spans of one
   * trace follow each other. When `write` fails, nothing of it is taken for known.
   */
  async take(
    spans: readonly FactSpan[],
    write: (events: readonly EventRecord[]) => Promise<void>,
  ): Promise<void> {
    await this.#store.load();
    const byTrace = byTraceOf(spans);
    const endTurn = this.#turn([...byTrace.keys()]);
    try {
      await endTurn.begun;
      await write(await this.#eventsOf(byTrace));
      for (const [traceId, list] of byTrace) {
        this.#store.note(traceId, list.some(isForeignStep));
        this.#cameAt.delete(traceId);
        this.#cameAt.set(traceId, Date.now());
      }
      while (this.#cameAt.size > TRACES_REMEMBERED) this.#cameAt.dropOldest();
    } catch (error) {
      for (const traceId of byTrace.keys()) this.#forget(traceId);
      throw error;
    } finally {
      endTurn.end();
      this.#dropOldest();
    }
  }

  /** Whether something of the trace came within so many milliseconds. */
  hasComeWithin(traceId: string, ms: number): boolean {
    return (this.#cameAt.get(traceId) ?? 0) > Date.now() - ms;
  }

  #turn(traceIds: readonly string[]): { readonly begun: Promise<unknown>; end(): void } {
    const { promise, resolve } = withResolvers();
    const before = new Set(traceIds.flatMap((id) => this.#turns.get(id) ?? []));
    for (const id of traceIds) this.#turns.set(id, promise);
    return {
      begun: Promise.all(before),
      end: () => {
        for (const id of traceIds) if (this.#turns.get(id) === promise) this.#turns.delete(id);
        resolve();
      },
    };
  }

  async #eventsOf(byTrace: ReadonlyMap<string, readonly FactSpan[]>): Promise<EventRecord[]> {
    const concerned = [...byTrace].filter(
      ([traceId, spans]) =>
        this.#held.has(traceId) || spans.some(isForeignStep) || this.#store.mayHave(traceId, true),
    );
    const missing = concerned.filter(
      ([traceId]) => !this.#held.has(traceId) && this.#store.mayHave(traceId, false),
    );
    const times = missing.flatMap(([, spans]) => spans.map(({ startMs }) => startMs));
    const stored = await this.#store.read(
      missing.map(([traceId]) => traceId),
      times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY),
      times.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY),
    );
    const logged = await this.#store.sessionsWithLogs(
      claudeSessionsOf(concerned.flatMap(([, spans]) => spans)),
    );
    return concerned.flatMap(([traceId, spans]) =>
      this.#eventsOfTrace(traceId, spans, stored.get(traceId), logged),
    );
  }

  #eventsOfTrace(
    traceId: string,
    spans: readonly FactSpan[],
    stored: readonly FactSpan[] | undefined,
    logged: ReadonlySet<string>,
  ): EventRecord[] {
    const trace = this.#held.get(traceId) ?? heldTraceOf(stored ?? []);
    const before = this.#held.has(traceId) ? trace.spans.size : 0;
    const fresh: FactSpan[] = [];
    for (const span of spans) {
      if (trace.spans.has(span.spanId)) continue;
      trace.spans.set(span.spanId, span);
      fresh.push(span);
    }
    this.#held.delete(traceId);
    this.#held.set(traceId, trace);
    this.#spansHeld += trace.spans.size - before;
    if (fresh.length === 0) return [];
    const revision = trace.spans.size;
    if (revision > SPANS_OF_A_TRACE) {
      if (revision - fresh.length <= SPANS_OF_A_TRACE) this.#noteLarge(traceId);
      return assembleTrace(fresh)
        .filter(({ 'event.name': name }) => name !== 'agent.run' && name !== 'agent.run.started')
        .map((event) => ({ ...event, 'tallyspan.revision': revision }));
    }
    const events = besideLogs(assembleTrace([...trace.spans.values()]), logged);
    return changesOf(trace.lines, events, revision);
  }

  #forget(traceId: string): void {
    this.#spansHeld -= this.#held.get(traceId)?.spans.size ?? 0;
    this.#held.delete(traceId);
  }

  #dropOldest(): void {
    while (this.#spansHeld > SPANS_HELD && this.#held.size > 1) {
      const [, { spans }] = this.#held.dropOldest();
      this.#spansHeld -= spans.size;
    }
  }
}

const CLAUDE_CODE = 'claude-code/';

/** Sessions that the spans of Claude Code name. */
function claudeSessionsOf(spans: readonly FactSpan[]): string[] {
  const sessions = new Set<string>();
  for (const { facts } of spans) {
    const session = facts.standard['gen_ai.conversation.id'];
    if (facts.rule?.startsWith(CLAUDE_CODE) === true && typeof session === 'string') sessions.add(session);
  }
  return [...sessions];
}

/**
 * Claude Code's log tells of runs and tools better than its spans: of a session that has one, its runs are the log's,
 * and the spans' tools are kept and marked. Calls are compared by their request.
 */
function besideLogs(events: readonly EventRecord[], logged: ReadonlySet<string>): readonly EventRecord[] {
  if (logged.size === 0) return events;
  const isLogged = (event: EventRecord): boolean =>
    event['tallyspan.dialect']?.startsWith(CLAUDE_CODE) === true &&
    logged.has(event['gen_ai.conversation.id'] ?? '');
  return events.flatMap((event) => {
    if (!isLogged(event)) return [event];
    const name = event['event.name'];
    if (name === 'agent.run' || name === 'agent.run.started') return [];
    return name === 'agent.model_call' ? [event] : [{ ...event, 'tallyspan.duplicate': true }];
  });
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  const holder: { resolve?: () => void } = {};
  const promise = new Promise<void>((done) => (holder.resolve = done));
  return { promise, resolve: () => holder.resolve?.() };
}

function byTraceOf(spans: readonly FactSpan[]): Map<string, FactSpan[]> {
  const byTrace = new Map<string, FactSpan[]>();
  for (const span of spans) {
    const list = byTrace.get(span.traceId);
    if (list === undefined) byTrace.set(span.traceId, [span]);
    else list.push(span);
  }
  return byTrace;
}

function heldTraceOf(stored: readonly FactSpan[]): HeldTrace {
  const spans = new Map(stored.map((span) => [span.spanId, span]));
  const lines = new Map<string, string>();
  if (spans.size > 0 && spans.size <= SPANS_OF_A_TRACE)
    changesOf(lines, assembleTrace([...spans.values()]), 0);
  return { spans, lines };
}

/** The events that are others than before, and those that take back what is no more; `lines` is what they are now. */
function changesOf(
  lines: Map<string, string>,
  events: readonly EventRecord[],
  revision: number,
): EventRecord[] {
  const changes: EventRecord[] = [];
  const present = new Set<string>();
  for (const event of events) {
    const name = nameOf(event);
    present.add(name);
    const line = encodeEvent(event);
    if (lines.get(name) === line) continue;
    lines.set(name, line);
    changes.push({ ...event, 'tallyspan.revision': revision });
  }
  for (const [name, line] of lines) {
    if (present.has(name)) continue;
    lines.delete(name);
    const former = decodeEvent(line);
    if (former === undefined) continue;
    changes.push(withdrawnEvent(former, revision));
    // Its end may have been written by whoever found it lost.
    const end = { ...former, 'event.name': 'agent.run' } as const;
    if (former['event.name'] === 'agent.run.started' && !present.has(nameOf(end)) && !lines.has(nameOf(end)))
      changes.push(withdrawnEvent(end, revision));
  }
  return changes;
}

function nameOf(event: EventRecord): string {
  return `${event['event.name']} ${event['tallyspan.key'] ?? ''}`;
}

// Held trace: the spans of one trace that are in memory, and the events that they came to. Only what changed is given out,
// under a higher revision.

import type { FactSpan } from '../../core/dialects.ts';
import { withdrawnEvent } from '../../core/duplicates.ts';
import { decodeEvent, encodeEvent, type EventRecord } from '../../core/event.ts';
import { assembleTrace, assembleTraces } from '../../core/foreign-runs/assemble.ts';
import { saysMore } from '../../core/foreign-runs/told-again.ts';
import { isRoot } from '../../core/foreign-runs/trace-tree.ts';
import type { PriceOverrides } from '../../core/pricing/price-overrides.ts';

/** From here on a trace is no more made again as a whole: new spans of it become calls and tools, and change no run. */
export const SPANS_OF_A_TRACE = 10_000;

const CLAUDE_CODE = 'claude-code/';

/** Events by name and key, as they were given out last. */
type Lines = Map<string, string>;

export interface TraceChanges {
  readonly events: readonly EventRecord[];
  /** Whether this is where the trace became too large. */
  readonly becameLarge: boolean;
  /** Of the spans that came those that are kept, each as it is kept. */
  readonly kept: ReadonlyMap<FactSpan, FactSpan>;
}

/** Whether the span takes the place of one that is stored. */
export function isRetold({ facts }: FactSpan): boolean {
  return (facts.retold ?? 0) > 0;
}

export class HeldTrace {
  readonly #spans: Map<string, FactSpan>;
  /**
   * Of a trace that is not whole. Nearly all traces are when they come, or never grow again: for those that do, what was
   * given out is made once more of the spans there were.
   */
  #lines: Lines | undefined;
  /** How often a fuller one took the place of a span. */
  #retold: number;
  /** The highest revision that was given out. */
  #revision: number;

  readonly #overrides: PriceOverrides | undefined;

  /** @param revision the highest that events of the trace are stored under */
  constructor(stored: readonly FactSpan[], overrides?: PriceOverrides, revision = 0) {
    this.#overrides = overrides;
    this.#revision = revision;
    this.#spans = new Map(stored.map((span) => [span.spanId, span]));
    this.#retold = stored.reduce((sum, { facts }) => sum + (facts.retold ?? 0), 0);
  }

  get spans(): Iterable<FactSpan> {
    return this.#spans.values();
  }

  get size(): number {
    return this.#spans.size;
  }

  /** The events that are others than before these spans came. `logged`: sessions of which Claude Code's log tells as well. */
  take(spans: readonly FactSpan[], logged: ReadonlySet<string>): TraceChanges {
    const kept = this.#keptOf(spans);
    if (kept.size === 0) return { events: [], becameLarge: false, kept };
    const fresh = [...kept.values()];
    const before = this.#spans.size;
    const lines = this.#lines ?? linesOf([...this.#spans.values()], this.#overrides);
    this.#keep(fresh);
    const revision = this.nextRevision;
    this.#revision = revision;
    if (this.#spans.size > SPANS_OF_A_TRACE) {
      this.#lines = undefined;
      const events = assembleTrace(fresh, this.#overrides).filter(
        ({ 'event.name': name }) => name !== 'agent.run' && name !== 'agent.run.started',
      );
      return { events: withRevision(events, revision), becameLarge: before <= SPANS_OF_A_TRACE, kept };
    }
    const events = besideLogs(assembleTrace([...this.#spans.values()], this.#overrides), logged);
    const isSettled = this.#isSettled();
    this.#lines = isSettled ? undefined : lines;
    const isFirst = isSettled && lines.size === 0;
    const changes = isFirst ? withRevision(events, revision) : changesOf(lines, events, revision);
    return { events: changes, becameLarge: false, kept };
  }

  #keep(fresh: Iterable<FactSpan>): void {
    for (const span of fresh) {
      if (this.#spans.has(span.spanId)) this.#retold++;
      this.#spans.set(span.spanId, span);
    }
  }

  /** Grows with each span, whatever else the trace is made into events with. */
  get nextRevision(): number {
    return Math.max(this.#spans.size + this.#retold, this.#revision + 1);
  }

  /** Takes the spans without making events of them; those that are kept. */
  add(spans: readonly FactSpan[]): ReadonlyMap<FactSpan, FactSpan> {
    const kept = this.#keptOf(spans);
    this.#keep(kept.values());
    this.#lines = undefined;
    return kept;
  }

  noteRevision(revision: number): void {
    this.#revision = revision;
  }

  /** Spans that nothing was told of yet, and those that say more than what was. */
  #keptOf(spans: readonly FactSpan[]): ReadonlyMap<FactSpan, FactSpan> {
    const fullest = new Map<string, FactSpan>();
    for (const span of spans) {
      const before = fullest.get(span.spanId) ?? this.#spans.get(span.spanId);
      if (before === undefined || saysMore(span, before)) fullest.set(span.spanId, span);
    }
    const kept = new Map<FactSpan, FactSpan>();
    for (const span of fullest.values()) {
      const before = this.#spans.get(span.spanId);
      const retold = before && (before.facts.retold ?? 0) + 1;
      kept.set(span, retold === undefined ? span : { ...span, facts: { ...span.facts, retold } });
    }
    return kept;
  }

  /** Whether no span hangs on one that has not come, and nothing but the spans says what becomes of them. */
  #isSettled(): boolean {
    for (const span of this.#spans.values()) {
      if (span.facts.rule?.startsWith(CLAUDE_CODE) === true) return false;
      if (!isRoot({ span }) && !this.#spans.has(span.parentSpanId ?? '')) return false;
    }
    return true;
  }
}

/**
 * The events that are others than before, of traces of which some may hold reports of the same calls: each with the spans
 * that came of it. They have one revision together, higher than that of any before.
 */
export function takeTogether(
  arrived: readonly (readonly [HeldTrace, readonly FactSpan[]])[],
  logged: ReadonlySet<string>,
  overrides?: PriceOverrides,
): Omit<TraceChanges, 'becameLarge'> {
  const spansOf = (): FactSpan[][] =>
    arrived.flatMap(([trace]) => (trace.size === 0 ? [] : [[...trace.spans]]));
  const before = spansOf();
  const kept = new Map(arrived.flatMap(([trace, spans]) => [...trace.add(spans)]));
  if (kept.size === 0) return { events: [], kept };
  const lines: Lines = new Map();
  changesOf(lines, besideLogs(assembleTraces(before, overrides), logged), 0);
  const revision = arrived.reduce((most, [trace]) => Math.max(most, trace.nextRevision), 0);
  for (const [trace] of arrived) trace.noteRevision(revision);
  const events = besideLogs(assembleTraces(spansOf(), overrides), logged);
  return { events: changesOf(lines, events, revision), kept };
}

/** Sessions that the spans of Claude Code name. */
export function claudeSessionsOf(spans: readonly FactSpan[]): string[] {
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

/** The events are nobody else's, and are given their revision in place. */
function withRevision(events: readonly EventRecord[], revision: number): readonly EventRecord[] {
  for (const event of events) (event as { 'tallyspan.revision'?: number })['tallyspan.revision'] = revision;
  return events;
}

function linesOf(spans: readonly FactSpan[], overrides: PriceOverrides | undefined): Lines {
  const lines: Lines = new Map();
  if (spans.length > 0 && spans.length <= SPANS_OF_A_TRACE)
    changesOf(lines, assembleTrace(spans, overrides), 0);
  return lines;
}

/** The events that are others than before, and those that take back what is no more; `lines` is what they are now. */
function changesOf(lines: Lines, events: readonly EventRecord[], revision: number): EventRecord[] {
  const changed: EventRecord[] = [];
  const present = new Set<string>();
  for (const event of events) {
    const name = nameOf(event);
    present.add(name);
    const line = encodeEvent(event);
    if (lines.get(name) === line) continue;
    lines.set(name, line);
    changed.push(event);
  }
  const changes = [...withRevision(changed, revision)];
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

// Likely calls: the reports of calls of all traces, by what two of one call have in common. They show which other traces
// may hold a report of a call, so that these are made into events together. The newest are held; of older ones the file is asked.

import type { FactSpan } from '../../core/dialects.ts';
import {
  FURTHEST_APART_MS,
  MOST_ANNOUNCED,
  readCall,
  SLACK_MS,
  isBlank,
  mayBeOneCall,
  mayStandApart,
  type CallReading,
} from '../../core/foreign-runs/calls-beside.ts';
import { NewestMap } from '../../core/newest-map.ts';
import { MINUTE_MS } from '../../core/time/time.ts';
import { once } from './once.ts';
import type { TraceStore } from './trace-store.ts';

const CALLS_HELD = 20_000;
/** Of calls that are alike and of one minute, those that are compared. */
const MOST_ALIKE = 200;

export class LikelyCalls {
  readonly #traces: Pick<TraceStore, 'callsBetween' | 'newestCalls'>;
  readonly #held = new NewestMap<string, CallReading>();
  /** By name, and by what they have in common with the minute in which they began. */
  readonly #alike = new Map<string, Map<string, CallReading>>();
  /** Every call that ended from this instant on is held, so all that one which began after it may be. Unix milliseconds. */
  #heldSinceMs = Number.NEGATIVE_INFINITY;
  /** How many are held of which another trace may tell without a name. */
  #apart = 0;
  readonly #most: number;

  constructor(traces: Pick<TraceStore, 'callsBetween' | 'newestCalls'>, most = CALLS_HELD) {
    this.#traces = traces;
    this.#most = most;
  }

  /** Makes known what an earlier process stored: the newest, as many as are held. */
  readonly load = once(() => this.#read());

  async #read(): Promise<void> {
    const { spans, sinceMs } = await this.#traces.newestCalls(this.#most);
    const isCut = spans.length === this.#most;
    this.#heldSinceMs = Math.max(sinceMs, isCut ? (spans.at(-1)?.endMs ?? sinceMs) : sinceMs);
    this.add(spans.toReversed());
  }

  add(spans: Iterable<FactSpan>): void {
    for (const span of spans) {
      const call = readCall(span);
      if (call === undefined) continue;
      // What is said again may say more or less: whichever counts, it is found.
      const place = [call.traceId, call.spanId, call.endMs, call.output, call.names.length].join('/');
      if (this.#held.has(place)) continue;
      this.#held.set(place, call);
      if (mayStandApart(call)) this.#apart++;
      for (const bucket of placesOf(call)) {
        const list = this.#alike.get(bucket) ?? new Map<string, CallReading>();
        this.#alike.set(bucket, list.set(place, call));
      }
    }
    while (this.#held.size > this.#most) this.#dropOldest();
  }

  #dropOldest(): void {
    const [place, call] = this.#held.dropOldest();
    this.#heldSinceMs = Math.max(this.#heldSinceMs, call.endMs + 1);
    this.#leave(place, call);
  }

  #leave(place: string, call: CallReading): void {
    if (mayStandApart(call)) this.#apart--;
    for (const bucket of placesOf(call)) {
      const list = this.#alike.get(bucket);
      list?.delete(place);
      if (list?.size === 0) this.#alike.delete(bucket);
    }
  }

  /** The calls in other traces that may be the same as one of these: each by its trace, with the time when it began. */
  async near(spans: Iterable<FactSpan>): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    const old: CallReading[] = [];
    for (const span of spans) {
      const call = readCall(span);
      if (call === undefined) continue;
      if (call.startMs - SLACK_MS < this.#heldSinceMs) old.push(call);
      for (const other of this.#alikeTo(call))
        if (mayBeOneCall(call, other)) found.set(other.traceId, other.startMs);
    }
    for (const other of await this.#olderThan(old))
      if (old.some((call) => mayBeOneCall(call, other))) found.set(other.traceId, other.startMs);
    return found;
  }

  *#alikeTo(call: CallReading): Generator<CallReading> {
    for (const name of call.names) yield* this.#othersIn(`name ${name}`, call);
    if (this.#apart === 0 && !mayStandApart(call)) return;
    const last = minuteOf(Math.min(call.endMs, call.startMs + FURTHEST_APART_MS) + MINUTE_MS);
    for (let minute = minuteOf(call.startMs - FURTHEST_APART_MS); minute <= last; minute++)
      for (const bucket of lookUpsOf(call, minute)) yield* this.#othersIn(bucket, call);
  }

  *#othersIn(bucket: string, call: CallReading): Generator<CallReading> {
    let compared = 0;
    for (const other of this.#alike.get(bucket)?.values() ?? []) {
      if (other.emitter === call.emitter) continue;
      if (++compared > MOST_ALIKE) break;
      yield other;
    }
  }

  async #olderThan(calls: readonly CallReading[]): Promise<CallReading[]> {
    const [first] = calls;
    if (first === undefined) return [];
    const spans = await this.#traces.callsBetween(
      calls.reduce((least, { startMs }) => Math.min(least, startMs), first.startMs) - FURTHEST_APART_MS,
      calls.reduce((most, { endMs }) => Math.max(most, endMs), first.endMs) + FURTHEST_APART_MS,
      CALLS_HELD,
    );
    return spans.flatMap((span) => readCall(span) ?? []);
  }
}

function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS);
}

/** Where the call is found: by its names, and by what else two reports of one call have in common. */
function placesOf(call: CallReading): readonly string[] {
  const minute = minuteOf(call.startMs);
  const kind = mayStandApart(call) ? APART : OTHER;
  const buckets = [ANY, talliesOf(call)].map((tallies) => bucketOf(call, minute, kind, tallies));
  return [...call.names.map((name) => `name ${name}`), ...buckets];
}

/**
 * Where another report of the call may be. One without counts may be of any call; one with counts, of those with the same.
 * Of two that do not stand apart, their names decide.
 */
function lookUpsOf(call: CallReading, minute: number): readonly string[] {
  const kinds = mayStandApart(call) ? [APART, OTHER] : [APART];
  const tallies = isBlank(call)
    ? [ANY]
    : [...new Set([-MOST_ANNOUNCED, 0, MOST_ANNOUNCED].map((more) => stepOf(call.output + more))), BLANK];
  return kinds.flatMap((kind) => tallies.map((each) => bucketOf(call, minute, kind, each)));
}

const [APART, OTHER] = ['apart', 'other'];
const [ANY, BLANK] = ['any', 'blank'];

function talliesOf(call: CallReading): string {
  return isBlank(call) ? BLANK : stepOf(call.output);
}

function stepOf(tokens: number): string {
  return String(Math.floor(tokens / (2 * MOST_ANNOUNCED)));
}

function bucketOf({ service, model }: CallReading, minute: number, kind: string, tallies: string): string {
  return `${minute} ${kind} ${tallies} ${model} ${service}`;
}

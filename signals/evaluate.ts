// The reference evaluator: what a signal is over plain events. Every other back end must give the same.
// It is written to be read: each fold goes through all events again.

import type { EventRecord } from '../core/event.ts';
import { addToGroup } from '../core/group-by.ts';
import { quantileOf } from '../core/quantile.ts';
import { fieldOfDimension, PROCESS_FIELDS, type Dimension, type FieldKey } from '../core/schema.ts';
import { dateOf, isWithin, stepStarts, type Interval, type Step } from '../core/time/time.ts';
import { isOfChoice, listChoices } from './choice.ts';
import {
  groupName,
  groupsResult,
  valueResult,
  type GroupKey,
  type SignalPoint,
  type SignalResult,
} from './result.ts';
import {
  dimensionsOf,
  filtersOf,
  isCount,
  type Exclusion,
  type Filter,
  type Fold,
  type NotSupported,
  type Signal,
  type SignalRequest,
  type Value,
} from './signal.ts';
import { intervalsOf, seriesObstacle, windowOf, endsOf } from './spans.ts';

/** Evaluates a signal over events in any order. Throws a SignalError on a dimension that the signal has not. */
export function evaluate(
  signal: Signal,
  events: readonly EventRecord[],
  request: SignalRequest,
): SignalResult {
  const by = dimensionsOf(signal, request);
  const groups = new Evaluation(signal, events, request).valueBy(signal.value, by);
  if (by.length === 0) return valueResult(signal, request, groups.get(NO_GROUP)?.value ?? null);
  return groupsResult(signal, request, [...groups.values()]);
}

/** Evaluates a signal for each step of its window. */
export function evaluateSeries(
  signal: Signal,
  events: readonly EventRecord[],
  request: SignalRequest & { readonly step: Step },
): SignalPoint[] | NotSupported {
  const reason = seriesObstacle(signal);
  if (reason !== undefined) return { reason };
  const window = windowOf(signal, request);
  const starts = stepStarts(window, request.step, request.timezone);
  return starts.map((start, index) => {
    const until = starts[index + 1] ?? Number.POSITIVE_INFINITY;
    const inStep = (event: EventRecord): boolean => event.timestamp > start && event.timestamp <= until;
    const groups = new Evaluation(signal, events, request, inStep).valueBy(signal.value, []);
    return { start, value: groups.get(NO_GROUP)?.value ?? signal.whenEmpty };
  });
}

const NO_GROUP = groupName({});

/** A value per group; only groups with data. */
type Groups = ReadonlyMap<string, { readonly by: GroupKey; readonly value: number }>;

class Evaluation {
  readonly #signal: Signal;
  readonly #events: readonly EventRecord[];
  readonly #request: SignalRequest;
  readonly #isChosen: (event: EventRecord) => boolean;

  constructor(
    signal: Signal,
    events: readonly EventRecord[],
    request: SignalRequest,
    isChosen: (event: EventRecord) => boolean = () => true,
  ) {
    this.#signal = signal;
    this.#events = events;
    this.#request = request;
    this.#isChosen = isChosen;
  }

  valueBy(value: Value, by: readonly Dimension[]): Groups {
    switch (value.kind) {
      case 'fold':
        return this.#foldBy(value, by);
      case 'ratio':
        return this.#ratioBy(value, by);
      case 'total': {
        const parts = value.parts.map((part) => ({ ...part, groups: this.valueBy(part.value, by) }));
        return mapGroups(unionOf(parts.map(({ groups }) => groups)), (name) =>
          parts.reduce(
            (sum, { times, over = 1, groups }) => sum + (times * (groups.get(name)?.value ?? 0)) / over,
            0,
          ),
        );
      }
      case 'guarded': {
        const needs = this.#foldBy(value.needs, by);
        return mapGroups(this.valueBy(value.value, by), (name, own) =>
          (needs.get(name)?.value ?? 0) >= value.atLeast ? own : null,
        );
      }
    }
  }

  #ratioBy(value: Extract<Value, { kind: 'ratio' }>, by: readonly Dimension[]): Groups {
    const of = this.valueBy(value.of, by);
    const wholeBy = by.filter((dimension) => value.shareOver?.includes(dimension) !== true);
    const to = this.valueBy(value.to, wholeBy);
    if (wholeBy.length < by.length) {
      return mapGroups(of, (_, own, key) => {
        const whole = to.get(groupName(pick(key, wholeBy)))?.value;
        return whole === undefined || whole === 0 ? null : own / whole;
      });
    }
    return mapGroups(to, (name, whole) => {
      const part = of.get(name)?.value ?? (isCount(value.of) ? 0 : undefined);
      return part === undefined || whole === 0 ? null : part / whole;
    });
  }

  #foldBy(fold: Fold, by: readonly Dimension[]): Groups {
    const matching = new Map<string, { by: GroupKey; events: EventRecord[] }>();
    if (by.length === 0 && isCount(fold)) matching.set(NO_GROUP, { by: {}, events: [] });
    for (const event of this.#matching(fold)) {
      const key = Object.fromEntries(by.map((dimension) => [dimension, dimensionValue(event, dimension)]));
      const group = matching.get(groupName(key));
      if (group) group.events.push(event);
      else matching.set(groupName(key), { by: key, events: [event] });
    }
    return mapGroups(
      new Map([...matching].map(([name, { by: key }]) => [name, { by: key, value: 0 }])),
      (name) => this.#aggregate(fold, matching.get(name)?.events ?? []),
    );
  }

  #matching(fold: Fold): EventRecord[] {
    const window = windowOf(this.#signal, this.#request);
    const intervals = intervalsOf(fold.span ?? 'window', window, this.#request);
    const choices = listChoices(this.#request.where);
    const filters = filtersOf(fold, dimensionsOf(this.#signal, this.#request));
    const { field, terms, instant } = fold;
    const ends = instant === 'start' ? endsOf(window, this.#request) : undefined;
    const excluded = this.#runsWith(fold.unlessRunHas ?? []);
    const superseded = fold.onlyLatest === true ? this.#supersededIn(fold.of, intervals) : undefined;
    return this.#events.filter(
      (event) =>
        this.#isChosen(event) &&
        (fold.of === '*' || event['event.name'] === fold.of) &&
        (ends === undefined || isWithin(ends, event.timestamp)) &&
        intervals.some((interval) => isWithin(interval, ends ? startOf(event) : event.timestamp)) &&
        !excluded.has(event['agent.run_id']) &&
        (superseded === undefined
          ? fold.withDuplicates === true || event['tallyspan.duplicate'] !== true
          : !superseded.has(event)) &&
        (field === undefined || valueOf(event, field) !== undefined) &&
        (terms === undefined || terms.some((term) => valueOf(event, term.field) !== undefined)) &&
        choices.every((choice) => isOfChoice(dimensionValue(event, choice.dimension), choice)) &&
        filters.every((filter) => isMatch(event, filter)),
    );
  }

  /** Records of which the intervals hold a higher revision, the first of several as high stays. */
  #supersededIn(of: Fold['of'], intervals: readonly Interval[]): ReadonlySet<EventRecord> {
    const latest = new Map<string, EventRecord>();
    const superseded = new Set<EventRecord>();
    for (const event of this.#events) {
      const key = event['tallyspan.key'] ?? '';
      if (key === '' || (of !== '*' && event['event.name'] !== of) || !this.#isChosen(event)) continue;
      if (!intervals.some((interval) => isWithin(interval, event.timestamp))) continue;
      const former = latest.get(key);
      const isNewer =
        former === undefined || (event['tallyspan.revision'] ?? 0) > (former['tallyspan.revision'] ?? 0);
      if (isNewer) latest.set(key, event);
      const older = isNewer ? former : event;
      if (older !== undefined) superseded.add(older);
    }
    return superseded;
  }

  /** Ids of the runs that have one of these events. */
  #runsWith(exclusions: readonly Exclusion[]): ReadonlySet<string | undefined> {
    const window = windowOf(this.#signal, this.#request);
    return new Set(
      exclusions.flatMap(({ of, span }) => {
        const intervals = intervalsOf(span, window, this.#request);
        return this.#events
          .filter(
            (event) =>
              valueOf(event, 'agent.run_id') !== undefined &&
              (of === '*' || event['event.name'] === of) &&
              intervals.some((interval) => isWithin(interval, event.timestamp)),
          )
          .map((event) => event['agent.run_id']);
      }),
    );
  }

  #aggregate(fold: Fold, events: readonly EventRecord[]): number | null {
    const values = events.map((event) => measureOf(event, fold));
    const numbers = values as number[];
    if (typeof fold.aggregate === 'object') return quantileOf(numbers, fold.aggregate.quantile) ?? null;
    switch (fold.aggregate) {
      case 'count':
        return events.length;
      case 'sum':
        return numbers.length === 0 ? null : numbers.reduce((sum, number) => sum + number, 0);
      case 'max':
        return greatest(numbers);
      case 'distinct':
        return new Set(values).size;
      case 'days':
        return new Set(events.map((event) => dateOf(event.timestamp, this.#request.timezone))).size;
      case 'historyDays': {
        const { timezone, to } = this.#request;
        const first = least(events.map((event) => dateOf(event.timestamp, timezone)));
        return first === null ? null : dateOf(to, timezone) - first;
      }
      case 'maxAge':
        return greatest(
          events
            .map(
              (event, index) =>
                event.timestamp - Date.parse(`${String(values[index]).slice(0, 10)}T00:00:00Z`),
            )
            .filter((age) => !Number.isNaN(age)),
        );
      case 'gaps':
        return placesIn(events, fold.field as FieldKey) - events.length;
      case 'places':
        return placesIn(events, fold.field as FieldKey);
    }
  }
}

/** Numbers from the least to the greatest of each process. */
function placesIn(events: readonly EventRecord[], field: FieldKey): number {
  const byProcess = new Map<unknown, number[]>();
  for (const event of events) {
    const process = JSON.stringify(PROCESS_FIELDS.map((key) => event[key] ?? null));
    addToGroup(byProcess, process, valueOf(event, field) as number);
  }
  let places = 0;
  for (const numbers of byProcess.values()) places += (greatest(numbers) ?? 0) - (least(numbers) ?? 0) + 1;
  return places;
}

function isMatch(event: EventRecord, filter: Filter): boolean {
  if ('anyOf' in filter) return filter.anyOf.some((one) => isMatch(event, one));
  const value = valueOf(event, filter.field);
  if ('is' in filter) return value === filter.is;
  if ('isNot' in filter) return value !== filter.isNot;
  if ('oneOf' in filter) return typeof value === 'string' && filter.oneOf.includes(value);
  if ('holds' in filter) return Array.isArray(value) && filter.holds.some((item) => value.includes(item));
  if ('over' in filter) return typeof value === 'number' && value > filter.over;
  if ('startsNotWith' in filter)
    return !(typeof value === 'string' && value.startsWith(filter.startsNotWith));
  return value !== undefined;
}

/** When the fact of an event began. */
function startOf(event: EventRecord): number {
  return event.timestamp - (event.duration_ms ?? 0);
}

/** What an aggregate reads of an event. */
function measureOf(event: EventRecord, { field, terms }: Fold): unknown {
  if (terms === undefined) return field === undefined ? undefined : valueOf(event, field);
  return terms.reduce((sum, term) => sum + term.times * ((valueOf(event, term.field) ?? 0) as number), 0);
}

/** Value of a field; an empty text is absent. */
function valueOf(event: EventRecord, field: FieldKey): unknown {
  const value = event[field];
  return value === '' || value === null ? undefined : value;
}

function dimensionValue(event: EventRecord, dimension: Dimension): string | null {
  const value = valueOf(event, fieldOfDimension(dimension));
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

function greatest(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : numbers.reduce((most, number) => Math.max(most, number));
}

function least(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : numbers.reduce((most, number) => Math.min(most, number));
}

function pick(key: GroupKey, dimensions: readonly Dimension[]): GroupKey {
  return Object.fromEntries(dimensions.map((dimension) => [dimension, key[dimension] ?? null]));
}

function unionOf(all: readonly Groups[]): Groups {
  return new Map(all.flatMap((groups) => [...groups]));
}

function mapGroups(
  groups: Groups,
  change: (name: string, value: number, by: GroupKey) => number | null,
): Groups {
  const changed = new Map<string, { by: GroupKey; value: number }>();
  for (const [name, { by, value }] of groups) {
    const next = change(name, value, by);
    if (next !== null) changed.set(name, { by, value: next });
  }
  return changed;
}

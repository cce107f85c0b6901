// The oracle: what a query of a panel must answer, worked out from plain events by the reference evaluator.

import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { EventRecord } from '../../../core/event.ts';
import { columnOf } from '../../../core/columns.ts';
import { fieldOfDimension } from '../../../core/schema.ts';
import { dateOf, DAY_MS, dayOf } from '../../../core/time/time.ts';
import { NO_GROUP, narrowingOf } from '../../../dashboards/query.ts';
import { DAYS, type SignalSource } from '../../../dashboards/source.ts';
import { displayOf } from '../../../dashboards/unit.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import { evaluate } from '../../../signals/evaluate.ts';
import { foldsOf, LOST_AFTER_MS, type Signal } from '../../../signals/signal.ts';
import { rangeOf, stepOf, type Choices, type Frame, type Range } from '../grafana.ts';

export interface Asked {
  readonly events: readonly EventRecord[];
  readonly range: Range;
  readonly now: number;
  readonly timezone: string;
  readonly choices?: Choices;
}

/** What the answer lacks or has wrong; empty when it is right. */
export function compareToOracle(
  source: SignalSource,
  panel: Panel,
  frames: readonly Frame[],
  asked: Asked,
): string[] {
  const signal = signalOf(source.signal);
  const range = rangeOf(panel, asked.range, asked.now);
  if (source.over === 'steps') {
    const events = narrowed(asked.events, signal, source, asked.choices ?? {});
    return compareSteps(source, events, frames, stepOf(panel, range), asked);
  }
  const actual = source.over === 'days' ? daysOf(frames) : groupsOf(source, frames, range.to);
  return compareGroups(signal, expectedValues(source, panel, asked), actual);
}

/** What an instant query must answer, by group, or by day. */
export function expectedValues(source: SignalSource, panel: Panel, asked: Asked): Values {
  const events = narrowed(asked.events, signalOf(source.signal), source, asked.choices ?? {});
  if (source.over === 'days') return expectedDays(source, events, asked);
  return expectedGroups(source, events, rangeOf(panel, asked.range, asked.now), asked);
}

/** Keeps the events that the choices keep; an event without a chosen dimension goes. */
function narrowed(
  events: readonly EventRecord[],
  signal: Signal,
  source: SignalSource,
  choices: Choices,
): EventRecord[] {
  const run = choices['run'];
  if (source.within === 'run') return events.filter((event) => event['agent.run_id'] === run);
  const dimensions = (['service', ...narrowingOf(signal, source.within)] as const).filter(
    (dimension) => choices[dimension],
  );
  return events.filter((event) =>
    dimensions.every((dimension) => {
      const value = (event as Record<string, unknown>)[fieldOfDimension(dimension)];
      return [choices[dimension]].flat().includes(String(value));
    }),
  );
}

export type Values = ReadonlyMap<string, number>;

function valuesOf(
  signal: Signal,
  source: SignalSource,
  events: readonly EventRecord[],
  range: Range,
  asked: Asked,
): Values {
  const result = evaluate(signal, events, {
    ...range,
    by: source.by,
    timezone: asked.timezone,
    now: asked.now,
  });
  if ('value' in result) return new Map(result.value === null ? [] : [['', result.value]]);
  return new Map(
    result.groups.map(({ by, value }) => [
      Object.values(by)
        .map((one) => one ?? NO_GROUP)
        .join(' · '),
      value,
    ]),
  );
}

function expectedGroups(
  source: SignalSource,
  events: readonly EventRecord[],
  range: Range,
  asked: Asked,
): Values {
  const signal = signalOf(source.signal);
  const shown = shownValue(signal);
  const own = periodValues(source, signal, events, range, asked, source.period);
  const all = new Map([...own].map(([name, value]) => [name, shown(value)]));
  if (source.top === undefined) return all;
  const { rankedBy } = source;
  const ranks = rankedBy
    ? periodValues(
        source,
        signalOf(rankedBy.signal),
        narrowed(asked.events, signalOf(rankedBy.signal), source, asked.choices ?? {}),
        range,
        asked,
        rankedBy.period,
      )
    : all;
  const kept = new Set(
    [...ranks]
      .sort((a, b) => b[1] - a[1])
      .slice(0, source.top)
      .map(([name]) => name),
  );
  return new Map([...all].filter(([name]) => kept.has(name)));
}

function periodValues(
  source: SignalSource,
  signal: Signal,
  events: readonly EventRecord[],
  range: Range,
  asked: Asked,
  period: SignalSource['period'],
): Values {
  const lengthMs = range.to - range.from;
  const before = { from: range.from - lengthMs, to: range.from };
  const now = (): Values => valuesOf(signal, source, events, range, asked);
  const then = (): Values => valuesOf(signal, source, events, before, asked);
  if (period === undefined) return now();
  if (period === 'before') return then();
  const [current, past] = [now(), then()];
  return new Map(
    [...new Set([...current.keys(), ...past.keys()])].map((name) => [
      name,
      (current.get(name) ?? 0) - (past.get(name) ?? 0),
    ]),
  );
}

function shownValue(signal: Signal): (value: number) => number {
  const { divideBy } = displayOf(signal.unit);
  return (value) => value / divideBy;
}

function expectedDays(source: SignalSource, events: readonly EventRecord[], asked: Asked): Values {
  const signal = signalOf(source.signal);
  const shown = shownValue(signal);
  const days = new Map<string, number>();
  for (let ago = 0; ago < DAYS; ago++) {
    const day = dayOf(asked.now, asked.timezone, -ago);
    const result = evaluate(signal, events, {
      from: day.from,
      to: Math.min(day.to, asked.now),
      timezone: asked.timezone,
    });
    if (!('value' in result) || result.value === null) continue;
    if (result.value === 0 && signal.whenEmpty === 0) continue;
    days.set(isoDate(day.to, asked.timezone), shown(result.value));
  }
  return days;
}

function isoDate(atMs: number, timezone: string): string {
  return new Date(dateOf(atMs, timezone) * DAY_MS).toISOString().slice(0, 10);
}

function groupsOf(source: SignalSource, frames: readonly Frame[], at: number): Values {
  return new Map(
    frames.flatMap(({ labels, points }) => {
      const value = points.get(at) ?? [...points.values()][0];
      if (value === undefined || Number.isNaN(value)) return [];
      const name = source.by.map((dimension) => labels[columnOf(fieldOfDimension(dimension))] ?? 'MISSING');
      return [[name.join(' · '), value] as const];
    }),
  );
}

function daysOf(frames: readonly Frame[]): Values {
  return new Map(
    frames.map(({ labels, points }) => [labels['day'] ?? 'MISSING', [...points.values()][0] ?? Number.NaN]),
  );
}

function compareSteps(
  source: SignalSource,
  events: readonly EventRecord[],
  frames: readonly Frame[],
  stepMs: number,
  asked: Asked,
): string[] {
  const signal = signalOf(source.signal);
  const shown = shownValue(signal);
  const times = [...new Set(frames.flatMap(({ points }) => [...points.keys()]))].sort((a, b) => a - b);
  if (times.length === 0) return ['no point at all'];
  return times.flatMap((time) => {
    const range = { from: time - stepMs, to: time };
    const near = events.filter(
      ({ timestamp }) => timestamp > range.from && timestamp <= time + LOST_AFTER_MS,
    );
    const expected = new Map(
      [...valuesOf(signal, source, near, range, asked)].map(([name, value]) => [name, shown(value)]),
    );
    const at = frames.filter(({ points }) => points.has(time));
    return compareGroups(signal, expected, groupsOf(source, at, time)).map(
      (line) => `${new Date(time).toISOString()} ${line}`,
    );
  });
}

function compareGroups(signal: Signal, expected: Values, actual: Values): string[] {
  const isQuantile = foldsOf(signal.value).some(({ aggregate }) => typeof aggregate === 'object');
  return [...new Set([...expected.keys(), ...actual.keys()])].flatMap((name) => {
    const [own, other] = [expected.get(name), actual.get(name)];
    if (own === other) return [];
    const isNear =
      own !== undefined &&
      other !== undefined &&
      (isQuantile || !Number.isInteger(own)) &&
      Math.abs(own - other) <= 1e-9 * Math.max(Math.abs(own), Math.abs(other));
    return isNear ? [] : [`${signal.id} ${name}: expected ${own}, got ${other}`];
  });
}

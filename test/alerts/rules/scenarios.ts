// Scenarios as data: what happens, and the minute at which each rule must speak. Each has a stretch of
// the calendar of its own, so that all of them can stand in one store.

import type { EventRecord } from '../../../core/event.ts';
import { dayOf } from '../../../core/time/time.ts';
import { eventsOfDay, eventsOfRun, type DaySpec } from './corpus.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface Expected {
  readonly rule: string;
  /** Wall clock of the scenario's day, `hh:mm`. */
  readonly at: string;
  readonly keys?: readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly timezone: string;
  /** Date of the day that is watched. */
  readonly date: string;
  /** Hours of that day that are watched, minute by minute. */
  readonly watch: readonly (readonly [fromHour: number, toHour: number])[];
  /** Everything that is told; what is not here stays quiet. */
  readonly expected: readonly Expected[];
  events(dayMs: number): EventRecord[];
}

/** Midnight of the scenario's day in its zone, Unix ms. */
export function dayStart({ date, timezone }: Pick<Scenario, 'date' | 'timezone'>): number {
  return dayOf(Date.parse(`${date}T12:00:00Z`), timezone).from;
}

/** Unix ms of a wall-clock time of the scenario's day, which has no clock change before it. */
export function timeOf(scenario: Scenario, at: string): number {
  const [hour = 0, minute = 0] = at.split(':').map(Number);
  return dayStart(scenario) + hour * HOUR + minute * MINUTE;
}

/** Seven ordinary days before the day: $6 over 48 runs each, around the clock. */
function usualWeek(dayMs: number, day: Omit<DaySpec, 'dayMs'> = { usd: 6, runs: 48 }): EventRecord[] {
  return [7, 6, 5, 4, 3, 2, 1].flatMap((ago) => eventsOfDay({ ...day, dayMs: dayMs - ago * DAY }));
}

/** A day of $6 over 48 runs, around the clock. */
function steadyDay(dayMs: number): EventRecord[] {
  return eventsOfDay({ dayMs, usd: 6, runs: 48 });
}

/** Runs at even distances within a stretch. */
function burst(
  fromMs: number,
  toMs: number,
  everyMs: number,
  make: (atMs: number, index: number) => EventRecord[],
): EventRecord[] {
  const events: EventRecord[] = [];
  for (let atMs = fromMs, index = 0; atMs < toMs; atMs += everyMs, index++) events.push(...make(atMs, index));
  return events;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    // 40 calls of 5,000 tokens, one each 15 s at $0.05. By 03:00 a day usually has 6 runs, $0.75; twice that is
    // passed with the 16th call, at 03:04:10.
    name: 'one run of 200,000 tokens is stuck in a tool loop at 03:00 on a quiet day',
    timezone: 'UTC',
    date: '2026-02-10',
    watch: [[2.75, 3.5]],
    expected: [
      { rule: 'conversation-cost', at: '03:04', keys: ['loop'] },
      { rule: 'cost-pace', at: '03:05' },
      { rule: 'run-cost', at: '03:11' },
      // With the loop, three runs of the hour took (3 + 3 + 40) ÷ 3 turns.
      { rule: 'turns', at: '03:15' },
    ],
    events: (dayMs) => [
      ...usualWeek(dayMs),
      ...eventsOfDay({ dayMs, usd: 6, runs: 48, untilMs: dayMs + 4 * HOUR }),
      ...eventsOfRun({
        atMs: dayMs + 3 * HOUR + 10_000,
        id: 'loop',
        user: 'user-3',
        session: 'loop',
        calls: 40,
        gapMs: 15_000,
        callUsd: 0.05,
        status: 'max_turns',
        tool: { name: 'search_docs' },
      }),
    ],
  },
  {
    name: 'one user makes the day dear from 14:00 on: $0.40 a minute',
    timezone: 'UTC',
    date: '2026-02-25',
    watch: [[13.75, 14.5]],
    expected: [
      // 9 × $0.40 on top of the usual $3.50 of 28 runs
      { rule: 'cost-pace', at: '14:09' },
      // 21 × $0.40 on top of the $3.625 of 29 runs: more than $12
      { rule: 'cost-spike', at: '14:21' },
      // 13 × $0.40
      { rule: 'user-day-cost', at: '14:13', keys: ['heavy'] },
    ],
    events: (dayMs) => [
      ...usualWeek(dayMs),
      ...eventsOfDay({ dayMs, usd: 6, runs: 48, untilMs: dayMs + 16 * HOUR }),
      ...burst(dayMs + 14 * HOUR, dayMs + 15 * HOUR, MINUTE, (atMs, n) =>
        eventsOfRun({
          atMs,
          id: `heavy-${dayMs}-${n}`,
          user: 'heavy',
          session: `heavy-${n}`,
          calls: 4,
          callUsd: 0.1,
        }),
      ),
    ],
  },
  {
    name: 'the day passes twice the mean in a zone that is not UTC',
    timezone: 'America/New_York',
    date: '2026-03-12',
    watch: [[19.75, 20.25]],
    expected: [
      // The clock went forward on the 8th: on 3 of the 7 days the same runs came an hour earlier by the clock, and
      // 20 h 07 into the day of 23 hours is 21:07. So by now usually (3 × 45 + 45 + 3 × 42) ÷ 7 runs, $5.46; today
      // $5.25 of 42 runs and 15 × $0.40.
      { rule: 'cost-pace', at: '20:08' },
      // 17 × $0.40 on top of it: more than $12
      { rule: 'cost-spike', at: '20:09' },
      { rule: 'user-day-cost', at: '20:07', keys: ['heavy'] },
    ],
    events: (dayMs) => [
      ...usualWeek(dayMs, { usd: 6, runs: 48, fromHour: 8, toHour: 22 }),
      ...eventsOfDay({ dayMs, usd: 6, runs: 48, fromHour: 8, toHour: 22, untilMs: dayMs + 22 * HOUR }),
      ...burst(dayMs + 20 * HOUR, dayMs + 20.3 * HOUR, MINUTE / 2, (atMs, n) =>
        eventsOfRun({
          atMs,
          id: `late-${dayMs}-${n}`,
          user: 'heavy',
          session: `late-${n}`,
          calls: 4,
          callUsd: 0.1,
        }),
      ),
    ],
  },
  {
    name: 'every second run fails from 10:30 on',
    timezone: 'UTC',
    date: '2026-03-30',
    watch: [[10.25, 11]],
    expected: [{ rule: 'run-failures', at: '10:34' }],
    events: (dayMs) => [
      ...usualWeek(dayMs),
      ...burst(dayMs + 10 * HOUR, dayMs + 11 * HOUR, MINUTE, (atMs, n) =>
        eventsOfRun({
          atMs,
          id: `fail-${dayMs}-${n}`,
          callUsd: 0.001,
          ...(n >= 30 && n % 2 === 0 ? { status: 'error', error: 'overloaded_error' } : {}),
        }),
      ),
    ],
  },
  {
    name: 'the cache breaks at 09:00',
    timezone: 'UTC',
    date: '2026-04-14',
    watch: [[9, 9.75]],
    expected: [{ rule: 'cache-hit', at: '09:40' }],
    events: (dayMs) => [
      ...usualWeek(dayMs),
      ...burst(dayMs + 7 * HOUR, dayMs + 10 * HOUR, 2 * MINUTE, (atMs, n) =>
        eventsOfRun({ atMs, id: `cache-${dayMs}-${n}`, callUsd: 0.001, cacheHit: n < 60 ? 0.9 : 0.1 }),
      ),
    ],
  },
  {
    name: 'a tool begins to fail and is tried again and again',
    timezone: 'UTC',
    date: '2026-04-28',
    watch: [[11.75, 12.75]],
    expected: [
      { rule: 'tool-failures', at: '12:02', keys: ['search_docs'] },
      // 25 runs with 3 retries in 4 calls, of 60 runs
      { rule: 'tool-retries', at: '12:25', keys: ['search_docs'] },
    ],
    events: (dayMs) => [
      ...usualWeek(dayMs),
      ...burst(dayMs + 11 * HOUR, dayMs + 13 * HOUR, MINUTE, (atMs, n) =>
        eventsOfRun({
          atMs,
          id: `tool-${dayMs}-${n}`,
          callUsd: 0.001,
          calls: 5,
          gapMs: 1000,
          tool: { name: 'search_docs', isOk: (index) => n < 60 || index === 4 },
        }),
      ),
    ],
  },
  {
    name: 'the API is overloaded from 16:00 on',
    timezone: 'UTC',
    date: '2026-05-13',
    watch: [[15.75, 16.5]],
    expected: [{ rule: 'api-errors', at: '16:02' }],
    events: (dayMs) => [
      ...usualWeek(dayMs),
      ...burst(dayMs + 15 * HOUR, dayMs + 17 * HOUR, MINUTE, (atMs, n) =>
        eventsOfRun({
          atMs,
          id: `api-${dayMs}-${n}`,
          callUsd: 0.001,
          ...(n >= 61 ? { retriedStatus: ['529'] } : {}),
        }),
      ),
    ],
  },
  {
    name: 'runs stop at 10:00 where they came every ten minutes a week ago',
    timezone: 'UTC',
    date: '2026-05-28',
    watch: [[11.75, 12.25]],
    expected: [{ rule: 'silence', at: '11:55' }],
    events: (dayMs) => [
      ...usualWeek(dayMs, { usd: 6, runs: 144 }),
      ...eventsOfDay({ dayMs, usd: 6, runs: 144, untilMs: dayMs + 10 * HOUR }),
    ],
  },
  {
    name: 'calls of a model that has no price',
    timezone: 'UTC',
    date: '2026-06-12',
    watch: [[8.75, 9.25]],
    expected: [{ rule: 'unpriced-calls', at: '09:05' }],
    events: (dayMs) => [
      ...usualWeek(dayMs),
      ...eventsOfRun({ atMs: dayMs + 9 * HOUR, id: `unpriced-${dayMs}`, isUnpriced: true }),
    ],
  },
  {
    name: 'ordinary growth of a tenth each day stays quiet',
    timezone: 'UTC',
    date: '2026-06-27',
    watch: [
      [0, 0.75],
      [12, 12.25],
      [23.5, 24],
    ],
    expected: [],
    events: (dayMs) =>
      [7, 6, 5, 4, 3, 2, 1, 0].flatMap((ago) =>
        eventsOfDay({ dayMs: dayMs - ago * DAY, usd: 6 * 1.1 ** (7 - ago), runs: 48 }),
      ),
  },
  {
    name: 'a first week stays quiet: the third day costs five times the second',
    timezone: 'UTC',
    date: '2026-07-13',
    watch: [[12, 12.5]],
    expected: [],
    events: (dayMs) => [
      ...eventsOfDay({ dayMs: dayMs - 2 * DAY, usd: 2, runs: 24 }),
      ...eventsOfDay({ dayMs: dayMs - DAY, usd: 2, runs: 24 }),
      ...eventsOfDay({ dayMs, usd: 10, runs: 48 }),
    ],
  },
  {
    name: 'a first week stays quiet: the fourth day costs what each day before did',
    timezone: 'Asia/Kolkata',
    date: '2026-08-12',
    watch: [
      [12, 12.5],
      [23.75, 24],
    ],
    expected: [],
    events: (dayMs) => [3, 2, 1, 0].flatMap((ago) => steadyDay(dayMs - ago * DAY)),
  },
  {
    name: 'a first week is watched: on the fourth day one user costs $0.40 a minute from noon on',
    timezone: 'UTC',
    date: '2026-08-26',
    watch: [[11.75, 12.5]],
    expected: [
      // Beside the usual $3 of 24 runs; of seven days that would be 3 × $3 ÷ 7, passed before noon.
      { rule: 'cost-pace', at: '12:08' },
      // 23 × $0.40 and $3.125 of 25 runs: more than $12
      { rule: 'cost-spike', at: '12:23' },
      // 13 × $0.40
      { rule: 'user-day-cost', at: '12:13', keys: ['heavy'] },
    ],
    events: (dayMs) => [
      ...[3, 2, 1, 0].flatMap((ago) => steadyDay(dayMs - ago * DAY)),
      ...burst(dayMs + 12 * HOUR, dayMs + 12.5 * HOUR, MINUTE, (atMs, n) =>
        eventsOfRun({
          atMs,
          id: `early-${dayMs}-${n}`,
          user: 'heavy',
          session: `early-${n}`,
          calls: 4,
          callUsd: 0.1,
        }),
      ),
    ],
  },
  {
    name: 'a weekend dip and the Monday after it stay quiet',
    timezone: 'UTC',
    date: '2026-07-27',
    watch: [
      [8, 9.25],
      [19.5, 20.25],
    ],
    expected: [],
    events: (dayMs) =>
      [14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0].flatMap((ago) => {
        const isWeekend = [1, 2, 8, 9].includes(ago);
        return eventsOfDay({
          dayMs: dayMs - ago * DAY,
          usd: isWeekend ? 0.3 : 6,
          runs: isWeekend ? 4 : 48,
          fromHour: 8,
          toHour: 20,
        });
      }),
  },
  {
    name: 'the end of summer time stays quiet: a day of 25 hours at the usual pace',
    timezone: 'Europe/Berlin',
    date: '2026-10-25',
    watch: [
      [0.5, 0.75],
      [3, 3.5],
      [24.75, 25],
    ],
    expected: [],
    events: (dayMs) => [...usualWeek(dayMs), ...eventsOfDay({ dayMs, usd: 6.25, runs: 50, toHour: 25 })],
  },
  {
    name: 'one run of one fails: a hundred per cent of nearly nothing stays quiet',
    timezone: 'UTC',
    date: '2026-11-09',
    watch: [[12, 12.5]],
    expected: [],
    events: (dayMs) => [
      ...usualWeek(dayMs),
      ...eventsOfRun({ atMs: dayMs + 12.1 * HOUR, id: `one-${dayMs}`, status: 'error', callUsd: 0.001 }),
    ],
  },
];

/** Minutes that a scenario watches, Unix ms. */
export function watchedMinutes(scenario: Scenario): readonly number[] {
  const start = dayStart(scenario);
  return scenario.watch.flatMap(([fromHour, toHour]) => {
    const minutes: number[] = [];
    for (let atMs = start + fromHour * HOUR; atMs <= start + toHour * HOUR; atMs += MINUTE)
      minutes.push(atMs);
    return minutes;
  });
}

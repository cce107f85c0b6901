// Calendar days and hours of zones whose clocks change, told by the runtime's calendar and not by our search.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  DAY_MS,
  dayOf,
  HOUR_MS,
  isTimeZone,
  isWithin,
  MINUTE_MS,
  offsetAt,
  offsetStretches,
  startOfDate,
  startOfHour,
  stepStarts,
} from '../../core/time/time.ts';

const at = (iso: string): number => Date.parse(iso);
const iso = (ms: number): string => new Date(ms).toISOString();
/** Clocks that change at midnight, by half an hour, in the southern year, or across the date line. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/St_Johns',
  'America/Havana',
  'America/Santiago',
  'Africa/Cairo',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Atlantic/Azores',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];
const DECADE = { from: at('2019-01-01T00:00:00Z'), to: at('2029-01-01T00:00:00Z') };
const anInstant = fc.integer({ min: DECADE.from, max: DECADE.to });
const aZone = fc.constantFrom(...ZONES);

const writers = new Map<string, Intl.DateTimeFormat>();
/** The local date as the runtime writes it, in days since 1970-01-01. */
function writtenDate(atMs: number, zone: string): number {
  const writer = writers.get(zone) ?? new Intl.DateTimeFormat('en-CA', { timeZone: zone });
  writers.set(zone, writer);
  return at(`${writer.format(atMs)}T00:00:00Z`) / DAY_MS;
}

describe('a date of a zone', () => {
  it.each(ZONES)(
    'begins where the runtime turns the leaf, around every change of the clock in %s',
    (zone) => {
      for (const { until } of offsetStretches(DECADE, zone)) {
        if (until === undefined) continue;
        const changed = writtenDate(until, zone);
        for (const date of [changed - 1, changed, changed + 1]) {
          const start = startOfDate(date, zone);
          expect([zone, iso(start), writtenDate(start, zone)]).toEqual([zone, iso(start), date]);
          expect(writtenDate(start - 1, zone)).toBeLessThan(date);
        }
      }
    },
  );

  it.each([
    ['Europe/Berlin', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-25', 25],
    ['America/Havana', '2026-03-08', 23],
    ['America/Havana', '2026-11-01', 25],
    ['Africa/Cairo', '2026-04-24', 23],
    ['Africa/Cairo', '2026-10-29', 25],
    ['America/Santiago', '2026-09-06', 23],
    ['Asia/Beirut', '2026-03-29', 23],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    ['Australia/Lord_Howe', '2026-10-04', 23.5],
    ['America/St_Johns', '2026-11-01', 25],
    ['Asia/Kathmandu', '2026-11-01', 24],
    ['UTC', '2026-03-29', 24],
  ])('in %s, %s has %p hours', (zone, date, hours) => {
    const day = at(`${date}T00:00:00Z`) / DAY_MS;
    expect((startOfDate(day + 1, zone) - startOfDate(day, zone)) / HOUR_MS).toBe(hours);
  });

  it('that the zone skipped is empty', () => {
    const skipped = at('2011-12-30T00:00:00Z') / DAY_MS;
    expect(startOfDate(skipped, 'Pacific/Apia')).toBe(startOfDate(skipped + 1, 'Pacific/Apia'));
  });

  it('is as far before another as one counts days', () => {
    fc.assert(
      fc.property(anInstant, aZone, fc.integer({ min: 1, max: 40 }), (instant, zone, days) => {
        let day = dayOf(instant, zone);
        for (let count = 0; count < days; count++) day = dayOf(day.from, zone);
        expect(dayOf(instant, zone, -days)).toEqual(day);
        expect(dayOf(day.to, zone, days)).toEqual(dayOf(instant, zone));
      }),
      { numRuns: 40 },
    );
  });
});

describe('an interval', () => {
  it('holds its end and not its start', () => {
    const interval = { from: 10, to: 20 };
    expect([9, 10, 11, 20, 21].map((instant) => isWithin(interval, instant))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  it('is divided by its steps: every instant is in one of them', () => {
    fc.assert(
      fc.property(anInstant, aZone, fc.integer({ min: 1, max: 3 * DAY_MS }), (from, zone, lengthMs) => {
        const to = from + lengthMs;
        for (const step of ['hour', 'day'] as const) {
          const starts = stepStarts({ from, to }, step, zone);
          const ends = [...starts.slice(1), Number.POSITIVE_INFINITY];
          for (const instant of [from + 1, to, from + Math.ceil(lengthMs / 2)]) {
            const holding = starts.filter((start, index) =>
              isWithin({ from: start, to: ends[index] ?? start }, instant),
            );
            expect(holding).toHaveLength(1);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('an hour of a zone', () => {
  it('holds its instant, is full on the local clock, and owns the instant at its end', () => {
    fc.assert(
      fc.property(anInstant, aZone, (instant, zone) => {
        const start = startOfHour(instant, zone);
        expect(start < instant && instant <= start + HOUR_MS).toBe(true);
        expect((((start + offsetAt(instant, zone)) % HOUR_MS) + HOUR_MS) % HOUR_MS).toBe(0);
        expect(startOfHour(start + HOUR_MS, zone)).toBe(start);
        expect(startOfHour(start + 1, zone)).toBe(start);
      }),
    );
  });

  it('that begins with the interval is its first step, and one that begins with its end is none', () => {
    const from = at('2026-11-21T03:00:00Z');
    expect(stepStarts({ from, to: from + 2 * HOUR_MS }, 'hour', 'UTC')).toEqual([from, from + HOUR_MS]);
    expect(stepStarts({ from, to: from + 1 }, 'hour', 'UTC')).toEqual([from]);
  });
});

describe('a day of an interval', () => {
  it('that begins with the interval is its first step, and one that begins with its end is none', () => {
    const { from, to } = dayOf(at('2026-10-25T12:00:00Z'), 'Europe/Berlin');
    expect(stepStarts({ from, to }, 'day', 'Europe/Berlin')).toEqual([from]);
    expect(stepStarts({ from: from - 1, to: to + 1 }, 'day', 'Europe/Berlin')).toEqual([
      dayOf(from, 'Europe/Berlin').from,
      from,
      to,
    ]);
  });
});

describe('the stretches of an interval', () => {
  it('tell the offset of every instant in it, and know of no change outside', () => {
    fc.assert(
      fc.property(anInstant, aZone, fc.integer({ min: 1, max: 300 * 24 }), (from, zone, hours) => {
        const to = from + hours * HOUR_MS;
        const stretches = offsetStretches({ from, to }, zone);
        for (const { until } of stretches) expect(until ?? to).toBeLessThanOrEqual(to);
        for (let instant = from; instant <= to; instant += Math.ceil((to - from) / 50)) {
          const own = stretches.find(({ until }) => until === undefined || instant < until);
          expect(own?.offsetMs).toBe(offsetAt(instant, zone));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('end before a change that is still to come', () => {
    const change = at('2026-10-25T01:00:00Z');
    const from = change - 3 * HOUR_MS;
    expect(offsetStretches({ from, to: change - MINUTE_MS }, 'Europe/Berlin')).toEqual([
      { offsetMs: 2 * HOUR_MS, until: undefined },
    ]);
    expect(offsetStretches({ from, to: change }, 'Europe/Berlin')).toEqual([
      { offsetMs: 2 * HOUR_MS, until: change },
      { offsetMs: HOUR_MS, until: undefined },
    ]);
  });
});

describe('the offset of a zone', () => {
  it.each([
    ['Asia/Kathmandu', '2026-11-21T00:00:00Z', 5.75],
    ['America/St_Johns', '2026-01-21T00:00:00Z', -3.5],
    ['Pacific/Apia', '2026-11-21T00:00:00Z', 13],
    ['UTC', '2026-11-21T00:00:00Z', 0],
  ])('%s at %s is %p hours, within a second too', (zone, time, hours) => {
    expect(offsetAt(at(time), zone)).toBe(hours * HOUR_MS);
    expect(offsetAt(at(time) + 999, zone)).toBe(hours * HOUR_MS);
    expect(offsetAt(-1, zone) % 1000).toBeCloseTo(0, 12);
  });

  it('of a word that is no zone is an error', () => {
    expect(() => offsetAt(0, 'Mars/Olympus')).toThrow(RangeError);
    expect(isTimeZone('')).toBe(false);
  });
});

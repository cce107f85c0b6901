import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { quantileOf } from '../../core/quantile.ts';
import {
  DAY_MS,
  dateOf,
  dayOf,
  HOUR_MS,
  isTimeZone,
  localDateAt,
  localTimeAt,
  offsetAt,
  offsetStretches,
  startOfDate,
  stepStarts,
} from '../../core/time/time.ts';

const at = (iso: string): number => Date.parse(iso);
const iso = (ms: number): string => new Date(ms).toISOString();
// Midnight is skipped in Havana and Cairo; Lord Howe moves by half an hour; Apia skipped a whole day in 2011.
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'America/Havana',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];
const anInstant = fc.integer({ min: at('2011-01-01T00:00:00Z'), max: at('2030-01-01T00:00:00Z') });

describe('a calendar day', () => {
  it('is 25 hours long when the clock goes back and 23 when it goes forward', () => {
    const back = dayOf(at('2026-10-25T12:00:00Z'), 'Europe/Berlin');
    expect([iso(back.from), iso(back.to)]).toEqual(['2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z']);
    const forward = dayOf(at('2026-03-08T12:00:00Z'), 'America/New_York');
    expect((forward.to - forward.from) / HOUR_MS).toBe(23);
  });

  it('owns the midnight at its end, not the one at its start', () => {
    const midnight = at('2026-11-21T00:00:00Z');
    expect(iso(dayOf(midnight, 'UTC').from)).toBe('2026-11-20T00:00:00.000Z');
    expect(iso(dayOf(midnight + 1, 'UTC').from)).toBe('2026-11-21T00:00:00.000Z');
  });

  it('starts after the gap where the clock skips midnight', () => {
    expect(iso(dayOf(at('2026-03-08T20:00:00Z'), 'America/Havana').from)).toBe('2026-03-08T05:00:00.000Z');
    expect(offsetAt(at('2026-03-08T05:00:00Z'), 'America/Havana')).toBe(-4 * HOUR_MS);
  });

  it('holds its instant, touches its neighbours, and has one date', () => {
    fc.assert(
      fc.property(anInstant, fc.constantFrom(...ZONES), (instant, zone) => {
        const day = dayOf(instant, zone);
        expect(day.from < instant && instant <= day.to).toBe(true);
        expect(dayOf(day.from, zone).to).toBe(day.from);
        expect(dateOf(day.from + 1, zone)).toBe(dateOf(day.to, zone));
        expect(localDateAt(day.from, zone)).toBe(localDateAt(day.to - 1, zone));
      }),
    );
  });

  it('starts at the first instant of its date', () => {
    fc.assert(
      fc.property(anInstant, fc.constantFrom(...ZONES), (instant, zone) => {
        const date = localDateAt(instant, zone);
        const start = startOfDate(date, zone);
        expect(localDateAt(start, zone)).toBe(date);
        expect(localDateAt(start - 1, zone)).toBeLessThan(date);
      }),
    );
  });
});

describe('steps of a time series', () => {
  it('cover the interval without gap or overlap, on full hours and midnights of the zone', () => {
    fc.assert(
      fc.property(
        anInstant,
        fc.integer({ min: 1, max: 40 * 24 }),
        fc.constantFrom(...ZONES),
        (from, hours, zone) => {
          const to = from + hours * HOUR_MS;
          for (const step of ['hour', 'day'] as const) {
            const starts = stepStarts({ from, to }, step, zone);
            expect(starts[0]).toBeLessThanOrEqual(from);
            expect(starts.at(-1)).toBeLessThan(to);
            expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('of a day start at midnight', () => {
    fc.assert(
      fc.property(
        anInstant,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(...ZONES),
        (from, days, zone) => {
          const starts = stepStarts({ from, to: from + days * DAY_MS }, 'day', zone);
          expect(starts.map((start) => dayOf(start + 1, zone).from)).toEqual(starts);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('are none when the interval is empty', () => {
    expect(stepStarts({ from: 5, to: 5 }, 'hour', 'UTC')).toEqual([]);
  });

  it('start on half hours of UTC where the zone does', () => {
    const [first] = stepStarts(
      { from: at('2026-11-21T00:00:00Z'), to: at('2026-11-21T01:00:00Z') },
      'hour',
      'Asia/Kolkata',
    );
    expect(iso(first ?? 0)).toBe('2026-11-20T23:30:00.000Z');
  });
});

describe('stretches of one offset', () => {
  it('change exactly where the clock does', () => {
    const from = at('2026-10-01T00:00:00Z');
    const stretches = offsetStretches({ from, to: from + 40 * DAY_MS }, 'Europe/Berlin');
    expect(stretches).toEqual([
      { offsetMs: 2 * HOUR_MS, until: at('2026-10-25T01:00:00Z') },
      { offsetMs: HOUR_MS, until: undefined },
    ]);
  });

  it('are one in a zone without changes', () => {
    expect(offsetStretches({ from: 0, to: 400 * DAY_MS }, 'UTC')).toEqual([
      { offsetMs: 0, until: undefined },
    ]);
  });
});

describe('local time', () => {
  it('is what the clocks of the zone show', () => {
    const winter = at('2026-11-20T23:30:00.250Z');
    expect(localTimeAt(winter, 'UTC')).toBe('2026-11-20T23:30:00.250');
    expect(localTimeAt(winter, 'Europe/Berlin')).toBe('2026-11-21T00:30:00.250');
    expect(localTimeAt(at('2026-10-25T00:59:00Z'), 'Europe/Berlin')).toBe('2026-10-25T02:59:00.000');
    expect(localTimeAt(at('2026-10-25T01:01:00Z'), 'Europe/Berlin')).toBe('2026-10-25T02:01:00.000');
    expect(localTimeAt(winter, 'Asia/Kolkata')).toBe('2026-11-21T05:00:00.250');
  });
});

describe('a time zone', () => {
  it('is told from a word that is none', () => {
    expect(isTimeZone('Europe/Berlin')).toBe(true);
    expect(isTimeZone('Berlin')).toBe(false);
  });
});

describe('a quantile', () => {
  it('interpolates at q·(n−1)', () => {
    expect(quantileOf([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantileOf([10, 0], 0.95)).toBeCloseTo(9.5, 12);
    expect(quantileOf([7], 0.99)).toBe(7);
    expect(quantileOf([], 0.5)).toBeUndefined();
  });

  it('refuses what is no share', () => {
    expect(() => quantileOf([1], 1.5)).toThrow(RangeError);
    expect(() => quantileOf([1], Number.NaN)).toThrow(RangeError);
  });

  it('lies between the least and the greatest, whatever the order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { minLength: 1 }),
        fc.float({ min: 0, max: 1, noNaN: true }),
        (values, q) => {
          const quantile = quantileOf(values, q) ?? Number.NaN;
          expect(quantile).toBeGreaterThanOrEqual(Math.min(...values));
          expect(quantile).toBeLessThanOrEqual(Math.max(...values));
          expect(quantileOf(values.toReversed(), q)).toBe(quantile);
        },
      ),
    );
  });
});

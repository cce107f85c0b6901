// Runs and spend are asked for a time in the same words, by the API and by commands.

import { describe, expect, it } from '@jest/globals';
import { stretchOfOptions } from '../../../cli/time-options.ts';
import { parseCostRequest } from '../../../server/questions/cost-params.ts';
import { parseRunsQuestion } from '../../../server/questions/run-filter-params.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const iso = (atMs: number | undefined): string | undefined =>
  atMs === undefined ? undefined : new Date(atMs).toISOString().slice(0, 16);

describe('a time with ends', () => {
  it.each([
    [{ from: 'yesterday' }, 'UTC', '2026-11-27T00:00', '2026-11-28T00:00'],
    [{ from: 'yesterday' }, 'Asia/Kolkata', '2026-11-26T18:30', '2026-11-27T18:30'],
    [{ from: 'today' }, 'Asia/Kolkata', '2026-11-27T18:30', undefined],
    [{ from: 'week' }, 'UTC', '2026-11-23T00:00', undefined],
    [{ from: '2h' }, 'UTC', '2026-11-28T10:00', undefined],
    [{ from: '2026-11-20' }, 'America/New_York', '2026-11-20T05:00', '2026-11-21T05:00'],
    [{ from: '2026-11-20', to: 'yesterday' }, 'UTC', '2026-11-20T00:00', '2026-11-28T00:00'],
    // The night in which clocks go back has an hour more.
    [{ from: '2026-10-25' }, 'Europe/Berlin', '2026-10-24T22:00', '2026-10-25T23:00'],
    [
      { from: '2026-11-20T10:00', to: '2026-11-20T11:00' },
      'Europe/Berlin',
      '2026-11-20T09:00',
      '2026-11-20T10:00',
    ],
  ])('%j in %s is the same of runs, of spend and of commands', (ends, zone, from, to) => {
    const runs = parseRunsQuestion(ends, NOW, zone);
    expect([iso(runs.since), iso(runs.until)]).toEqual([from, to]);
    const cost = parseCostRequest(ends, NOW, zone);
    expect([iso(cost.since), iso(cost.until)]).toEqual([from, to ?? iso(NOW)]);
    const command = stretchOfOptions(ends, NOW, zone);
    expect([command?.from, command?.to]).toEqual([cost.since, cost.until]);
    // The zone may be the question's own.
    const asked = parseCostRequest({ ...ends, zone }, NOW, 'Pacific/Auckland');
    expect(asked).toMatchObject({ since: cost.since, until: cost.until, timezone: zone });
    expect(parseRunsQuestion({ ...ends, zone }, NOW, 'Pacific/Auckland')).toMatchObject({
      since: runs.since,
    });
  });

  it('has a name that moves with the clock', () => {
    expect(iso(parseCostRequest({ time: '24h' }, NOW, 'UTC').since)).toBe('2026-11-27T12:00');
    expect(iso(parseRunsQuestion({ time: 'yesterday' }, NOW, 'UTC').until)).toBe('2026-11-28T00:00');
    expect(iso(parseRunsQuestion({ filter: 'user:ana time:yesterday' }, NOW, 'UTC').until)).toBe(
      '2026-11-28T00:00',
    );
  });

  it('is meant by the words of before', () => {
    const query = { since: '2026-11-20T00:00:00Z', until: '24h' };
    const expected = { since: Date.parse('2026-11-20T00:00:00Z'), until: NOW - 86_400_000 };
    expect(parseRunsQuestion(query, NOW, 'Asia/Kolkata')).toMatchObject(expected);
    expect(parseCostRequest(query, NOW, 'Asia/Kolkata')).toMatchObject(expected);
    expect(iso(parseCostRequest({}, NOW, 'UTC').since)).toBe('2026-11-21T12:00');
    expect(parseRunsQuestion({}, NOW, 'UTC')).toMatchObject({ since: undefined, until: undefined });
  });

  it.each([
    [{ from: 'soon' }, /time is today/],
    [{ from: '2026-11-20T10:00', to: '2026-11-19T10:00' }, /ends before it begins/],
    [{ from: '2026-02-45' }, /from is no day/],
    [{ from: 'today', since: '7d' }, /give one time: from, since/],
    [{ time: '7d', to: '2026-11-20' }, /give one time: time, to/],
    [{ from: 'today', zone: 'Europe/Atlantis' }, /not a time zone/],
  ])('is refused as %j in the same words', (query, message) => {
    expect(() => parseRunsQuestion(query, NOW, 'UTC')).toThrow(message);
    expect(() => parseCostRequest(query, NOW, 'UTC')).toThrow(message);
  });

  it('of spend has a beginning, and ends after it', () => {
    expect(() => parseCostRequest({ time: 'all' }, NOW, 'UTC')).toThrow(/no beginning/);
    expect(() => parseCostRequest({ since: '1h', until: '2h' }, NOW, 'UTC')).toThrow(/ends before it begins/);
    // A run that went on all the time was there after the one and had begun by the other.
    expect(parseRunsQuestion({ since: '1h', until: '2h' }, NOW, 'UTC').until).toBe(NOW - 7_200_000);
  });
});

// Runs and spend are asked for a time in the same words, by the API and by commands.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stretchOfOptions } from '../../../cli/time-options.ts';
import { parseCostRequest } from '../../../server/questions/cost-params.ts';
import { parseDiagnosisQuestion, parseWhatIfQuestion } from '../../../server/questions/diagnosis-params.ts';
import { parseSignalRequest } from '../../../server/questions/query-params.ts';
import { parseRunsQuestion } from '../../../server/questions/run-filter-params.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const iso = (atMs: number | undefined): string | undefined =>
  atMs === undefined ? undefined : new Date(atMs).toISOString().slice(0, 16);

const dayBefore = (query: Record<string, string>, zone: string): ReturnType<typeof parseDiagnosisQuestion> =>
  parseDiagnosisQuestion({ against: '1d', ...query }, NOW, zone);

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
    [{ from: 'soon' }, /from is a time such as .*yesterday or 24h, not soon/],
    [{ time: 'soon' }, /time is today/],
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

describe('the time of a diagnosis', () => {
  it.each([
    [{ from: '2026-11-20' }, 'America/New_York', '2026-11-20T05:00', '2026-11-21T05:00'],
    [{ from: '2026-10-25' }, 'Europe/Berlin', '2026-10-24T22:00', '2026-10-25T23:00'],
    [{ from: '2026-11-20', to: '2026-11-21' }, 'Asia/Kolkata', '2026-11-19T18:30', '2026-11-21T18:30'],
    [
      { from: '2026-11-20T10:00', to: '2026-11-20T11:00' },
      'Pacific/Apia',
      '2026-11-19T21:00',
      '2026-11-19T22:00',
    ],
    [{ from: 'week' }, 'UTC', '2026-11-23T00:00', '2026-11-28T12:00'],
    [{ from: 'today', to: 'today' }, 'Asia/Kolkata', '2026-11-27T18:30', '2026-11-28T12:00'],
  ])('%j in %s is that of runs and spend', (ends, zone, from, to) => {
    const asked = dayBefore(ends, zone);
    expect([iso(asked.from), iso(asked.to)]).toEqual([from, to]);
    expect(asked).toMatchObject({ againstTo: asked.from, againstFrom: asked.from - 86_400_000 });
    expect(parseWhatIfQuestion({ ...ends, cache: '1h' }, NOW, zone)).toMatchObject({
      from: asked.from,
      to: asked.to,
    });
  });

  it('is the last day where it has no beginning', () => {
    expect(iso(dayBefore({}, 'UTC').from)).toBe('2026-11-27T12:00');
    const asked = dayBefore({ to: '2h' }, 'UTC');
    expect([iso(asked.from), iso(asked.to)]).toEqual(['2026-11-27T12:00', '2026-11-28T10:00']);
    expect(() => dayBefore({ from: 'all' }, 'UTC')).toThrow(/no beginning/);
  });

  it('and the one that it is compared with have ends in the zone', () => {
    const asked = dayBefore({ against: '2026-10-24..2026-10-25' }, 'Europe/Berlin');
    expect([iso(asked.againstFrom), iso(asked.againstTo)]).toEqual(['2026-10-23T22:00', '2026-10-25T23:00']);
    expect(() => dayBefore({ against: '2026-10-25..2026-10-24' }, 'UTC')).toThrow(/ends before it begins/);
    expect(() => dayBefore({ against: 'soon..today' }, 'UTC')).toThrow(/against is a time such as/);
  });
});

it.each([
  ['claude-haiku-4-6', /no model of the price table\. Did you mean claude-haiku-4-5/],
  ['gpt-4', /no model of the price table; docs/],
])('a what-if is not of %s, which has no price', (model, message) => {
  expect(() => parseWhatIfQuestion({ model }, NOW, 'UTC')).toThrow(message);
});

describe('an instant without a zone', () => {
  const was = process.env['TZ'];

  beforeAll(() => {
    process.env['TZ'] = 'America/New_York';
  });

  afterAll(() => {
    if (was === undefined) delete process.env['TZ'];
    else process.env['TZ'] = was;
  });

  it('is UTC, whatever zone the process runs in', () => {
    expect(iso(parseRunsQuestion({ since: '2026-11-20T10:00' }, NOW, 'UTC').since)).toBe('2026-11-20T10:00');
    const { request } = parseSignalRequest('cost', { from: '2026-11-20T10:00' }, NOW, 'UTC');
    expect(iso(request.from)).toBe('2026-11-20T10:00');
  });

  it('is of a day that there is', () => {
    expect(() => parseRunsQuestion({ since: '2026-02-30' }, NOW, 'UTC')).toThrow(/since is a time such as/);
  });
});

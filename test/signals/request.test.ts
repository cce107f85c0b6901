import { describe, expect, it } from '@jest/globals';
import { DAY_MS } from '../../core/time/time.ts';
import { parseRequest } from '../../signals/request.ts';
import { SignalError } from '../../signals/signal.ts';

const NOW = Date.parse('2026-11-21T09:00:00Z');

describe('a request as people write it', () => {
  it('ends now and is as long as the signal says when nothing else is given', () => {
    expect(parseRequest({ id: 'cost' }, NOW, 'UTC').request).toMatchObject({ from: NOW - DAY_MS, to: NOW });
    const fortnight = parseRequest({ id: 'cost_per_successful_run' }, NOW, 'UTC').request;
    expect(fortnight.from).toBe(NOW - 14 * DAY_MS);
  });

  it('takes a length, a day of the zone, or two instants', () => {
    expect(parseRequest({ id: 'cost', window: '90m' }, NOW, 'UTC').request.from).toBe(NOW - 90 * 60_000);
    const day = parseRequest({ id: 'cost', window: 'day' }, NOW, 'Asia/Kolkata').request;
    expect(new Date(day.from).toISOString()).toBe('2026-11-20T18:30:00.000Z');
    const range = parseRequest(
      { id: 'cost', from: '2026-11-01', to: '2026-11-02T00:00:00Z' },
      NOW,
      'UTC',
    ).request;
    expect([range.from, range.to]).toEqual([Date.parse('2026-11-01'), Date.parse('2026-11-02')]);
  });

  it('takes dimensions to group and to filter by', () => {
    const { request } = parseRequest(
      { id: 'cost', by: 'user,model', where: { agent: 'a', task: '' } },
      NOW,
      'UTC',
    );
    expect(request.by).toEqual(['user', 'model']);
    expect(request.where).toEqual({ agent: 'a' });
  });

  it.each([
    ['an unknown signal', { id: 'costs_of' }, /no signal "costs_of"/],
    ['an unknown dimension', { id: 'cost', by: 'colour' }, /no dimension "colour"/],
    [
      'a dimension that the signal has not',
      { id: 'run_count', by: 'model' },
      /run_count has no dimension model/,
    ],
    ['a filter that the signal has not', { id: 'run_count', where: { tool: 'x' } }, /no dimension tool/],
    ['a window that is none', { id: 'cost', window: 'a while' }, /"a while" is no window/],
    ['a window of no length', { id: 'cost', window: '0h' }, /"0h" is no window/],
    ['a time that is none', { id: 'cost', from: 'yesterday' }, /"yesterday" is no time/],
    ['a time before all dates', { id: 'cost_spike', to: '-271821-04-20' }, /"-271821-04-20" is no time/],
    ['an end before the start', { id: 'cost', from: '2026-11-22T00:00:00Z' }, /ends before it starts/],
    ['a window and a start', { id: 'cost', from: '2026-11-20', window: '1h' }, /not both/],
  ])('refuses %s and says why', (_, text, message) => {
    expect(() => parseRequest(text, NOW, 'UTC')).toThrow(SignalError);
    expect(() => parseRequest(text, NOW, 'UTC')).toThrow(message);
  });

  it('refuses a zone that is none', () => {
    expect(() => parseRequest({ id: 'cost' }, NOW, 'Mars/Olympus')).toThrow(/no time zone Mars/);
  });
});

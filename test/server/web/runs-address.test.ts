import { describe, expect, it } from '@jest/globals';
import { parseRunsAddress } from '../../../server/web/runs-address.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const FROM = '2026-11-28T02:00';
const TO = '2026-11-28T03:00';

function spanOf(query: Readonly<Record<string, string>>): [number | undefined, number | undefined] {
  const { filter } = parseRunsAddress(query, NOW, 'UTC');
  return [filter.since, filter.until];
}

describe('the time that the list of runs is asked for', () => {
  it('is a stretch as a form writes it, in the zone of the page', () => {
    expect(spanOf({ from: FROM, to: TO })).toEqual([Date.parse(`${FROM}Z`), Date.parse(`${TO}Z`)]);
    const { filter } = parseRunsAddress({ from: FROM }, NOW, 'Europe/Berlin');
    expect(filter.since).toBe(Date.parse('2026-11-28T01:00Z'));
  });

  it('is what was changed of a form: a time that was chosen, or a stretch that was written', () => {
    const shown = `${FROM}~${TO}`;
    expect(spanOf({ since: '1h', from: FROM, to: TO, shown })).toEqual([NOW - 3_600_000, undefined]);
    expect(spanOf({ since: '', from: FROM, to: TO, shown })).toEqual([
      Date.parse(`${FROM}Z`),
      Date.parse(`${TO}Z`),
    ]);
    expect(spanOf({ since: '1h', from: '2026-11-28T01:00', to: TO, shown })).toEqual([
      Date.parse('2026-11-28T01:00Z'),
      Date.parse(`${TO}Z`),
    ]);
  });

  it('leaves the form with the parameters that count', () => {
    const { stretch } = parseRunsAddress({ since: '1h', from: FROM, to: '', shown: `${FROM}~` }, NOW, 'UTC');
    expect(stretch.params).toEqual({ time: '1h' });
  });
});

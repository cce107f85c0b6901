// The store gives the same numbers as the reference evaluator, over the same events.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';
import { CATALOGUE } from '../../signals/catalogue/index.ts';
import { plainBackend, storeBackend, type Backend } from './backends.ts';
import { compareResults, compareSeries } from '../../signals/compare.ts';
import { FIXED_DAYS, FIXED_TO, fixedCorpus, USER_CHOICES, ZONES } from './corpora.ts';

// Many evaluations; a busy machine may take its time.
jest.setTimeout(120_000);

const events = fixedCorpus();
const plain = plainBackend(events);
let store: Backend;

beforeAll(async () => {
  store = await storeBackend(events);
});
afterAll(async () => {
  await store.close();
});

describe.each(CATALOGUE.map((signal) => [signal.id, signal] as const))('%s in the store', (_, signal) => {
  it('is the same over every window and zone', async () => {
    for (const days of [1 / 24, 1, 7, FIXED_DAYS]) {
      for (const timezone of days === 1 ? ZONES : ['UTC']) {
        const request = { from: FIXED_TO - days * DAY_MS, to: FIXED_TO, timezone, now: FIXED_TO + DAY_MS };
        const expected = await plain.read(signal, request);
        expect(compareResults(signal, expected, await store.read(signal, request))).toEqual([]);
      }
    }
  });

  it('is the same for every dimension, and for all of them together', async () => {
    for (const by of [...signal.dimensions, signal.dimensions]) {
      const request = { from: FIXED_TO - 3 * DAY_MS, to: FIXED_TO, by, timezone: 'America/New_York' };
      const expected = await plain.read(signal, request);
      expect(compareResults(signal, expected, await store.read(signal, request))).toEqual([]);
    }
  });

  it('is the same for the events of one user, of several, and of all but some', async () => {
    if (!signal.dimensions.includes('user')) return;
    for (const user of USER_CHOICES) {
      const days = typeof user === 'string' ? 7 : 2;
      const from = FIXED_TO - days * DAY_MS;
      const request = { from, to: FIXED_TO, where: { user }, timezone: 'UTC' };
      const expected = await plain.read(signal, request);
      expect(compareResults(signal, expected, await store.read(signal, request))).toEqual([]);
    }
  });

  it('is the same in steps of an hour and of a day', async () => {
    for (const [step, lengthMs] of [
      ['hour', 30 * HOUR_MS],
      ['day', FIXED_DAYS * DAY_MS],
    ] as const) {
      for (const timezone of ZONES) {
        const request = { from: FIXED_TO - lengthMs, to: FIXED_TO, timezone, step };
        const expected = await plain.readSeries(signal, request);
        const actual = await store.readSeries(signal, request);
        expect(compareSeries(signal, expected, actual)).toEqual([]);
      }
    }
  });
});

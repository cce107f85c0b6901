// Everything that a definition can say means the same to the store and to the reference evaluator: each by
// itself, over few events that stand on the edges.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DAY_MS, HOUR_MS, startOfDate } from '../../core/time/time.ts';
import { compareResults, compareSeries } from '../../signals/compare.ts';
import { evaluate } from '../../signals/evaluate.ts';
import type { Signal, SignalRequest } from '../../signals/signal.ts';
import { generateCorpus } from '../fixtures/corpus.ts';
import { plainBackend, storeBackend, type Backend } from './backends.ts';
import { CONSTRUCTS } from './constructs.ts';

// A busy machine may take its time.
jest.setTimeout(120_000);

/** A week after the clock of Berlin went back, on the half of an hour. */
const TO = Date.parse('2026-10-29T14:30:00Z');
const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Kolkata'] as const;
const date = Math.floor(TO / DAY_MS);
const edges = [1, 2, 8, 9].flatMap((days) => [
  TO - days * DAY_MS,
  ...ZONES.map((zone) => startOfDate(date - days + 1, zone)),
]);
const events = generateCorpus({
  seed: 5,
  to: TO,
  days: 11,
  runsPerDay: 3,
  edges: [...edges, TO - HOUR_MS, TO].toSorted((a, b) => a - b),
});
const plain = plainBackend(events);
let store: Backend;

beforeAll(async () => {
  store = await storeBackend(events);
});
afterAll(async () => {
  await store.close();
});

const WINDOW: SignalRequest = { from: TO - 2 * DAY_MS, to: TO, timezone: 'Europe/Berlin' };

async function differencesOf(signal: Signal, request: SignalRequest): Promise<unknown[]> {
  return compareResults(signal, await plain.read(signal, request), await store.read(signal, request));
}

describe.each(CONSTRUCTS.map((signal) => [signal.id, signal] as const))(
  '%s means the same to both',
  (_, signal) => {
    it('over all of it, a day, an hour, and before now', async () => {
      for (const [index, lengthMs] of [10 * DAY_MS, DAY_MS, HOUR_MS].entries()) {
        const request = { ...WINDOW, from: TO - lengthMs, timezone: ZONES[index] ?? 'UTC' };
        expect(await differencesOf(signal, request)).toEqual([]);
        expect(await differencesOf(signal, { ...request, to: TO - 2 * HOUR_MS, now: TO })).toEqual([]);
      }
    });

    it('by its dimensions, one and all, and for one user', async () => {
      for (const by of [signal.dimensions[0], signal.dimensions])
        expect(await differencesOf(signal, { ...WINDOW, by })).toEqual([]);
      const where = { user: 'a|b.*' };
      const request = signal.dimensions.includes('user') ? { ...WINDOW, where } : WINDOW;
      expect(await differencesOf(signal, { ...request, from: TO - 10 * DAY_MS })).toEqual([]);
    });

    it('in steps of an hour and of a day', async () => {
      for (const [step, lengthMs, timezone] of [
        ['hour', 26 * HOUR_MS, 'Asia/Kolkata'],
        ['day', 10 * DAY_MS, 'Europe/Berlin'],
      ] as const) {
        const request = { ...WINDOW, from: TO - lengthMs, timezone, step };
        const differences = compareSeries(
          signal,
          await plain.readSeries(signal, request),
          await store.readSeries(signal, request),
        );
        expect(differences).toEqual([]);
      }
    });
  },
);

describe('the few events', () => {
  it.each(CONSTRUCTS.map((signal) => [signal.id, signal] as const))('have something for %s', (_, signal) => {
    const request = { ...WINDOW, from: TO - 10 * DAY_MS };
    expect(evaluate(signal, events, request)).toMatchObject({ value: expect.any(Number) });
    const without = evaluate(signal, [], request);
    expect(evaluate(signal, events, request)).not.toEqual(without);
  });
});

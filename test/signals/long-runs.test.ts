// A run is abandoned an hour after the last that was seen of it, not after its start, in every back end.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';
import { CATALOGUE } from '../../signals/catalogue/index.ts';
import type { Signal } from '../../signals/signal.ts';
import { openLoki, type LokiServer } from '../stack/loki.ts';
import { writeOut } from '../stack/written-out.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';
import { plainBackend, pushEvents, readLoki, storeBackend, type StoreBackend } from './backends.ts';
import { healthyRuns, LONG_SERVICE, mixedRuns } from './long-runs.ts';

const LOSS = CATALOGUE.find(({ id }) => id === 'run_loss_rate') as Signal;
const NOW = Math.floor(Date.now() / 1000) * 1000;
const ASKED = { from: NOW - DAY_MS, to: NOW, timezone: 'UTC', now: NOW };
/** Of six that go on, one that ended and one that was left. */
const MIXED = 1 / 8;

describe('runs of many hours', () => {
  let store: StoreBackend;

  beforeAll(async () => {
    store = await storeBackend(mixedRuns(NOW));
  });
  afterAll(() => store.close());

  it('are not lost while something is seen of them', async () => {
    expect(await plainBackend(healthyRuns(NOW)).read(LOSS, ASKED)).toMatchObject({ value: 0 });
    expect(await plainBackend(mixedRuns(NOW)).read(LOSS, ASKED)).toMatchObject({ value: MIXED });
  });

  it('are lost an hour after the last of it, all at once', async () => {
    const later = { ...ASKED, to: NOW + 2 * HOUR_MS, now: NOW + 2 * HOUR_MS };
    expect(await plainBackend(healthyRuns(NOW)).read(LOSS, later)).toMatchObject({ value: 1 });
  });

  it('are not lost in a window of the past that ends while they go on', async () => {
    const past = { ...ASKED, to: NOW - HOUR_MS, now: NOW };
    expect(await plainBackend(healthyRuns(NOW)).read(LOSS, past)).toMatchObject({ value: 0 });
  });

  it('are counted alike by the store', async () => {
    expect(await store.read(LOSS, ASKED)).toMatchObject({ value: MIXED });
    const byAgent = await store.read(LOSS, { ...ASKED, by: 'agent' });
    expect(byAgent).toEqual(await plainBackend(mixedRuns(NOW)).read(LOSS, { ...ASKED, by: 'agent' }));
  });
});

(await describeWith('loki'))('runs of many hours in a real Loki', () => {
  let loki: LokiServer;

  beforeAll(async () => {
    loki = await openLoki();
    const events = mixedRuns(NOW).toSorted((a, b) => a.timestamp - b.timestamp);
    await pushEvents(loki.otlpUrl, events);
    await writeOut(loki, events);
  }, BUILD_TIMEOUT_MS);
  afterAll(() => loki.stop());

  it.each(['at', 'panel', 'rule'] as const)('are counted alike in the words of %s', async (style) => {
    expect(await readLoki(loki.url, [LONG_SERVICE], LOSS, ASKED, style)).toMatchObject({ value: MIXED });
  });
});

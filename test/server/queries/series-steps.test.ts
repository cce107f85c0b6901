import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DAY_MS } from '../../../core/time/time.ts';
import { readTrends } from '../../../server/queries/signals/read-trends.ts';
import { readSeries } from '../../../server/queries/signals/signal-numbers.ts';
import { SignalError } from '../../../signals/signal.ts';
import { getJson, startTestServer, type TestServer } from '../harness.ts';
import { openTestStore, removeTestStore, type TestStore } from '../test-store.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');

let server: TestServer;
let stored: TestStore;

beforeAll(async () => {
  // Not UTC: the clocks of another zone are looked at for each day of the time.
  server = await startTestServer({ timezone: 'Europe/Berlin' });
  stored = await openTestStore();
});

afterAll(async () => {
  await server.remove();
  await removeTestStore(stored);
});

describe('spend by day', () => {
  it.each(['since=999999w', 'since=0001-01-01', 'since=2026-01-01&until=9999-01-01'])(
    'of %s is refused with what is too much',
    async (time) => {
      const answer = await fetch(`${server.uiUrl}/api/cost?by=day&${time}`);
      expect([answer.status, await answer.json()]).toMatchObject([
        400,
        {
          error: expect.stringMatching(/ has [\d,]+ days, and at most 4,100 are shown\. Choose a short/),
        },
      ]);
    },
  );

  it('of ten years is answered, and so is a longer time that is not split by day', async () => {
    const { rows } = await getJson<{ rows: unknown[] }>(server, '/api/cost?by=day&since=3653d');
    expect(rows).toHaveLength(3654);
    const { total } = await getJson<{ total: unknown }>(server, '/api/cost?by=model&since=999999w');
    expect(total).toEqual({ cost_nano_usd: null, cost_usd: null });
  });
});

describe('a series', () => {
  it('by hour has as many steps as one by day at most, for a signal as for the groups of a trend', async () => {
    const window = { from: NOW - 366 * DAY_MS, to: NOW, timezone: 'Europe/Berlin', now: NOW };
    const tooMany = new SignalError(
      'the time from 2025-11-27 to 2026-11-28 has 8,784 hours, and at most 4,100 are shown. Choose a shorter time.',
    );
    const { database } = stored;
    await expect(readSeries(database, 'cost', { ...window, step: 'hour' })).rejects.toThrow(tooMany);
    await expect(
      readTrends(database, 'cost', { ...window, step: 'hour', by: 'model', groups: 'all' }),
    ).rejects.toThrow(tooMany);
    await expect(readSeries(database, 'cost', { ...window, step: 'day' })).resolves.toHaveLength(367);
  });
});

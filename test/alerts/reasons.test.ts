// Reasons: what a notice says of why compares as its headline does.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { intervalOf } from '../../alerts/rules/reading.ts';
import { findReasons } from '../../server/alerting/reasons.ts';
import { runSignal } from '../../server/queries/signals/signals.ts';
import { openDatabase, type Database } from '../../server/store/file/database.ts';
import { EventStore } from '../../server/store/write/event-store.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { makeDataDir } from '../server/data-dir.ts';
import { eventsOfDay } from './rules/corpus.ts';
import { ruleOf } from './rules/rule-of.ts';

const DAY_MS = 86_400_000;
const MIDNIGHT = Date.UTC(2026, 3, 15);
const NOON = MIDNIGHT + DAY_MS / 2;

let dataDir = '';
let database: Database;

beforeAll(async () => {
  dataDir = await makeDataDir();
  database = await openDatabase(dataDir);
  const store = await EventStore.open(database);
  // Each day $2 before noon and $6 in the evening; today $40 before noon: the same runs, and many more of them.
  const earlier = [7, 6, 5, 4, 3, 2, 1].flatMap((ago) => {
    const dayMs = MIDNIGHT - ago * DAY_MS;
    return [
      ...eventsOfDay({ dayMs, usd: 2, runs: 20, fromHour: 1, toHour: 11 }),
      // Another midnight, so that these runs are others.
      ...eventsOfDay({ dayMs: dayMs + 1, usd: 6, runs: 60, fromHour: 18, toHour: 23 }),
    ];
  });
  const today = eventsOfDay({ dayMs: MIDNIGHT, usd: 40, runs: 400, fromHour: 1, toHour: 11 });
  await store.write({ events: [...earlier, ...today], spans: [] });
});

afterAll(async () => {
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
});

describe('the reasons of a notice', () => {
  it.each([
    ['cost-pace', 40 - 2],
    ['cost-spike', 40 - 8],
  ])('of %s sum to what its headline tells: $%i', async (id, usd) => {
    const rule = ruleOf(id);
    const interval = intervalOf(rule.window, NOON, 'UTC');
    const reasons = await findReasons(
      database,
      (signal, request) => runSignal(database, signalOf(signal), request),
      { rule, interval, timezone: 'UTC' },
    );
    expect(reasons.map(({ title }) => title)).toEqual(['more runs']);
    // What a call costs is rounded to a nano-dollar.
    expect(reasons[0]?.costNanoUsd).toBeCloseTo(usd * 1e9, -4);
  });
});

// Scenarios: the reference evaluator and the embedded alerter speak at the expected minute, and say
// nothing else.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defaultSettings } from '../../../alerts/rules/setting.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import { Alerter } from '../../../server/alerting/alerter.ts';
import { runSignal } from '../../../server/queries/signals/signals.ts';
import { openDatabase, type Database } from '../../../server/store/file/database.ts';
import { EventStore } from '../../../server/store/write/event-store.ts';
import { dayStart, SCENARIOS, timeOf, watchedMinutes, type Scenario } from './scenarios.ts';
import { firingsOf, firingText, policyIn, tellByOracle, type Told } from './told.ts';

function expectedOf(scenario: Scenario): readonly string[] {
  return scenario.expected
    .map(({ rule, at, keys = [] }) => firingText(rule, timeOf(scenario, at) - dayStart(scenario), keys))
    .toSorted();
}

describe.each(SCENARIOS)('$name', (scenario) => {
  const dayMs = dayStart(scenario);

  it('is told at the expected minute by the reference evaluator', async () => {
    const told = await tellByOracle({
      events: scenario.events(dayMs),
      policy: policyIn(scenario.timezone),
      minutes: watchedMinutes(scenario),
    });
    expect(firingsOf(told, dayMs)).toEqual(expectedOf(scenario));
  });
});

describe('the embedded alerter, all scenarios in one store', () => {
  let dataDir = '';
  let database: Database;

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'tallyspan-alerts-'));
    database = await openDatabase(dataDir);
    const store = await EventStore.open(database);
    for (const scenario of SCENARIOS) {
      await store.write({ events: scenario.events(dayStart(scenario)), spans: [] });
    }
  });

  afterAll(async () => {
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it.each(SCENARIOS)('$name', async (scenario) => {
    const folder = await mkdtemp(path.join(dataDir, 'states-'));
    const told: Told[] = [];
    const alerter = await Alerter.open({
      config: { settings: defaultSettings(), policy: policyIn(scenario.timezone), channels: {}, own: [] },
      channels: [],
      dataDir: folder,
      database,
      read: (id, request) => runSignal(database, signalOf(id), request),
      pageUrl: 'http://127.0.0.1:4319',
      log: () => undefined,
    });
    for (const atMs of watchedMinutes(scenario)) await alerter.check(atMs);
    const { notices, rules } = alerter.overview();
    for (const notice of notices) {
      told.push({
        rule: notice.ruleId,
        kind: notice.kind,
        atMs: notice.atMs,
        keys: notice.items.map((one) => one.key),
      });
    }
    await alerter.close();
    expect(rules.filter((rule) => rule.fault !== null)).toEqual([]);
    expect(firingsOf(told, dayStart(scenario))).toEqual(expectedOf(scenario));
  });
});

// The rules on a real Loki: the queries, reduce and math steps of the provisioning file, and the one
// expression of the ruler's file, say at each moment what the reference evaluator says.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { grafanaSteps } from '../../alerts/grafana.ts';
import { RULES } from '../../alerts/rules/all-rules.ts';
import { judgeRule } from '../../alerts/rules/judgement.ts';
import type { Rule } from '../../alerts/rules/rule.ts';
import { defaultSettings } from '../../alerts/rules/setting.ts';
import { rulerExpression } from '../../alerts/ruler.ts';
import type { EventRecord } from '../../core/event.ts';
import { labelOf } from '../../signals/to-logql.ts';
import { sendLogs, toLog } from '../stack/otlp-client.ts';
import { startLoki, type LokiServer } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS, describeWithServers } from '../stack/tier.ts';
import { askLoki, evaluateSteps, metOf, type LabelledNumber } from './grafana-evaluator.ts';
import { dayStart, SCENARIOS, timeOf, watchedMinutes, type Scenario } from './scenarios.ts';
import { readerOf } from './told.ts';

const SETTINGS = defaultSettings();
const MINUTE = 60_000;
const BATCH = 2000;
const RESOURCE = { 'service.name': 'corpus' };

/** Rounds before and after the expected one that are compared too. */
const ROUNDS_BEFORE = 2;

interface Moment {
  readonly rule: Rule;
  readonly atMs: number;
}

/** For each expected firing the rounds around it; for a quiet scenario every rule at its first and last minute. */
function momentsOf(scenario: Scenario): readonly Moment[] {
  const minutes = watchedMinutes(scenario);
  const ends = [minutes[0], minutes.at(-1)].filter((atMs) => atMs !== undefined);
  const sampled = RULES.flatMap((rule) => ends.map((atMs) => ({ rule, atMs })));
  const around = scenario.expected.flatMap(({ rule: id, at }) => {
    const rule = RULES.find((one) => one.id === id);
    if (rule === undefined) throw new Error(`no rule ${id}`);
    const told = timeOf(scenario, at);
    const first = told - rule.forMs;
    return [first - ROUNDS_BEFORE * rule.everyMs, first - rule.everyMs, first, told].map((atMs) => ({
      rule,
      atMs,
    }));
  });
  return [...around, ...sampled];
}

function keysOf(rule: Rule, numbers: readonly LabelledNumber[]): readonly string[] {
  return numbers
    .map(({ labels }) => (rule.by === undefined ? '' : (labels[labelOf(rule.by)] ?? '')))
    .toSorted();
}

describeWithServers('rules on a real Loki', () => {
  let loki: LokiServer;
  const eventsByScenario = new Map<Scenario, readonly EventRecord[]>();

  beforeAll(async () => {
    loki = await startLoki();
    for (const scenario of SCENARIOS) eventsByScenario.set(scenario, scenario.events(dayStart(scenario)));
    // In the order of time: Loki takes nothing that is far behind the newest of its stream.
    const events = [...eventsByScenario.values()].flat().toSorted((a, b) => a.timestamp - b.timestamp);
    for (let at = 0; at < events.length; at += BATCH) {
      const status = await sendLogs(loki.otlpUrl, RESOURCE, events.slice(at, at + BATCH).map(toLog));
      if (status !== 204) throw new Error(`Loki answered ${status}`);
    }
    await sleep(500);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await loki.stop();
  });

  it.each(SCENARIOS)(
    '$name',
    async (scenario) => {
      const read = readerOf(eventsByScenario.get(scenario) ?? [], scenario.timezone);
      const wrong: string[] = [];
      for (const { rule, atMs } of momentsOf(scenario)) {
        const judgements = await judgeRule(rule, SETTINGS, read, atMs);
        const expected = judgements
          .filter((one) => one.status === 'met')
          .map((one) => one.key)
          .toSorted();
        const values = await evaluateSteps(grafanaSteps(rule, SETTINGS, scenario.timezone), loki.url, atMs);
        const grafana = keysOf(rule, metOf(values.get('Condition') ?? []));
        const ruler = keysOf(
          rule,
          await askLoki(loki.url, rulerExpression(rule, SETTINGS, scenario.timezone), atMs),
        );
        const moment = `${rule.id} ${new Date(atMs).toISOString()}`;
        if (grafana.join() !== expected.join())
          wrong.push(`${moment}: Grafana ${grafana.join()} not ${expected.join()}`);
        if (ruler.join() !== expected.join())
          wrong.push(`${moment}: ruler ${ruler.join()} not ${expected.join()}`);
      }
      expect(wrong).toEqual([]);
    },
    5 * MINUTE,
  );

  it(
    'the expected firings are the first met rounds: one round earlier the condition is not met',
    async () => {
      for (const scenario of SCENARIOS) {
        for (const { rule: id, at } of scenario.expected) {
          const rule = RULES.find((one) => one.id === id) as Rule;
          const firstMet = timeOf(scenario, at) - rule.forMs;
          const steps = grafanaSteps(rule, SETTINGS, scenario.timezone);
          const before = await evaluateSteps(steps, loki.url, firstMet - rule.everyMs);
          const now = await evaluateSteps(steps, loki.url, firstMet);
          const met = [before, now].map((values) => metOf(values.get('Condition') ?? []).length > 0);
          expect([scenario.name, id, ...met]).toEqual([scenario.name, id, false, true]);
        }
      }
    },
    5 * MINUTE,
  );

  it(
    'every query of the files is LogQL that Loki accepts',
    async () => {
      for (const timezone of ['UTC', 'Europe/Berlin']) {
        for (const rule of RULES) {
          const queries = grafanaSteps(rule, SETTINGS, timezone).flatMap((step) =>
            step.datasourceUid === 'loki' ? [String(step.model['expr'])] : [],
          );
          for (const query of [...queries, rulerExpression(rule, SETTINGS, timezone)]) {
            const response = await fetch(
              `${loki.url}/loki/api/v1/format_query?${new URLSearchParams({ query }).toString()}`,
            );
            expect([rule.id, response.status]).toEqual([rule.id, 200]);
          }
        }
      }
    },
    MINUTE,
  );
});

// The rules on a real Loki: the queries, reduce and math steps of the provisioning file, and the one
// expression of the ruler's file, say at each moment what the reference evaluator says.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { grafanaSteps } from '../../alerts/grafana.ts';
import { RULES } from '../../alerts/rules/all-rules.ts';
import { judgeRule } from '../../alerts/rules/judgement.ts';
import { readOwnRule, ruleOfOwn } from '../../alerts/rules/own-rule.ts';
import type { Rule } from '../../alerts/rules/rule.ts';
import { defaultSettings } from '../../alerts/rules/setting.ts';
import { rulerExpression } from '../../alerts/ruler.ts';
import type { EventRecord } from '../../core/event.ts';
import { labelOf } from '../../signals/to-logql.ts';
import { sendLogs, toLog } from '../stack/otlp-client.ts';
import { openLoki, type LokiServer } from '../stack/loki.ts';
import { writeOut } from '../stack/written-out.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';
import { askLoki, evaluateSteps, metOf, type LabelledNumber } from './grafana-evaluator.ts';
import { dayStart, SCENARIOS, timeOf, watchedMinutes, type Scenario } from './rules/scenarios.ts';
import { readerOf } from './rules/told.ts';
import { ruleOf } from './rules/rule-of.ts';

const SETTINGS = defaultSettings();
const MINUTE = 60_000;
const BATCH = 2000;
const RESOURCE = { 'service.name': 'corpus' };

interface Moment {
  readonly rule: Rule;
  readonly atMs: number;
}

/** The round at which a rule is first met, and the one before: a rule that waits is told `for` after it. */
function roundsOf(scenario: Scenario): readonly (Moment & { readonly beforeMs: number })[] {
  return scenario.expected.map(({ rule: id, at }) => {
    const rule = ruleOf(id);
    const atMs = timeOf(scenario, at) - rule.forMs;
    return { rule, atMs, beforeMs: atMs - rule.everyMs };
  });
}

/** Rules that the quiet scenarios are about; one scenario asks all of them. */
const TEMPTED = new Set(['cost-spike', 'cost-pace', 'run-failures', 'silence']);
const FULL_SCENARIO = SCENARIOS.find((scenario) => scenario.expected.length === 0);

/** The rounds around each expected firing; for a quiet scenario the last minute. */
function momentsOf(scenario: Scenario): readonly Moment[] {
  const last = watchedMinutes(scenario).at(-1) ?? 0;
  if (scenario.expected.length === 0) {
    const rules = RULES.filter((rule) => scenario === FULL_SCENARIO || TEMPTED.has(rule.id));
    return rules.map((rule) => ({ rule, atMs: last }));
  }
  return roundsOf(scenario).flatMap(({ rule, atMs, beforeMs }) => [
    { rule, atMs: beforeMs },
    { rule, atMs },
  ]);
}

function keysOf(rule: Rule, numbers: readonly LabelledNumber[]): string {
  const label = rule.by === undefined ? undefined : labelOf(rule.by);
  const keys = numbers.map(({ labels }) => (label === undefined ? 'met' : (labels[label] ?? '')));
  return keys.toSorted().join(' ');
}

(await describeWith('loki'))('rules on a real Loki', () => {
  let loki: LokiServer;
  const eventsByScenario = new Map<Scenario, readonly EventRecord[]>();

  beforeAll(async () => {
    loki = await openLoki();
    for (const scenario of SCENARIOS) eventsByScenario.set(scenario, scenario.events(dayStart(scenario)));
    // In the order of time: Loki takes nothing that is far behind the newest of its stream.
    const events = [...eventsByScenario.values()].flat().toSorted((a, b) => a.timestamp - b.timestamp);
    for (let at = 0; at < events.length; at += BATCH) {
      const status = await sendLogs(loki.otlpUrl, RESOURCE, events.slice(at, at + BATCH).map(toLog));
      if (status !== 204) throw new Error(`Loki answered ${status}`);
    }
    await writeOut(loki, events);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await loki.stop();
  });

  it.each(SCENARIOS)(
    '$name',
    async (scenario) => {
      const read = readerOf(eventsByScenario.get(scenario) ?? [], scenario.timezone);
      const said = new Map<string, string>();
      for (const { rule, atMs } of momentsOf(scenario)) {
        const judgements = await judgeRule(rule, SETTINGS, read, atMs);
        const met = judgements.filter((judgement) => judgement.status === 'met');
        const oracle = met
          .map(({ key }) => (rule.by === undefined ? 'met' : key))
          .toSorted()
          .join(' ');
        const values = await evaluateSteps(grafanaSteps(rule, SETTINGS, scenario.timezone), loki.url, atMs);
        const grafana = keysOf(rule, metOf(values.get('Condition') ?? []));
        const ruler = keysOf(
          rule,
          await askLoki(loki.url, rulerExpression(rule, SETTINGS, scenario.timezone), atMs),
        );
        const moment = `${rule.id} ${new Date(atMs).toISOString()}`;
        expect({ moment, grafana, ruler }).toEqual({ moment, grafana: oracle, ruler: oracle });
        said.set(`${rule.id} ${atMs}`, grafana);
      }
      // The expected minute is the first met round: one round earlier it is not met.
      for (const { rule, atMs, beforeMs } of roundsOf(scenario)) {
        expect([rule.id, said.get(`${rule.id} ${beforeMs}`)]).toEqual([rule.id, '']);
        expect([rule.id, said.get(`${rule.id} ${atMs}`)]).not.toEqual([rule.id, '']);
      }
      const isTold = [...said.values()].some((keys) => keys !== '');
      expect(isTold).toBe(scenario.expected.length > 0);
    },
    5 * MINUTE,
  );

  // Limits on either side of what the reference evaluator reads: a query that reads anything else is seen.
  it.each([
    [
      'a calendar day',
      'the day passes twice the mean in a zone that is not UTC',
      { signal: 'cost', window: 'day' },
    ],
    [
      'a calendar day against the one before',
      'the day passes twice the mean in a zone that is not UTC',
      { signal: 'cost', window: 'day', against: 'day', atLeast: 1 },
    ],
    [
      'a calendar day in which the clock changes',
      'the end of summer time stays quiet: a day of 25 hours at the usual pace',
      { signal: 'cost', window: 'day', by: 'user' },
    ],
    [
      'shares of a whole',
      'every second run fails from 10:30 on',
      { signal: 'run_failure_rate', window: '1h', by: 'error' },
    ],
  ])(
    "a rule of one's own over %s",
    async (_, name, asked) => {
      const scenario = SCENARIOS.find((one) => one.name === name) as Scenario;
      const { timezone } = scenario;
      const read = readerOf(eventsByScenario.get(scenario) ?? [], timezone);
      const ruleOver = (limit: number): Rule =>
        ruleOfOwn(readOwnRule({ ...asked, id: 'own', title: 'Own', comparison: 'above', limit }));
      const atMs = timeOf(scenario, '11:00');
      const judgements = await judgeRule(ruleOver(0), SETTINGS, read, atMs);
      const value = Math.max(...judgements.map((judgement) => judgement.value ?? 0));
      expect(value).toBeGreaterThan(0);
      for (const [factor, isPast] of [
        [0.999, true],
        [1.001, false],
      ] as const) {
        const rule = { ...ruleOver(0), threshold: value * factor };
        const met = (await judgeRule(rule, SETTINGS, read, atMs)).filter(({ status }) => status === 'met');
        const oracle = keysOf(
          rule,
          met.map(({ key }) => ({
            labels: rule.by === undefined ? {} : { [labelOf(rule.by)]: key },
            value: 1,
          })),
        );
        expect(oracle !== '').toBe(isPast);
        const steps = await evaluateSteps(grafanaSteps(rule, SETTINGS, timezone), loki.url, atMs);
        expect(keysOf(rule, metOf(steps.get('Condition') ?? []))).toBe(oracle);
        const ruler = await askLoki(loki.url, rulerExpression(rule, SETTINGS, timezone), atMs);
        expect(keysOf(rule, ruler)).toBe(oracle);
      }
    },
    MINUTE,
  );

  it(
    'every query of the files is LogQL that Loki accepts',
    async () => {
      for (const timezone of ['UTC', 'Europe/Berlin']) {
        for (const rule of RULES) {
          const queries = grafanaSteps(rule, SETTINGS, timezone).flatMap((step) =>
            step.datasourceUid === 'loki' ? [step.model.expr ?? ''] : [],
          );
          for (const query of [...queries, rulerExpression(rule, SETTINGS, timezone)]) {
            const text = new URLSearchParams({ query }).toString();
            const response = await fetch(`${loki.url}/loki/api/v1/format_query?${text}`);
            expect([rule.id, response.status]).toEqual([rule.id, 200]);
          }
        }
      }
    },
    MINUTE,
  );
});

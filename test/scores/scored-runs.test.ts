// Two hundred scored runs, as they came: every signal of scores, by everything that it can be grouped by, the panels of the
// board, and rules about scores, say in the embedded store and on a real Loki what the reference evaluator says.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { grafanaSteps } from '../../alerts/grafana.ts';
import { judgeRule, type ReadSignal } from '../../alerts/rules/judgement.ts';
import { readOwnRule, ruleOfOwn } from '../../alerts/rules/own-rule.ts';
import { questionOf, readingOfResult } from '../../alerts/rules/reading.ts';
import { defaultSettings } from '../../alerts/rules/setting.ts';
import { rulerExpression } from '../../alerts/ruler.ts';
import { NANO_USD_PER_USD } from '../../core/money.ts';
import { DAY_MS } from '../../core/time/time.ts';
import { SCORE_SIGNALS } from '../../signals/catalogue/scores.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { compareResults } from '../../signals/compare.ts';
import type { SignalResult } from '../../signals/result.ts';
import { askLoki, evaluateSteps, metOf } from '../alerts/grafana-evaluator.ts';
import { readerOf } from '../alerts/rules/told.ts';
import { PANELS, targetsOf } from '../dashboards/committed.ts';
import { plainBackend, pushEvents, readLoki, storeBackend, type StoreBackend } from '../signals/backends.ts';
import { openLoki, type LokiServer } from '../stack/loki.ts';
import { writeOut } from '../stack/written-out.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';
import { scoredRuns, SCORED_DAYS } from './scored-runs.ts';

const SERVICE = 'scored';
const NOW = Date.now() - 5 * 60_000;
const SETTINGS = defaultSettings();
const events = scoredRuns(NOW, SERVICE);
const plain = plainBackend(events);
const WINDOWS = [1, 7, SCORED_DAYS].flatMap((days) => [
  { from: NOW - days * DAY_MS, to: NOW },
  // Over: what was said later does not change it.
  { from: NOW - (days + 3) * DAY_MS, to: NOW - 3 * DAY_MS },
]);
const BY_SIGNAL = SCORE_SIGNALS.map((signal) => [signal.id, signal] as const);

/** As somebody makes them on the page. */
const RULES = [
  { signal: 'score_mean', where: { score: 'helpful' }, window: '24h', comparison: 'below', limit: 0.7 },
  { signal: 'score_mean', where: { score: 'helpful' }, window: '24h', comparison: 'below', limit: 0.3 },
  {
    signal: 'score_share',
    where: { score: 'helpful' },
    window: '7d',
    against: 'week',
    comparison: 'below',
    limit: 0.9,
  },
  {
    signal: 'score_share',
    where: { score: 'helpful' },
    window: '24h',
    against: 'week',
    comparison: 'above',
    limit: 5,
  },
  {
    signal: 'score_mean',
    where: { score: 'helpful' },
    by: 'agent',
    window: '24h',
    comparison: 'below',
    limit: 0.7,
  },
  { signal: 'scored_runs', window: '24h', comparison: 'below', limit: 100, atLeast: 3 },
].map((own, index) =>
  ruleOfOwn(readOwnRule({ id: `own-scores-${index}`, title: `Scores ${index}`, ...own })),
);

async function metKeys(read: ReadSignal, atMs: number): Promise<string[][]> {
  const all = await Promise.all(RULES.map((rule) => judgeRule(rule, SETTINGS, read, atMs)));
  return all.map((list) => list.flatMap(({ status, key }) => (status === 'met' ? [key] : [])).toSorted());
}

describe('in the embedded store', () => {
  let store: StoreBackend;
  const readStore: ReadSignal = async (request) =>
    readingOfResult(await store.read(signalOf(request.signal), questionOf(request, 'UTC')));
  beforeAll(async () => {
    store = await storeBackend(events);
  });
  afterAll(() => store.close());

  it.each(BY_SIGNAL)(
    '%s is the same in every window, by every dimension, and in steps',
    async (_, signal) => {
      for (const window of WINDOWS) {
        for (const by of [undefined, ...signal.dimensions]) {
          const request = { ...window, by, timezone: 'UTC', now: NOW };
          const expected = await plain.read(signal, request);
          expect(compareResults(signal, expected, await store.read(signal, request))).toEqual([]);
        }
        const series = { ...window, timezone: 'UTC', step: 'day' as const, now: NOW };
        expect(await store.readSeries(signal, series)).toEqual(await plain.readSeries(signal, series));
      }
    },
  );

  it('rules about scores are met when they are', async () => {
    for (const atMs of [NOW, NOW - 6 * DAY_MS]) {
      const met = await metKeys(readerOf(events, 'UTC'), atMs);
      expect(await metKeys(readStore, atMs)).toEqual(met);
    }
    // Of the second week half is good, of the first four in five.
    const [below, far, relative] = await metKeys(readerOf(events, 'UTC'), NOW);
    expect([below, far, relative]).toEqual([[''], [], ['']]);
  });
});

(await describeWith('loki'))('on a real Loki', () => {
  let loki: LokiServer;
  beforeAll(async () => {
    loki = await openLoki();
    await pushEvents(loki.otlpUrl, events);
    await writeOut(loki, events);
  }, BUILD_TIMEOUT_MS);
  afterAll(() => loki.stop());

  it.each(BY_SIGNAL)('%s is the same in every window and by every dimension', async (_, signal) => {
    // A day, and a week that is over.
    for (const window of WINDOWS.filter((_window, index) => index % 3 === 0))
      for (const by of [undefined, ...signal.dimensions]) {
        const request = { ...window, by, timezone: 'UTC', now: NOW };
        const expected = await plain.read(signal, request);
        const actual = await readLoki(loki.url, [SERVICE], signal, request);
        expect(compareResults(signal, expected, actual as SignalResult)).toEqual([]);
      }
  });

  // Tables and bars of scores: test/dashboards/shown.test.ts compares them, as it does all panels.
  it('every number of scores on a board is the same', async () => {
    const queries = PANELS.filter(([, panel]) => panel.type === 'stat')
      .flatMap(([, panel]) => targetsOf(panel).map(({ expr }) => expr))
      .filter((query) => query.includes('event_name="agent.score"'));
    const ids = ['score_share', 'score_mean', 'scored_runs', 'cost_per_good_run'];
    expect(queries).toHaveLength(ids.length);
    for (const [index, id] of ids.entries()) {
      const logql = (queries[index] ?? '')
        .replaceAll(/\$\{service:regex\}/g, SERVICE)
        .replaceAll(/\$\{\w+:regex\}/g, '.*')
        .replaceAll('$__range', `${7 * 24}h`);
      const request = { from: NOW - 7 * DAY_MS, to: NOW, timezone: 'UTC', now: NOW };
      const expected = await plain.read(signalOf(id), request);
      const [number] = await askLoki(loki.url, logql, NOW);
      const value = 'value' in expected ? (expected.value ?? Number.NaN) : Number.NaN;
      // Money stands in dollars.
      const shown = (number?.value ?? Number.NaN) * (signalOf(id).unit === 'nanoUsd' ? NANO_USD_PER_USD : 1);
      expect(shown / value).toBeCloseTo(1, 9);
    }
  });

  it('rules about scores are met when they are, in Grafana and in the ruler', async () => {
    for (const atMs of [NOW, NOW - 6 * DAY_MS]) {
      const met = await metKeys(readerOf(events, 'UTC'), atMs);
      for (const [index, rule] of RULES.entries()) {
        const label = rule.by === undefined ? '' : 'gen_ai_agent_name';
        const values = await evaluateSteps(grafanaSteps(rule, SETTINGS, 'UTC'), loki.url, atMs);
        const grafana = metOf(values.get('Condition') ?? []).map(({ labels }) => labels[label] ?? '');
        const ruler = await askLoki(loki.url, rulerExpression(rule, SETTINGS, 'UTC'), atMs);
        expect([rule.id, grafana.toSorted()]).toEqual([rule.id, met[index]]);
        expect([rule.id, ruler.map(({ labels }) => labels[label] ?? '').toSorted()]).toEqual([
          rule.id,
          met[index],
        ]);
      }
    }
  });
});

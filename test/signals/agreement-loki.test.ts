// A real Loki gives the same numbers as the reference evaluator, over the same events, in every way a
// query is written: for an instant, for a panel, for a rule, and as a time series.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { verify, VERIFY_LAG_MS, type VerifyReport } from '../../cli/commands/data/verify.ts';
import type { EventRecord } from '../../core/event.ts';
import type { Dimension } from '../../core/schema.ts';
import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';
import { CATALOGUE } from '../../signals/catalogue/index.ts';
import type { Choices } from '../../signals/choice.ts';
import type { SignalResult } from '../../signals/result.ts';
import { toLogql, type LogqlContext } from '../../signals/to-logql.ts';
import { openLoki, type LokiServer } from '../stack/loki.ts';
import { writeOut } from '../stack/written-out.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';
import {
  plainBackend,
  pushEvents,
  readLoki,
  readLokiSeries,
  storeBackend,
  type Backend,
} from './backends.ts';
import { compareResults, compareSeries } from '../../signals/compare.ts';
import { CONSTRUCTS } from './constructs.ts';
import {
  FIXED_DAYS,
  FIXED_SERVICES,
  FIXED_TO,
  fixedCorpus,
  liveCorpus,
  USER_CHOICES,
  ZONES,
} from './corpora.ts';
import { STATES_FROM, STATES_SERVICE, STATES_TO, statesOfScores } from './states-of-scores.ts';

const TEST_LIMIT_MS = 240_000;
const LIVE_SERVICES = ['live-shop', 'live-desk'];
const BY_SIGNAL = CATALOGUE.map((signal) => [signal.id, signal] as const);

/** What the verify command finds for a store with these events. */
async function verifyStore(
  events: readonly EventRecord[],
  lokiUrl: string,
  lengthMs: number,
): Promise<VerifyReport> {
  const store = await storeBackend(events);
  const source = await store.openSource();
  try {
    return await verify(source, lokiUrl, FIXED_TO + VERIFY_LAG_MS, lengthMs);
  } finally {
    await source.close();
    await store.close();
  }
}

(await describeWith('loki'))('a real Loki', () => {
  const fixedEvents = fixedCorpus();
  const fixed = plainBackend(fixedEvents);
  let live: Backend;
  let loki: LokiServer;

  beforeAll(async () => {
    loki = await openLoki();
    const liveEvents = liveCorpus(Date.now(), LIVE_SERVICES);
    live = plainBackend(liveEvents);
    await pushEvents(loki.otlpUrl, fixedEvents);
    await pushEvents(loki.otlpUrl, liveEvents);
    await pushEvents(loki.otlpUrl, statesOfScores());
    await writeOut(loki, [...fixedEvents, ...liveEvents, ...statesOfScores()]);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await loki.stop();
  });

  describe.each(BY_SIGNAL)('%s', (_, signal) => {
    const zones = signal.window.kind === 'day' ? ZONES : (['UTC'] as const);

    it(
      'is the same at an instant of the past',
      async () => {
        for (const timezone of zones) {
          for (const days of [1, FIXED_DAYS]) {
            for (const by of days === 1 ? [undefined, ...signal.dimensions] : [undefined]) {
              const request = { from: FIXED_TO - days * DAY_MS, to: FIXED_TO, by, timezone, now: Date.now() };
              const expected = await fixed.read(signal, request);
              const actual = await readLoki(loki.url, FIXED_SERVICES, signal, request);
              expect(compareResults(signal, expected, actual as SignalResult)).toEqual([]);
            }
          }
        }
      },
      TEST_LIMIT_MS,
    );

    it(
      'is the same in the words of a panel and of a rule, up to now',
      async () => {
        for (const timezone of zones) {
          for (const style of ['panel', 'rule'] as const) {
            for (const by of [undefined, signal.dimensions[0]]) {
              const to = Date.now();
              const request = { from: to - DAY_MS, to, by, timezone, now: to };
              const expected = await live.read(signal, request);
              const actual = await readLoki(loki.url, LIVE_SERVICES, signal, request, style);
              expect(compareResults(signal, expected, actual as SignalResult)).toEqual([]);
            }
          }
        }
      },
      TEST_LIMIT_MS,
    );

    it(
      'is the same for some users, and for all but some',
      async () => {
        if (!signal.dimensions.includes('user')) return;
        for (const user of USER_CHOICES) {
          const time = { from: FIXED_TO - 2 * DAY_MS, to: FIXED_TO, timezone: 'UTC', now: Date.now() };
          const request = { ...time, where: { user } };
          const expected = await fixed.read(signal, request);
          const actual = await readLoki(loki.url, FIXED_SERVICES, signal, request);
          expect(compareResults(signal, expected, actual as SignalResult)).toEqual([]);
        }
      },
      TEST_LIMIT_MS,
    );

    it(
      'is the same in steps of an hour and of a day',
      async () => {
        const to = Math.floor(FIXED_TO / DAY_MS) * DAY_MS;
        for (const [step, lengthMs] of [
          ['hour', 2 * DAY_MS],
          ['day', 30 * DAY_MS],
        ] as const) {
          const request = { from: to - lengthMs, to, timezone: 'UTC', step, now: Date.now() };
          const expected = await fixed.readSeries(signal, request);
          const actual = await readLokiSeries(loki.url, FIXED_SERVICES, signal, request);
          expect(compareSeries(signal, expected, actual)).toEqual([]);
        }
      },
      TEST_LIMIT_MS,
    );

    it(
      'is written so that Loki parses it, in every context, zone and grouping',
      async () => {
        const contexts: LogqlContext[] = [
          { kind: 'panel' },
          ...(['auto', 'hour', 'day'] as const).map((step) => ({ kind: 'steps', step }) as const),
          { kind: 'rule', lengthMs: HOUR_MS / 4 },
          { kind: 'at', from: FIXED_TO - DAY_MS, to: FIXED_TO },
        ];
        for (const context of contexts) {
          for (const timezone of zones) {
            for (const by of [undefined, signal.dimensions]) {
              const dimensions: readonly Dimension[] = signal.dimensions;
              const where = dimensions.includes('service') ? { service: 'it\'s "shop"' } : {};
              const query = toLogql(signal, { context, timezone, by, where });
              if ('reason' in query) continue;
              const logql = query.logql
                .replaceAll(/\$__(range|auto)/g, '3h')
                .replaceAll(/\$__(from|to)/g, String(FIXED_TO));
              const url = `${loki.url}/loki/api/v1/format_query?${new URLSearchParams({ query: logql }).toString()}`;
              expect(await (await fetch(url)).json()).toMatchObject({ status: 'success' });
            }
          }
        }
      },
      TEST_LIMIT_MS,
    );
  });

  it(
    'means the same by everything that a definition can say',
    async () => {
      for (const signal of CONSTRUCTS) {
        for (const by of [undefined, signal.dimensions[0]]) {
          const request = { from: FIXED_TO - 2 * DAY_MS, to: FIXED_TO, by, timezone: 'Europe/Berlin' };
          const expected = await fixed.read(signal, request);
          const actual = await readLoki(loki.url, FIXED_SERVICES, signal, request);
          expect(compareResults(signal, expected, actual as SignalResult)).toEqual([]);
        }
      }
    },
    TEST_LIMIT_MS,
  );

  it(
    'counts of each score its highest revision, in whatever order they came and whatever is left out',
    async () => {
      const states = plainBackend(statesOfScores());
      const wheres: Choices[] = [
        {},
        { scorer: 'human' },
        { scorer: { none: ['user', 'code'] } },
        { label: 'rude' },
        { score: 'tone', agent: 'support' },
      ];
      for (const signal of CATALOGUE.filter(({ dimensions }) =>
        (dimensions as readonly string[]).includes('scorer'),
      )) {
        for (const where of wheres) {
          for (const by of [undefined, 'score', 'scorer', 'label'] as const) {
            const request = {
              from: STATES_FROM,
              to: STATES_TO,
              by,
              where: { ...where, service: STATES_SERVICE },
              timezone: 'UTC',
            };
            const expected = await states.read(signal, request);
            const actual = await readLoki(loki.url, [STATES_SERVICE], signal, request);
            expect(compareResults(signal, expected, actual as SignalResult)).toEqual([]);
          }
        }
      }
    },
    TEST_LIMIT_MS,
  );

  it(
    'is found by the verify command to agree with the store, and to differ from a store that lacks events',
    async () => {
      const whole = await verifyStore(fixedEvents, loki.url, 3 * DAY_MS);
      expect(whole.differences).toEqual([]);
      expect(whole.compared).toBeGreaterThan(CATALOGUE.length);
      const lacking = fixedEvents.filter((event) => event['event.name'] !== 'agent.tool_call');
      const { differences } = await verifyStore(lacking, loki.url, 8 * HOUR_MS);
      const ids = new Set(differences.map(({ id }) => id));
      expect(ids).toContain('tool_calls');
      expect(ids).not.toContain('cost');
    },
    TEST_LIMIT_MS,
  );

  it('would not agree with events that Loki does not have', async () => {
    const [signal] = CATALOGUE;
    if (!signal) throw new Error('the catalogue is empty');
    const extra: EventRecord = {
      timestamp: FIXED_TO,
      'event.name': 'agent.run.started',
      'service.name': 'shop',
    };
    const request = { from: FIXED_TO - DAY_MS, to: FIXED_TO, timezone: 'UTC' };
    const expected = await plainBackend([...fixedEvents, extra]).read(signal, request);
    const actual = await readLoki(loki.url, FIXED_SERVICES, signal, request);
    expect(compareResults(signal, expected, actual as SignalResult)).toHaveLength(1);
  });
});

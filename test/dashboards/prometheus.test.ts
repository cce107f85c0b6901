// The rows about the servers of the stack: every query runs on a real Prometheus that reads the real Collector
// and the real Loki with the configuration that is shipped, and says what the load implies.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { describeWhere } from '../fixtures/describe-where.ts';
import { startLoki, type OwnLoki } from '../stack/loki.ts';
import { randomHex, sendLogs, sendSpans, type LogInput } from '../stack/otlp-client.ts';
import { waitUntil } from '../stack/process.ts';
import { startPrometheus, type PrometheusServer, type Series } from '../stack/prometheus-server.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
import { openTempo, type TempoServer } from '../stack/tempo.ts';
import { BUILD_TIMEOUT_MS, describeWith, whyMissing } from '../stack/tier.ts';
import { boardOf, queriesOf } from './places/queries.ts';

const SENT = 200;
const QUEUE_BYTES = 1_000_000;
/** Above the 256 KB that Loki takes in a line. */
const TOO_LONG = 300_000;
/** Above the 64 KB that Tempo keeps of an attribute. */
const LONGER_THAN_KEPT = 70_000;
const WINDOW_SECONDS = 60;
const whyNoTempo = await whyMissing('tempo');
const BACKEND_DOWN_MS = 60_000;

(await describeWith('collector', 'own loki'))('the rows about the servers, on a real Prometheus', () => {
  let loki: OwnLoki;
  let collector: CollectorServer;
  let prometheus: PrometheusServer;
  let tempo: TempoServer | undefined;
  let isLokiRunning = true;

  beforeAll(async () => {
    loki = await startLoki();
    if (whyNoTempo === undefined) tempo = await openTempo();
    collector = await startCollector({
      configs: ['base.yaml', 'loki.yaml', 'tempo.yaml'],
      env: {
        LOKI_URL: loki.url,
        TEMPO_ENDPOINT: tempo?.grpcEndpoint ?? '127.0.0.1:9',
        QUEUE_BYTES: String(QUEUE_BYTES),
      },
    });
    prometheus = await startPrometheus({
      collector: new URL(collector.metricsUrl).host,
      loki: new URL(loki.url).host,
      ...(tempo === undefined ? {} : { tempo: new URL(tempo.url).host }),
    });
    // A counter's first reading is no increase: all of them are read once before the load that is counted.
    await send(1);
    await sendTooLong();
    await untilRead('sum(loki_distributor_lines_received_total)', 1);
    await untilRead('sum(loki_discarded_samples_total)', 1);
    await untilRead('sum(otelcol_receiver_accepted_log_records)', 1);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await prometheus.stop();
    await collector.kill9();
    await tempo?.stop();
    if (isLokiRunning) await loki.stop();
  });

  const send = async (count: number): Promise<void> => {
    const logs = Array.from({ length: count }, (_, index) => logOf(`event ${index} of ${count}`));
    expect(await sendLogs(collector.httpUrl, { 'service.name': 'shop' }, logs)).toBe(200);
  };

  const sendTooLong = async (): Promise<void> => {
    await sendLogs(loki.otlpUrl, { 'service.name': 'shop' }, [logOf('x'.repeat(TOO_LONG))]);
  };

  const untilRead = (expr: string, least: number): Promise<number> =>
    waitUntil(
      async () => {
        const value = (await prometheus.queryNumber(expr)) ?? 0;
        return value >= least ? value : 0;
      },
      { what: () => `${expr} to be ${least}`, timeoutMs: BACKEND_DOWN_MS },
    );

  /** The series of a panel's query, by its legend. */
  const askPanel = async (key: string): Promise<Map<string, Series[]>> => {
    const answers = new Map<string, Series[]>();
    for (const { place, target, source } of queriesOf(boardOf('health'))) {
      if (place !== `health/${key}` || source.kind !== 'server') continue;
      const expr = target.expr.replaceAll('$__rate_interval', `${WINDOW_SECONDS}s`);
      answers.set(target.legendFormat ?? '', await prometheus.queryRange(expr, WINDOW_SECONDS));
    }
    return answers;
  };

  it('every query of them is understood', async () => {
    const queries = queriesOf(boardOf('health')).filter(({ source }) => source.kind === 'server');
    expect(queries.length).toBeGreaterThanOrEqual(12);
    for (const { target } of queries) {
      const expr = target.expr.replaceAll('$__rate_interval', `${WINDOW_SECONDS}s`);
      expect(Array.isArray(await prometheus.queryRange(expr, 5))).toBe(true);
    }
  });

  it('what was sent is accepted, taken, and neither refused nor dropped', async () => {
    const before = await untilRead('sum(otelcol_receiver_accepted_log_records)', 1);
    const linesBefore = await untilRead('sum(loki_distributor_lines_received_total)', 1);
    await send(SENT);
    expect(await untilRead('sum(otelcol_receiver_accepted_log_records)', before + SENT)).toBe(before + SENT);
    expect(await untilRead('sum(loki_distributor_lines_received_total)', linesBefore + SENT)).toBe(
      linesBefore + SENT,
    );
    const ingestion = await askPanel('loki-ingestion');
    // A rate over a minute is the increase over what lies between the readings, drawn out to the minute.
    const taken = lastOf(ingestion.get('taken')) * WINDOW_SECONDS;
    expect(taken).toBeGreaterThanOrEqual(SENT);
    expect(taken).toBeLessThan(SENT * WINDOW_SECONDS);
    const refused = await askPanel('collector-refused');
    expect(refused.size).toBe(8);
    for (const [legend, series] of refused) {
      // What never happened has no counter, or one that stands still.
      expect([legend, series.flatMap(({ values }) => values).filter((value) => value !== 0)]).toEqual([
        legend,
        [],
      ]);
    }
    expect(lastOf(refused.get('events refused'))).toBe(0);
  });

  it('a line that Loki discards is told with its reason', async () => {
    const before = await untilRead('sum(loki_discarded_samples_total)', 1);
    await sendTooLong();
    await untilRead('sum(loki_discarded_samples_total)', before + 1);
    const discarded = (await askPanel('loki-ingestion')).get('discarded: {{reason}}');
    expect(discarded?.map(({ labels }) => labels['reason'])).toEqual(['line_too_long']);
    expect(lastOf(discarded)).toBeGreaterThan(0);
  });

  it('servers that answer are up and have a size; one that is not there is down', async () => {
    const up = (await askPanel('servers-up')).get('{{job}}') ?? [];
    const byJob = Object.fromEntries(up.map((series) => [series.labels['job'], lastOf([series])]));
    expect(byJob).toEqual({ collector: 1, loki: 1, tempo: tempo === undefined ? 0 : 1, grafana: 0 });
    const memory = (await askPanel('servers-memory')).get('{{job}}') ?? [];
    expect(memory.map(({ labels }) => labels['job'])).toEqual(expect.arrayContaining(['collector', 'loki']));
    for (const series of memory) expect(lastOf([series])).toBeGreaterThan(10_000_000);
  });

  it('a queue is empty at rest and fills when its backend is down', async () => {
    await untilRead('sum(otelcol_exporter_queue_capacity{exporter="otlp_http/loki"})', 1);
    const capacity = await prometheus.queryNumber(
      'sum by (data_type) (otelcol_exporter_queue_capacity{exporter="otlp_http/loki"})',
    );
    expect(capacity).toBe(QUEUE_BYTES);
    expect(await lokiQueue()).toBe(0);
    await loki.stop();
    isLokiRunning = false;
    await send(SENT);
    const size = await untilRead('sum(otelcol_exporter_queue_size{exporter="otlp_http/loki"})', 1);
    const share = await lokiQueue();
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
    expect(share).toBeCloseTo(size / QUEUE_BYTES);
  });

  /** Share of the queue to Loki that is in use, as the panel has it. */
  async function lokiQueue(): Promise<number> {
    const queues = [...(await askPanel('collector-queue')).values()].flat();
    return lastOf(queues.filter(({ labels }) => labels['exporter'] === 'otlp_http/loki'));
  }

  describeWhere(
    whyNoTempo === undefined,
    'metrics of tempo',
    whyNoTempo ?? '',
  )('with a Tempo', () => {
    it('what Tempo takes is told', async () => {
      // A counter's first reading is no increase.
      for (const taken of [1, 2]) {
        const span = {
          name: 'chat',
          traceId: randomHex(16),
          attributes: { note: 'x'.repeat(LONGER_THAN_KEPT) },
        };
        expect(await sendSpans(collector.httpUrl, { 'service.name': 'shop' }, 'test', [span])).toBe(200);
        await untilRead('sum(tempo_distributor_spans_received_total)', taken);
        await untilRead('sum(tempo_distributor_attributes_truncated_total)', taken);
      }
      const ingestion = await askPanel('tempo-ingestion');
      expect(ingestion.get('taken')?.length).toBe(1);
      expect(ingestion.get('attributes cut')?.length).toBe(1);
    });
  });
});

describe('the configuration of Prometheus', () => {
  it('keeps every metric that the board asks for', () => {
    const text = readFileSync(new URL('../../stack/prometheus.yaml', import.meta.url), 'utf8');
    const kept = [...text.matchAll(/regex: (.+)/g)].map(([, pattern = '']) => new RegExp(`^(?:${pattern})$`));
    expect(kept).toHaveLength(4);
    const asked = queriesOf(boardOf('health')).flatMap(({ source }) =>
      source.kind === 'server' ? [...source.metrics] : [],
    );
    expect(asked.length).toBeGreaterThan(12);
    for (const metric of asked)
      expect([metric, metric === 'up' || kept.some((one) => one.test(metric))]).toEqual([metric, true]);
  });
});

/** The newest value of the only series. */
function lastOf(series: readonly Series[] | undefined): number {
  return series?.[0]?.values.at(-1) ?? Number.NaN;
}

function logOf(body: string): LogInput {
  return { timeMs: Date.now(), body, attributes: { 'event.name': 'agent.note' } };
}

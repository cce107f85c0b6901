import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startMockBackend, type MockBackend } from '../stack/backend.ts';
import { randomHex, sendLogs, sendSpans, toLog, type SpanInput } from '../stack/otlp-client.ts';
import { waitUntil } from '../stack/process.ts';
import { promptJsonConfig } from '../stack/prompt-export.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';

const RUNS_PER_KIND = 20;
const COST_NANO_USD = 1_000_003;
const KINDS = ['plain', 'failed', 'slow', 'expensive'] as const;

/** A run as the agent sends it: the call first, the root last. */
function spansOf(kind: (typeof KINDS)[number]): SpanInput[] {
  const traceId = randomHex(16);
  const rootId = randomHex(8);
  const endMs = Date.now();
  const startMs = endMs - (kind === 'slow' ? 90_000 : 500);
  return [
    {
      name: `chat ${kind}`,
      traceId,
      parentSpanId: rootId,
      startMs: endMs - 100,
      endMs,
      isError: kind === 'failed',
      attributes: { 'agent.run_id': traceId },
    },
    {
      name: `invoke_agent ${kind}`,
      traceId,
      spanId: rootId,
      startMs,
      endMs,
      attributes: {
        'agent.run_id': traceId,
        'agent.cost_nano_usd': kind === 'expensive' ? 2_000_000_000 : 5,
      },
    },
  ];
}

(await describeWith('collector'))('sampling of spans', () => {
  let backend: MockBackend;
  let collector: CollectorServer;

  beforeAll(async () => {
    backend = await startMockBackend();
    collector = await startCollector({
      configs: ['base.yaml', 'otlp.yaml', 'sampling.yaml', promptJsonConfig()],
      env: {
        OTLP_BACKEND_URL: backend.url,
        SAMPLING_PERCENT: '0',
        SAMPLING_AFTER_ROOT: '1s',
        SAMPLING_MAX_RUN: '20s',
      },
    });
    for (let index = 0; index < RUNS_PER_KIND; index++) {
      for (const kind of KINDS) {
        const [call, root] = spansOf(kind);
        // The parts of a run arrive in different requests.
        await sendSpans(collector.httpUrl, { 'service.name': 'shop' }, 'tallyspan', [call as SpanInput]);
        await sendSpans(collector.httpUrl, { 'service.name': 'shop' }, 'tallyspan', [root as SpanInput]);
        await sendLogs(collector.httpUrl, { 'service.name': 'shop' }, [
          toLog({
            timestamp: Date.now(),
            'event.name': 'agent.model_call',
            span_id: randomHex(8),
            cost_nano_usd: COST_NANO_USD,
          }),
        ]);
      }
    }
    await waitUntil(() => backend.spans.length >= 3 * 2 * RUNS_PER_KIND, {
      what: () => `the kept runs; the Collector said\n${collector.process.output().slice(-3000)}`,
    });
    await waitUntil(
      async () =>
        (await collector.readMetric(
          'otelcol_processor_tail_sampling_count_traces_sampled',
          'sampled="false"',
        )) > 0,
      { what: () => 'a decision against a plain run' },
    );
  }, BUILD_TIMEOUT_MS);

  function countSpans(name: string): number {
    return backend.spans.filter((span) => span.name === name).length;
  }

  afterAll(async () => {
    await collector.stop();
    await backend.stop();
  });

  it('keeps failed, slow and expensive runs whole, and nothing else when the share is none', () => {
    for (const kind of ['failed', 'slow', 'expensive']) {
      expect([kind, countSpans(`chat ${kind}`), countSpans(`invoke_agent ${kind}`)]).toEqual([
        kind,
        RUNS_PER_KIND,
        RUNS_PER_KIND,
      ]);
    }
    expect(countSpans('chat plain') + countSpans('invoke_agent plain')).toBe(0);
  });

  it('leaves every event, so no number moves', () => {
    const costs = backend.logs.map(({ attributes }) => Number(attributes['cost_nano_usd']));
    expect(costs).toHaveLength(KINDS.length * RUNS_PER_KIND);
    expect(costs.reduce((sum, cost) => sum + cost, 0)).toBe(KINDS.length * RUNS_PER_KIND * COST_NANO_USD);
  });
});

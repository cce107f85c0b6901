// The metrics that the board about the stack reads are told by the real Collector and the real Loki, under
// these very names.

import { expect, it } from '@jest/globals';
import { tilesOf } from '../../dashboards/board.ts';
import { BOARDS } from '../../dashboards/build.ts';
import type { ServerSource } from '../../dashboards/source.ts';
import { startMockBackend } from '../stack/backend.ts';
import { startLoki } from '../stack/loki.ts';
import { sendLogs, sendSpans, type LogInput } from '../stack/otlp-client.ts';
import { waitUntil } from '../stack/process.ts';
import { startCollector } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';

/** Above the 256 KB that Loki takes in a line. */
const TOO_LONG = 300_000;

/** Told once a gRPC backend refuses spans for good; named as the one of events is. */
const LIKE_ITS_TWIN = new Set(['otelcol_exporter_send_failed_spans']);

(await describeWith('collector', 'own loki'))('metrics of the servers', () => {
  it(
    'of the Collector have the names that the board asks for',
    async () => {
      // Loki refuses for good and nothing listens at Tempo: failures are counted as well as what arrives.
      const backend = await startMockBackend();
      backend.refuseWith(400);
      const collector = await startCollector({
        configs: ['base.yaml', 'loki.yaml', 'tempo.yaml'],
        env: { LOKI_URL: backend.url, TEMPO_ENDPOINT: '127.0.0.1:9', QUEUE_BYTES: '1000000' },
      });
      const missing = async (): Promise<string[]> => {
        const names = await namesAt(collector.metricsUrl);
        return metricsOf('collector').filter((metric) => !names.has(metric) && !LIKE_ITS_TWIN.has(metric));
      };
      try {
        const resource = { 'service.name': 'shop' };
        await waitUntil(
          async () => {
            await Promise.all([
              ...Array.from({ length: 4 }, () => sendLogs(collector.httpUrl, resource, [logOf(TOO_LONG)])),
              sendSpans(collector.httpUrl, resource, 'test', [
                { name: 'chat', attributes: { text: 'x'.repeat(TOO_LONG) } },
              ]),
            ]);
            return (await missing()).length === 0;
          },
          { what: () => 'the Collector to tell every metric', timeoutMs: 60_000 },
        ).catch(() => undefined);
        expect(await missing()).toEqual([]);
      } finally {
        await collector.kill9();
        await backend.stop();
      }
    },
    BUILD_TIMEOUT_MS,
  );

  it(
    'of Loki have the names that the board asks for',
    async () => {
      const loki = await startLoki();
      try {
        await sendLogs(loki.otlpUrl, { 'service.name': 'shop' }, [logOf(10)]);
        await sendLogs(loki.otlpUrl, { 'service.name': 'shop' }, [logOf(TOO_LONG)]);
        const names = await namesAt(`${loki.url}/metrics`);
        expect(metricsOf('loki').filter((metric) => !names.has(metric))).toEqual([]);
      } finally {
        await loki.stop();
      }
    },
    BUILD_TIMEOUT_MS,
  );
});

function metricsOf(server: ServerSource['server']): string[] {
  return BOARDS.flatMap(tilesOf)
    .flatMap(({ sources }) => Object.values(sources))
    .flatMap((source) => (source.kind === 'server' && source.server === server ? [...source.metrics] : []));
}

async function namesAt(url: string): Promise<Set<string>> {
  const text = await (await fetch(url)).text();
  return new Set(text.split('\n').flatMap((line) => /^([a-zA-Z_:][\w:]*)[{ ]/.exec(line)?.[1] ?? []));
}

function logOf(length: number): LogInput {
  return { timeMs: Date.now(), body: 'x'.repeat(length), attributes: { 'event.name': 'agent.note' } };
}

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { statSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTemporaryFolder } from '../stack/folders.ts';
import { listenAddresses } from '../stack/listening.ts';
import { startLoki, type OwnLoki } from '../stack/loki.ts';
import { sendLogs } from '../stack/otlp-client.ts';
import { waitUntil } from '../stack/process.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';
import { Emitter, readTally } from './tally.ts';

// Law: emitted = stored + counted drops, and after recovery nothing is missing and nothing is there twice.

const MIB = 1024 * 1024;
const FAULT_TIMEOUT_MS = 300_000;

(await describeWith('collector', 'own loki'))('the real Collector before the real Loki', () => {
  let loki: OwnLoki;
  let collector: CollectorServer | undefined;
  let proxy: FaultProxy | undefined;
  const lokiDir = makeTemporaryFolder('faults-loki');

  beforeAll(async () => {
    loki = await startLoki({ dir: lokiDir });
  }, BUILD_TIMEOUT_MS);

  afterEach(async () => {
    await collector?.stop();
    await proxy?.stop();
    collector = undefined;
    proxy = undefined;
  });

  afterAll(async () => {
    await loki.stop();
  });

  async function start(
    env: Record<string, string>,
    queueDir?: string,
    overlays: readonly string[] = [],
  ): Promise<CollectorServer> {
    collector = await startCollector({
      configs: ['base.yaml', 'loki.yaml', ...overlays],
      env: { LOKI_URL: loki.url, ...env },
      ...(queueDir === undefined ? {} : { queueDir }),
    });
    return collector;
  }

  async function expectAllStored(emitter: Emitter): Promise<void> {
    await waitUntil(async () => (await readTally(loki, emitter.service)).count >= emitter.accepted.count, {
      what: () =>
        `${emitter.accepted.count} events; the Collector said\n${collector?.process.output().slice(-3000)}`,
      timeoutMs: FAULT_TIMEOUT_MS / 2,
    });
    // Longer than a batch waits: what would come twice has come.
    await sleep(2500);
    expect(await readTally(loki, emitter.service)).toEqual(emitter.accepted);
  }

  async function restartLoki(): Promise<void> {
    const port = Number(new URL(loki.url).port);
    loki = await startLoki({ dir: lokiDir, port });
  }

  it('Loki listens on loopback only, where it is told so', () => {
    expect(new Set(listenAddresses(loki.process.pid))).toEqual(new Set(['127.0.0.1']));
  });

  it(
    'an hour of data while Loki is down, and the Collector killed −9 in the middle',
    async () => {
      const queueDir = makeTemporaryFolder('faults-queue');
      const emitter = new Emitter('down');
      const first = await start({}, queueDir);
      await emitter.emit(first.httpUrl, 1000);
      await expectAllStored(emitter);

      await loki.stop();
      // Five events a second for an hour.
      await emitter.emit(first.httpUrl, 12_000);
      await first.kill9();
      const second = await start({}, queueDir);
      await emitter.emit(second.httpUrl, 6000);
      await restartLoki();

      expect(emitter.refused).toBe(0);
      expect(emitter.accepted.count).toBe(19_000);
      await expectAllStored(emitter);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'the Collector killed −9 again and again while it delivers',
    async () => {
      const queueDir = makeTemporaryFolder('faults-queue');
      const emitter = new Emitter('killed');
      for (let round = 0; round < 4; round++) {
        const current = await start({}, queueDir);
        // Once in the first batch, later in the middle of sending.
        await emitter.emit(current.httpUrl, 3000);
        await sleep(round * 400);
        await current.kill9();
      }
      await start({}, queueDir);
      expect(emitter.accepted.count).toBe(12_000);
      await expectAllStored(emitter);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'Loki answers 429, then 502, 503 and 504, then takes a batch and its answer gets lost',
    async () => {
      proxy = await startFaultProxy(loki.url);
      const emitter = new Emitter('refusing');
      const { httpUrl } = await start({ LOKI_URL: proxy.url });
      // An inner error of Loki reaches an OTLP sender as 503, not as the 500 that may not be sent again.
      for (const fault of [429, 502, 503, 504, 'answer_lost'] as const) {
        proxy.setFault(fault);
        await emitter.emit(httpUrl, 1000);
        await waitUntil(() => proxy?.met.get(fault), { what: () => `a request that meets ${fault}` });
      }
      proxy.setFault('none');
      expect(emitter.accepted.count).toBe(5000);
      await expectAllStored(emitter);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'a proxy before Loki answers 500, and our distribution sends the batch again',
    async () => {
      proxy = await startFaultProxy(loki.url);
      const emitter = new Emitter('inner_error');
      const { httpUrl } = await start({ LOKI_URL: proxy.url }, undefined, ['distribution.yaml']);
      proxy.setFault(500);
      await emitter.emit(httpUrl, 1000);
      await waitUntil(() => (proxy?.met.get(500) ?? 0) > 1, {
        what: () => 'a second request that meets 500',
      });
      expect(emitter.accepted.count).toBe(1000);
      proxy.setFault('none');
      await expectAllStored(emitter);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'a record that Loki cannot take costs only itself, and Loki counts it',
    async () => {
      const emitter = new Emitter('neighbours');
      const { httpUrl } = await start({});
      const before = await readDiscarded(loki);
      await emitter.emit(httpUrl, 500);
      const tooMany = Object.fromEntries(
        Array.from({ length: 200 }, (_, index) => [`extra.${index}`, index]),
      );
      await sendLogs(httpUrl, { 'service.name': 'neighbours' }, [
        { timeMs: Date.now(), body: 'bad', eventName: 'agent.model_call', attributes: tooMany },
      ]);
      await emitter.emit(httpUrl, 500);
      await expectAllStored(emitter);
      expect((await readDiscarded(loki)) - before).toBe(1);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'processes share the streams of their service, and one that was cut off for most of a day still delivers',
    async () => {
      const { httpUrl } = await start({});
      const before = await readDiscarded(loki);
      const hours = [0, 1, 20];
      for (const [index, hour] of hours.entries()) {
        await sendLogs(httpUrl, { 'service.name': 'fleet', 'service.instance.id': `process-${index}` }, [
          {
            timeMs: Date.now() - hour * 3_600_000,
            body: `event ${index}`,
            attributes: { 'event.name': 'agent.note' },
          },
        ]);
        await waitUntil(
          async () =>
            (await loki.queryNumber('sum(count_over_time({service_name="fleet"}[24h]))')) === index + 1,
          { what: () => `the event of ${hour} hours ago` },
        );
      }
      const match = new URLSearchParams({ 'match[]': '{service_name="fleet"}' });
      const answer = await fetch(`${loki.url}/loki/api/v1/series?${match.toString()}&since=24h`);
      const { data } = (await answer.json()) as { data: Record<string, string>[] };
      expect(data).toEqual([{ service_name: 'fleet', event_name: 'agent.note' }]);
      const processes = 'count(sum by (service_instance_id) (count_over_time({service_name="fleet"}[24h])))';
      expect(await loki.queryNumber(processes)).toBe(hours.length);
      // Still in memory of the ingester: a day's part of a longer query ends in the past, and must see it, too.
      const early = 'sum(count_over_time({service_name="fleet"}[2h] offset 19h))';
      expect(await loki.queryNumber(early)).toBe(1);
      expect(await readDiscarded(loki)).toBe(before);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'a queue that is full: what does not fit is refused to the sender, what was accepted arrives',
    async () => {
      proxy = await startFaultProxy(loki.url);
      proxy.setFault(503);
      const emitter = new Emitter('full', 2000);
      const current = await start({ LOKI_URL: proxy.url, QUEUE_BYTES: String(8 * MIB) });
      for (let round = 0; round < 200 && emitter.refused === 0; round++)
        await emitter.emit(current.httpUrl, 100, 100);
      await emitter.emit(current.httpUrl, 500, 100);
      expect(emitter.refused).toBeGreaterThan(0);
      expect(emitter.accepted.count).toBeGreaterThan(1000);
      expect(await current.readMetric('otelcol_exporter_enqueue_failed_log_records')).toBeGreaterThanOrEqual(
        emitter.refused,
      );
      proxy.setFault('none');
      await expectAllStored(emitter);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'a restart with a queue of 256 MiB',
    async () => {
      proxy = await startFaultProxy(loki.url);
      proxy.setFault(503);
      const queueDir = makeTemporaryFolder('faults-queue');
      const emitter = new Emitter('big', 16_000);
      const first = await start({ LOKI_URL: proxy.url }, queueDir);
      while (emitter.refused === 0) await emitter.emit(first.httpUrl, 100, 100);
      expect(sizeOf(queueDir)).toBeGreaterThan(250 * MIB);
      await first.kill9();
      proxy.setFault('none');
      await start({ LOKI_URL: proxy.url }, queueDir);
      await expectAllStored(emitter);
    },
    FAULT_TIMEOUT_MS,
  );
});

function sizeOf(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

async function readDiscarded(loki: OwnLoki): Promise<number> {
  const text = await (await fetch(`${loki.url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith('loki_discarded_samples_total'))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

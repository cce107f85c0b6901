import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { describeWhere } from '../fixtures/describe-where.ts';
import { startMockBackend, type MockBackend } from '../stack/backend.ts';
import { hasGo } from '../stack/build-servers.ts';
import { makeTemporaryFolder } from '../stack/folders.ts';
import { waitUntil } from '../stack/process.ts';
import { promptJsonConfig } from '../stack/prompt-export.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS } from '../stack/tier.ts';
import { Emitter } from './tally.ts';

// A file system that is really full needs a mount, and a mount needs root.

const folder = makeTemporaryFolder('small-disk');
const isMounted =
  hasGo() &&
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', folder], { stdio: 'ignore' }).status === 0;
const describeHere = describeWhere(isMounted, 'disk full', 'no small file system can be mounted here');

describeHere('the disk of the queue is full', () => {
  let backend: MockBackend;
  let collector: CollectorServer;
  const emitter = new Emitter('disk', 2000);

  beforeAll(async () => {
    backend = await startMockBackend();
    backend.refuseWith(503);
    collector = await startCollector({
      configs: ['base.yaml', 'otlp.yaml', promptJsonConfig()],
      env: { OTLP_BACKEND_URL: backend.url },
      queueDir: folder,
    });
    for (let round = 0; round < 100 && emitter.refused < 500; round++) {
      await emitter.emit(collector.httpUrl, 100, 100);
    }
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await collector.stop();
    await backend.stop();
    spawnSync('umount', [folder]);
  });

  it('what does not fit is refused to the sender and counted', async () => {
    expect(emitter.refused).toBe(500);
    expect(emitter.accepted.count).toBeGreaterThan(1000);
    expect(await collector.readMetric('otelcol_exporter_enqueue_failed_log_records')).toBe(500);
  });

  it('what was accepted arrives once, and the Collector takes more', async () => {
    backend.refuseWith(undefined);
    await waitUntil(() => backend.logs.length >= emitter.accepted.count, { what: () => 'what was accepted' });
    await emitter.emit(collector.httpUrl, 100, 100);
    await waitUntil(() => backend.logs.length >= emitter.accepted.count, { what: () => 'what came later' });
    const sequence = backend.logs.map(({ attributes }) => Number(attributes['tallyspan.seq']));
    expect(sequence).toHaveLength(emitter.accepted.count);
    expect(sequence.reduce((sum, value) => sum + value, 0)).toBe(emitter.accepted.sequenceSum);
    expect(emitter.refused).toBe(500);
  });
});

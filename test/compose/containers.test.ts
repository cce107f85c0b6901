import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StartedNetwork, StartedTestContainer } from 'testcontainers';
import { buildCollector } from '../stack/build-servers.ts';
import { canPull, runDocker } from '../stack/docker.ts';
import { makeTemporaryFolder } from '../stack/folders.ts';
import { imageOf } from '../stack/found-server.ts';
import { randomHex, sendLogs, toLog } from '../stack/otlp-client.ts';
import { waitUntil } from '../stack/process.ts';
import { COLLECTOR_DIST } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS } from '../stack/tier.ts';
import { describeWithImage, ensureImage } from './images.ts';

// Our own distribution as an image, as collector/Dockerfile makes it from the binary, before Loki's image with
// the memory that compose gives it.

const ROOT = join(import.meta.dirname, '../..');
const LOKI_IMAGE = imageOf('loki');
const OUR_IMAGE = `tallyspan-collector:test-${process.pid}`;
const LOKI_MEMORY_GB = 0.4375;
const EVENTS = 1000;

(await describeWithImage(LOKI_IMAGE))('our Collector as an image', () => {
  let network: StartedNetwork;
  let loki: StartedTestContainer;
  let collector: StartedTestContainer;
  let sent = 0;

  beforeAll(async () => {
    // The helper that clears away after a crash is an image that cannot be made here.
    if (!(await canPull())) process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
    const { GenericContainer, Network, Wait } = await import('testcontainers');
    process.stderr.write(`loki: ${LOKI_IMAGE}, ${await ensureImage(LOKI_IMAGE)}\n`);
    await buildOurImage();
    network = await new Network().start();
    loki = await new GenericContainer(LOKI_IMAGE)
      .withNetwork(network)
      .withNetworkAliases('loki')
      .withCopyFilesToContainer([{ source: join(ROOT, 'stack/loki.yaml'), target: '/etc/loki.yaml' }])
      .withCommand(['-config.file=/etc/loki.yaml', '-config.expand-env=true'])
      .withEnvironment({ GOMEMLIMIT: '340MiB' })
      .withResourcesQuota({ memory: LOKI_MEMORY_GB })
      .withExposedPorts(3100)
      .withWaitStrategy(Wait.forHttp('/ready', 3100).withStartupTimeout(90_000))
      .start();
    collector = await new GenericContainer(OUR_IMAGE)
      .withNetwork(network)
      .withEnvironment({ OTLP_HTTP_LISTEN: '0.0.0.0:4318', LOKI_URL: 'http://loki:3100' })
      .withExposedPorts(4318)
      .withWaitStrategy(Wait.forLogMessage(/Everything is ready/))
      .start();
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await collector?.stop();
    await loki?.stop();
    await network?.stop();
    runDocker(['image', 'rm', '--force', OUR_IMAGE]);
  });

  async function emit(): Promise<void> {
    const url = `http://${collector.getHost()}:${collector.getMappedPort(4318)}`;
    const events = Array.from({ length: EVENTS }, () =>
      toLog({
        timestamp: Date.now(),
        'event.name': 'agent.model_call',
        span_id: randomHex(8),
        cost_nano_usd: 3,
      }),
    );
    expect(await sendLogs(url, { 'service.name': 'shop' }, events)).toBe(200);
    sent += EVENTS;
  }

  async function readSum(): Promise<number> {
    const query = 'sum(sum_over_time({service_name="shop"} | unwrap cost_nano_usd | __error__="" [1h]))';
    const url = `http://${loki.getHost()}:${loki.getMappedPort(3100)}/loki/api/v1/query`;
    const answer = await fetch(`${url}?${new URLSearchParams({ query }).toString()}`).catch(() => undefined);
    if (answer?.ok !== true) return 0;
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return Number(data.result[0]?.value[1] ?? 0);
  }

  it('delivers to Loki', async () => {
    await emit();
    await waitUntil(async () => (await readSum()) >= 3 * sent, { what: () => 'the events in Loki' });
    expect(await readSum()).toBe(3 * sent);
  });

  it('is started again while Loki is away, and loses nothing', async () => {
    runDocker(['pause', loki.getId()]);
    await emit();
    runDocker(['kill', '--signal', 'KILL', collector.getId()]);
    await collector.restart();
    await emit();
    runDocker(['unpause', loki.getId()]);
    await waitUntil(async () => (await readSum()) >= 3 * sent, {
      what: () => 'the events in Loki',
      timeoutMs: 90_000,
    });
    expect(await readSum()).toBe(3 * sent);
  });

  it('runs as an ordinary user, in an image that holds nothing else to run', () => {
    expect(runDocker(['inspect', '--format', '{{.Config.User}}', collector.getId()]).stdout.trim()).toBe(
      '10001:10001',
    );
    expect(runDocker(['exec', collector.getId(), '/bin/sh', '-c', 'true']).status).not.toBe(0);
  });
});

/** The second stage of collector/Dockerfile, with the binary that this machine built in place of the first. */
async function buildOurImage(): Promise<void> {
  const folder = makeTemporaryFolder('our-image');
  const final = readFileSync(join(ROOT, 'collector/Dockerfile'), 'utf8').split(/^FROM scratch$/m)[1] ?? '';
  for (const [, from = ''] of final.matchAll(/^COPY --from=build (?:--chown=\S+ )?(\S+) /gm)) {
    mkdirSync(join(folder, 'root', from, '..'), { recursive: true });
    if (from.endsWith('otelcol-tallyspan')) copyFileSync(await buildCollector(), join(folder, 'root', from));
    else if (from.endsWith('.crt')) writeFileSync(join(folder, 'root', from), '');
    else {
      mkdirSync(join(folder, 'root', from), { recursive: true });
      writeFileSync(join(folder, 'root', from, '.keep'), '');
    }
  }
  cpSync(COLLECTOR_DIST, join(folder, 'dist'), { recursive: true });
  const recipe = final.replace(/^COPY --from=build (--chown=\S+ )?(\S+)/gm, 'COPY $1root$2');
  writeFileSync(join(folder, 'Dockerfile'), `FROM scratch${recipe}`);
  const { status, stderr } = runDocker(['build', '--tag', OUR_IMAGE, folder]);
  if (status !== 0) throw new Error(`docker build of our Collector failed:\n${stderr}`);
}

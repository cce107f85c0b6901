// A Grafana to test in: one that runs elsewhere, or a container of its image beside one of Loki, provisioned with
// the very files that the compose stack renders.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ensureImage } from '../compose/images.ts';
import { canPull, runDocker } from '../stack/docker.ts';
import { makeTemporaryFolder } from '../stack/folders.ts';

const ROOT = join(import.meta.dirname, '../..');
const PASSWORD = 'boards-under-test';
const START_LIMIT_MS = 180_000;

export interface GrafanaUnderTest {
  readonly url: string;
  /** `user:password` of someone who may write boards. */
  readonly auth: string;
  /** Base address of its Loki as seen from here; without it nothing can be sent there. */
  readonly lokiUrl: string | undefined;
  /** Whether its alert rules are the ones rendered here. */
  readonly hasRules: boolean;
  stop(): Promise<void>;
}

/** How a Grafana is come by here; a text says why there is none. */
export async function findGrafana(): Promise<(() => Promise<GrafanaUnderTest>) | string> {
  const url = process.env['GRAFANA_URL']?.replace(/\/+$/, '');
  if (url !== undefined && url !== '') return () => Promise.resolve(elsewhere(url));
  if (runDocker(['info', '--format', '{{.ServerVersion}}']).status !== 0)
    return 'GRAFANA_URL is not set, and no Docker engine answers';
  const image = imageOf('grafana');
  const isThere = runDocker(['image', 'inspect', image]).status === 0;
  if (!isThere && !(await canPull()))
    return `GRAFANA_URL is not set, and ${image} cannot be pulled: the registry is out of reach`;
  if ((await ensureImage(image)) === 'missing')
    return `GRAFANA_URL is not set, and ${image} cannot be pulled`;
  return () => startContainers(image);
}

function elsewhere(url: string): GrafanaUnderTest {
  return {
    url,
    auth: process.env['GRAFANA_AUTH'] ?? 'admin:admin',
    lokiUrl: process.env['LOKI_URL'],
    hasRules: false,
    stop: () => Promise.resolve(),
  };
}

/** The image that the compose file names. */
function imageOf(service: string): string {
  const { services } = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
    services: Record<string, { image: string }>;
  };
  return services[service]?.image ?? '';
}

async function startContainers(image: string): Promise<GrafanaUnderTest> {
  // The helper that clears away after a crash is an image too.
  if (!(await canPull())) process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  const { GenericContainer, Network, Wait } = await import('testcontainers');
  process.stderr.write(`loki: ${imageOf('loki')}, ${await ensureImage(imageOf('loki'))}\n`);
  const network = await new Network().start();
  const loki = await new GenericContainer(imageOf('loki'))
    .withNetwork(network)
    .withNetworkAliases('loki')
    .withCopyFilesToContainer([{ source: join(ROOT, 'stack/loki.yaml'), target: '/etc/loki.yaml' }])
    .withCommand(['-config.file=/etc/loki.yaml', '-config.expand-env=true'])
    .withExposedPorts(3100)
    .withWaitStrategy(Wait.forHttp('/ready', 3100).withStartupTimeout(START_LIMIT_MS))
    .start();
  const grafana = await new GenericContainer(image)
    .withNetwork(network)
    .withCopyDirectoriesToContainer([{ source: renderFiles(), target: '/rendered' }])
    .withEnvironment({
      GF_PATHS_PROVISIONING: '/rendered/grafana',
      GF_SECURITY_ADMIN_PASSWORD: PASSWORD,
      GF_PLUGINS_PREINSTALL_AUTO_UPDATE: 'false',
      GF_PLUGINS_PREINSTALL_DISABLED: 'true',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
    })
    .withExposedPorts(3000)
    .withWaitStrategy(Wait.forHttp('/api/health', 3000).withStartupTimeout(START_LIMIT_MS))
    .start();
  return {
    url: `http://${grafana.getHost()}:${grafana.getMappedPort(3000)}`,
    auth: `admin:${PASSWORD}`,
    lokiUrl: `http://${loki.getHost()}:${loki.getMappedPort(3100)}`,
    hasRules: true,
    stop: async () => {
      await grafana.stop();
      await loki.stop();
      await network.stop();
    },
  };
}

/** What the init service writes: provisioning, boards, and rules that are checked every ten seconds. */
function renderFiles(): string {
  const out = makeTemporaryFolder('rendered');
  mkdirSync(join(out, 'grafana'), { recursive: true });
  cpSync(join(ROOT, 'stack/grafana'), join(out, 'grafana'), { recursive: true });
  cpSync(join(ROOT, 'dashboards/dist'), join(out, 'boards'), { recursive: true });
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'alerts/stack-init.ts'), out], {
    encoding: 'utf8',
    env: {},
  });
  if (status !== 0) throw new Error(`the rules were not rendered: ${stderr}`);
  const rules = join(out, 'grafana/alerting/rules.yaml');
  writeFileSync(rules, readFileSync(rules, 'utf8').replaceAll(/interval: \w+/g, 'interval: 10s'));
  return out;
}

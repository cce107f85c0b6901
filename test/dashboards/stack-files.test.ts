// What the compose stack does with the boards and with the metrics of its servers: the overlay, and the zone.

import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { stackFiles } from '../../collector/stack-files.ts';
import { dashboardFiles } from '../../dashboards/build.ts';
import { PROMETHEUS_VERSION } from '../stack/build-servers.ts';
import { makeTemporaryFolder } from '../stack/folders.ts';

interface Service {
  readonly image?: string;
  readonly ports?: readonly string[];
  readonly mem_limit?: string;
  readonly volumes?: readonly string[];
}

const ROOT = join(import.meta.dirname, '../..');
const OVERLAY = 'docker-compose.metrics.yml';
const MOST_MB = 1800;

function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function servicesOf(file: string): Record<string, Service> {
  return (parse(readText(file), { merge: true }) as { services: Record<string, Service> }).services;
}

describe('the overlay with Prometheus', () => {
  const base = servicesOf('docker-compose.yml');
  const overlay = servicesOf(OVERLAY);
  const own = overlay['prometheus'];

  it('adds one pinned image, published on loopback only, the one that the tests run', () => {
    expect(Object.keys(overlay).filter((name) => base[name] === undefined)).toEqual(['prometheus']);
    expect(own?.image).toBe(`prom/prometheus:v${PROMETHEUS_VERSION}`);
    expect(own?.ports).toEqual(['127.0.0.1:${PROMETHEUS_PORT:-9090}:9090']);
  });

  it('leaves what runs at the same time under 1.8 GB', () => {
    // The init service has ended when the others start.
    const running = Object.entries({ ...base, prometheus: own }).filter(([name]) => name !== 'init');
    const limits = running.map(([, service]) => Number.parseInt(service?.mem_limit ?? '', 10));
    expect(limits.reduce((sum, limit) => sum + limit, 0)).toBeLessThan(MOST_MB);
  });

  it('reads servers of the stack, mounts files of the stack, and explains its settings', () => {
    const config = parse(readText('stack/prometheus.yaml')) as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const targets = config.scrape_configs.flatMap((job) => job.static_configs.flatMap((one) => one.targets));
    expect(targets.map((target) => target.split(':')[0])).toEqual(['collector', 'loki', 'tempo', 'grafana']);
    for (const target of targets) expect(base).toHaveProperty(target.split(':')[0] ?? '');
    const paths = stackFiles().map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        OVERLAY,
        'stack/prometheus.yaml',
        'stack/grafana/metrics/prometheus.yaml',
        'stack/boards.mjs',
      ]),
    );
    for (const [, name] of readText(OVERLAY).matchAll(/\$\{([A-Z0-9_]+)/g))
      expect(readText('.env.example')).toContain(`#${name}=`);
  });
});

describe('the boards of the stack', () => {
  it.each(['Europe/Berlin', 'Asia/Kathmandu'])('tell days in TIMEZONE, as in %s', (timezone) => {
    const zones = Object.values(placed(timezone)).flatMap(({ templating }) =>
      templating.list.filter(({ name }) => name === 'timezone'),
    );
    expect(zones.length).toBeGreaterThanOrEqual(3);
    for (const { current, options } of zones) {
      expect(current.value).toBe(timezone);
      expect(options.filter(({ selected }) => selected).map(({ value }) => value)).toEqual([timezone]);
      expect(options.map(({ value }) => value)).toContain('UTC');
    }
  });

  it('are otherwise as they are in the repository', async () => {
    const boards = placed('UTC');
    for (const { path, render } of dashboardFiles) {
      const name = path.slice(path.lastIndexOf('/') + 1);
      expect(boards[name]).toEqual(JSON.parse(await render()));
    }
  });
});

/** The boards as the init service writes them for a zone. */
function placed(timezone: string): Record<string, { templating: { list: Variable[] } }> {
  const to = makeTemporaryFolder('boards');
  const script = `import { placeBoards } from ${JSON.stringify(join(ROOT, 'stack/boards.mjs'))};
    placeBoards(${JSON.stringify(join(ROOT, 'dashboards/dist'))}, ${JSON.stringify(to)}, ${JSON.stringify(timezone)});`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return Object.fromEntries(
    dashboardFiles.map(({ path }) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      return [name, JSON.parse(readFileSync(join(to, name), 'utf8'))];
    }),
  ) as ReturnType<typeof placed>;
}

interface Variable {
  readonly name: string;
  readonly current: { readonly value: string };
  readonly options: readonly { readonly value: string; readonly selected: boolean }[];
}

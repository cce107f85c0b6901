import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { BACKENDS } from '../../collector/backends.ts';
import { collectorFiles } from '../../collector/generated.ts';
import { buildCollector } from '../stack/build-servers.ts';
import { listenAddresses } from '../stack/listening.ts';
import { findFreePorts } from '../stack/process.ts';
import { COLLECTOR_DIST, findCollector, resolveConfig, startCollector } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';

const ROOT = join(import.meta.dirname, '../..');
const OVERLAYS = [...BACKENDS.map(({ id }) => `${id}.yaml`), 'sampling.yaml', 'content.yaml'];
const REQUIRED = Object.fromEntries(
  BACKENDS.flatMap(({ settings }) => settings.filter(({ isRequired }) => isRequired)).map(({ name }) => [
    name,
    name.endsWith('URL') ? 'http://127.0.0.1:9' : 'value',
  ]),
);

interface Config {
  exporters?: Record<string, Record<string, unknown>>;
  processors?: Record<string, unknown>;
  service?: {
    pipelines?: Record<string, { receivers?: string[]; processors?: string[]; exporters?: string[] }>;
  };
}

function readConfig(name: string): Config {
  return parse(readFileSync(join(COLLECTOR_DIST, name), 'utf8')) as Config;
}

async function validate(configs: readonly string[]): Promise<string> {
  const { status, stderr } = spawnSync(
    await findCollector(configs),
    ['validate', ...configs.flatMap((config) => ['--config', resolveConfig(config)])],
    { encoding: 'utf8', env: { ...process.env, ...REQUIRED, GATEWAY_TARGETS: 'localhost' } },
  );
  return status === 0 ? 'valid' : stderr;
}

describe('configurations as they are committed', () => {
  it.each(collectorFiles)('$path is what its source renders', ({ path, render }) => {
    expect(readFileSync(join(ROOT, path), 'utf8')).toBe(render());
  });

  it.each(OVERLAYS)('%s leaves the receivers and the extensions alone', (name) => {
    const { service, ...rest } = readConfig(name);
    expect(Object.keys(service ?? {})).toEqual(name === 'content.yaml' ? [] : ['pipelines']);
    expect(
      Object.keys(rest).filter((key) => !['exporters', 'processors', 'connectors'].includes(key)),
    ).toEqual([]);
  });

  it('no backend touches a pipeline of another', () => {
    const owners = new Map<string, string>();
    for (const { id } of BACKENDS) {
      for (const pipeline of Object.keys(readConfig(`${id}.yaml`).service?.pipelines ?? {})) {
        expect([pipeline, owners.get(pipeline)]).toEqual([pipeline, undefined]);
        owners.set(pipeline, id);
      }
    }
    expect(owners.size).toBeGreaterThan(BACKENDS.length);
  });

  it('every network exporter retries without end, from a queue on disk that is counted in bytes', () => {
    for (const { id } of BACKENDS) {
      for (const [name, exporter] of Object.entries(readConfig(`${id}.yaml`).exporters ?? {})) {
        if (name.startsWith('file/')) continue;
        expect(exporter).toMatchObject({
          retry_on_failure: { max_elapsed_time: '0s' },
          sending_queue: { storage: 'file_storage', sizer: 'bytes', batch: { sizer: 'bytes' } },
        });
      }
    }
  });

  it('no batch processor, no component under an old name', () => {
    const old = /^(?:batch|otlp|otlphttp|spanmetrics|servicegraph|loadbalancing)(?:\/|$)/;
    for (const { path } of collectorFiles) {
      const { processors, exporters } = parse(readFileSync(join(ROOT, path), 'utf8')) as Config;
      for (const name of Object.keys({ ...processors, ...exporters })) expect(name).not.toMatch(old);
    }
  });

  it('every address is a loopback one unless it is set from outside', () => {
    for (const { path } of collectorFiles) {
      const listens = readFileSync(join(ROOT, path), 'utf8').match(/\S*LISTEN\S*/g) ?? [];
      for (const address of listens) expect(address).toMatch(/LISTEN:-127\.0\.0\.1:\d+\}$/);
    }
  });
});

(await describeWith('collector'))('the real Collector takes', () => {
  it.each(['base.yaml', 'config.yaml', 'gateway.yaml'])(
    '%s',
    async (name) => {
      expect(await validate([name])).toBe('valid');
    },
    BUILD_TIMEOUT_MS,
  );

  it.each(OVERLAYS)('base.yaml with %s', async (name) => {
    expect(await validate(['base.yaml', name])).toBe('valid');
  });

  it('config.yaml with what only our distribution has', async () => {
    expect(await validate(['config.yaml', 'distribution.yaml'])).toBe('valid');
    expect(await validate(['config.yaml', ...OVERLAYS, 'distribution.yaml'])).toBe('valid');
  });

  it('everything at once, in either order', async () => {
    expect(await validate(['config.yaml', ...OVERLAYS])).toBe('valid');
    expect(await validate(['config.yaml', ...OVERLAYS.toReversed()])).toBe('valid');
  });

  it('only parts that the stock otelcol-contrib has too, but for distribution.yaml', async () => {
    const stock = new Set(
      readFileSync(join(ROOT, 'test/fixtures/otelcol-contrib-0.159.0.txt'), 'utf8').split('\n'),
    );
    const { stdout } = spawnSync(await buildCollector(), ['components'], { encoding: 'utf8' });
    const components = parse(stdout) as Record<string, { name: string; module: string }[]>;
    const missing = new Map<string, string[]>();
    for (const { path } of collectorFiles) {
      const config = parse(readFileSync(join(ROOT, path), 'utf8')) as Record<string, object>;
      for (const kind of ['receivers', 'processors', 'exporters', 'connectors', 'extensions']) {
        for (const id of Object.keys(config[kind] ?? {})) {
          const found = components[kind]?.find(({ name }) => name === id.split('/')[0]);
          const module = found?.module.split(' ')[0] ?? `unknown ${kind} ${id}`;
          if (!stock.has(module)) missing.set(path, [...(missing.get(path) ?? []), id]);
        }
      }
    }
    expect(Object.fromEntries(missing)).toEqual({
      'collector/dist/distribution.yaml': ['memory_limiter', 'retry_server_error'],
    });
  });

  it('no connection from beyond this machine, unless it is told to', async () => {
    const closed = await startCollector({ configs: ['base.yaml'] });
    const opened = await startCollector({
      configs: ['base.yaml'],
      env: { OTLP_HTTP_LISTEN: `0.0.0.0:${(await findFreePorts(1))[0]}` },
    });
    const addresses = [closed, opened].map(({ process }) => new Set(listenAddresses(process.pid)));
    await Promise.all([closed.stop(), opened.stop()]);
    expect([...(addresses[0] ?? [])]).toEqual(['127.0.0.1']);
    expect(addresses[1]?.size).toBe(2);
  });

  it('not a configuration with an unknown key', async () => {
    expect(await validate(['base.yaml', 'yaml:receivers::otlp::protocol: 1'])).not.toBe('valid');
  });
});

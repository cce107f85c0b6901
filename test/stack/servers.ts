// Starts the real Collector for a test, with the configurations that are shipped. Ports and folders come in
// through the same environment variables that an operator would set.

import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCollector } from './build-servers.ts';
import { makeTemporaryFolder } from './folders.ts';
import { findFreePorts, startProcess, type ServerProcess } from './process.ts';
import { untilReady } from './startable.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Folder of the rendered Collector configurations. */
export const COLLECTOR_DIST = join(ROOT, 'collector/dist');

export interface CollectorServer {
  /** Address for OTLP over gRPC, as in `127.0.0.1:4317`. */
  readonly grpcEndpoint: string;
  /** Base address for OTLP over HTTP, as in `http://127.0.0.1:4318`. */
  readonly httpUrl: string;
  /** Address of the Collector's own metrics (Prometheus text). */
  readonly metricsUrl: string;
  readonly process: ServerProcess;
  /** Sum of one of the Collector's own counters or gauges over all its series whose labels contain `labels`. */
  readMetric(name: string, labels?: string): Promise<number>;
  stop(): Promise<void>;
  kill9(): Promise<void>;
}

export interface CollectorOptions {
  /** Configuration files, merged from left to right; the paths of `collector/dist` may be given by name. */
  readonly configs: readonly string[];
  readonly env?: Record<string, string>;
  /** Folder of the queues; give the same one to find a queue again after a restart. */
  readonly queueDir?: string;
  /** Port of OTLP over HTTP, to start again where another one listened. */
  readonly httpPort?: number;
}

/** Whether STOCK_COLLECTOR names a stock otelcol-contrib that runs in place of our build. */
export function isStockCollector(): boolean {
  return (process.env['STOCK_COLLECTOR'] ?? '') !== '';
}

/**
 * Path of the Collector under test: that of `collector/manifest.yaml`, or the stock one of STOCK_COLLECTOR
 * unless a configuration needs parts that only ours has.
 */
export async function findCollector(configs: readonly string[]): Promise<string> {
  const stock = process.env['STOCK_COLLECTOR'] ?? '';
  return stock === '' || configs.includes('distribution.yaml') ? buildCollector() : stock;
}

/** Starts the Collector under test and waits until its health check answers. */
export async function startCollector(options: CollectorOptions): Promise<CollectorServer> {
  const binary = await findCollector(options.configs);
  const queueDir = options.queueDir ?? makeTemporaryFolder('queue');
  const [grpcPort = 0, freeHttpPort = 0, healthPort = 0, metricsPort = 0] = await findFreePorts(4);
  const httpPort = options.httpPort ?? freeHttpPort;
  const process = startProcess(
    binary,
    options.configs.flatMap((config) => ['--config', resolveConfig(config)]),
    {
      env: {
        OTLP_GRPC_LISTEN: `127.0.0.1:${grpcPort}`,
        OTLP_HTTP_LISTEN: `127.0.0.1:${httpPort}`,
        HEALTH_LISTEN: `127.0.0.1:${healthPort}`,
        METRICS_HOST: '127.0.0.1',
        METRICS_PORT: String(metricsPort),
        QUEUE_DIR: queueDir,
        ...options.env,
      },
    },
  );
  await untilReady('collector', process, `http://127.0.0.1:${healthPort}/`);
  const metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  const removeQueue = (): void => {
    if (options.queueDir === undefined) rmSync(queueDir, { recursive: true, force: true });
  };
  return {
    grpcEndpoint: `127.0.0.1:${grpcPort}`,
    httpUrl: `http://127.0.0.1:${httpPort}`,
    metricsUrl,
    process,
    readMetric: async (name, labels) => readMetric(metricsUrl, name, labels),
    stop: async () => {
      await process.stop();
      removeQueue();
    },
    kill9: async () => {
      await process.kill9();
    },
  };
}

/** A name such as `base.yaml` stands for the file in `collector/dist`. */
export function resolveConfig(config: string): string {
  return config.startsWith('/') || config.startsWith('yaml:') ? config : join(COLLECTOR_DIST, config);
}

async function readMetric(url: string, name: string, labels = ''): Promise<number> {
  const text = await (await fetch(url)).text();
  let sum = 0;
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:]+?)(_total)?(\{.*\})? (\S+)$/.exec(line);
    if (match?.[1] === name.replace(/_total$/, '') && (match[3] ?? '').includes(labels))
      sum += Number(match[4]);
  }
  return sum;
}

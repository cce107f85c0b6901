// A real Loki for tests: one of our own with the configuration that is shipped, or the one of LOKI_URL.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder } from './folders.ts';
import { findRunning, findStartable } from './found-server.ts';
import { isolateLoki } from './loki-elsewhere.ts';
import { findFreePorts, type ServerProcess } from './process.ts';
import { startFound } from './startable.ts';

const CONFIG = join(import.meta.dirname, '../../stack/loki.yaml');

export interface LokiServer {
  /** Base address, as in `http://127.0.0.1:3100`. */
  readonly url: string;
  /** What the Collector's `otlp_http` exporter takes as endpoint. */
  readonly otlpUrl: string;
  /** The value of an instant query, now or at `atMs`, summed over its series; 0 when it gives none. */
  queryNumber(logql: string, atMs?: number): Promise<number>;
  /** Ends it, where it was started here: SIGTERM and exit. The folder goes too when it was made for this server. */
  stop(): Promise<void>;
}

/** One that a test stops, starts again, or looks into. */
export interface OwnLoki extends LokiServer {
  readonly dir: string;
  readonly process: ServerProcess;
  kill9(): Promise<void>;
}

export interface LokiOptions {
  /** Data folder to keep; a fresh one is made (and removed by `stop`) when absent. */
  readonly dir?: string;
  /** Port to take; a free one when absent. Given to start again where another one listened. */
  readonly port?: number;
  /** Further command-line flags. */
  readonly args?: readonly string[];
  /** Further environment variables. */
  readonly env?: Record<string, string>;
  /** Folders beside its own that flags name. */
  readonly paths?: readonly string[];
}

/** An empty Loki: a tenant of the one at LOKI_URL, or one of our own. */
export async function openLoki(): Promise<LokiServer> {
  const elsewhere = findRunning('loki');
  if (elsewhere === undefined) return startLoki();
  const own = await isolateLoki(elsewhere.url);
  return { ...addressesOf(own.url), stop: () => own.close() };
}

/** Starts Loki with `stack/loki.yaml` and waits until it is ready (about ten seconds). */
export async function startLoki(options: LokiOptions = {}): Promise<OwnLoki> {
  const found = await findStartable('loki');
  if (typeof found === 'string') throw new Error(`there is no Loki: ${found}`);
  const dir = options.dir ?? makeTemporaryFolder('loki');
  const [freePort = 0, grpcPort = 0] = await findFreePorts(2);
  const port = options.port ?? freePort;
  const url = `http://127.0.0.1:${String(port)}`;
  const server = await startFound(found, {
    name: 'loki',
    args: [`-config.file=${CONFIG}`, '-config.expand-env=true', ...(options.args ?? [])],
    env: {
      LOKI_LISTEN: '127.0.0.1',
      LOKI_HTTP_PORT: String(port),
      LOKI_GRPC_PORT: String(grpcPort),
      LOKI_DATA: dir,
      ...options.env,
    },
    paths: [CONFIG, dir, ...(options.paths ?? [])],
    readyUrl: `${url}/ready`,
  });
  return {
    ...addressesOf(url),
    dir,
    process: server,
    stop: async () => {
      await server.stop();
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    },
    kill9: () => server.kill9(),
  };
}

function addressesOf(url: string): Pick<LokiServer, 'url' | 'otlpUrl' | 'queryNumber'> {
  return { url, otlpUrl: `${url}/otlp`, queryNumber: (logql, atMs) => queryNumber(url, logql, atMs) };
}

async function queryNumber(url: string, logql: string, atMs?: number): Promise<number> {
  const asked = new URLSearchParams({
    query: logql,
    ...(atMs === undefined ? {} : { time: `${atMs}000000` }),
  });
  const response = await fetch(`${url}/loki/api/v1/query?${asked.toString()}`);
  if (!response.ok) throw new Error(`Loki refused ${logql}: ${response.status} ${await response.text()}`);
  const answer = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  return answer.data.result.reduce((sum, series) => sum + Number(series.value[1]), 0);
}

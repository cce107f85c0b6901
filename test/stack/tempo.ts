// A real Tempo for tests: one of our own with the configuration that is shipped, or one that runs elsewhere:
// TEMPO_URL (HTTP) with TEMPO_ENDPOINT (OTLP gRPC).

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder } from './folders.ts';
import { findRunning, findStartable } from './found-server.ts';
import { findFreePorts } from './process.ts';
import { startFound } from './startable.ts';

export interface TempoServer {
  /** Base address of its HTTP API. */
  readonly url: string;
  /** Address for OTLP over gRPC, as in `127.0.0.1:4317`. */
  readonly grpcEndpoint: string;
  /** Ends it, where it was started here. */
  stop(): Promise<void>;
}

export interface OwnTempo extends TempoServer {
  readonly pid: number;
}

export interface TempoOptions {
  /** Data folder to keep; a fresh one is made (and removed by `stop`) when absent. */
  readonly dir?: string;
  /** Port of OTLP over gRPC, to start again where another one listened. */
  readonly grpcPort?: number;
}

/** Its spans are on disk a second after the signal; then it may wait for minutes, so compose kills it as well. */
const STOP_GRACE_MS = 8000;
const CONFIG = join(import.meta.dirname, '../../stack/tempo.yaml');

/** The Tempo that runs elsewhere, or one of our own. */
export async function openTempo(): Promise<TempoServer> {
  const elsewhere = findRunning('tempo');
  if (elsewhere === undefined) return startTempo();
  const grpcEndpoint = process.env['TEMPO_ENDPOINT'] ?? `${new URL(elsewhere.url).hostname}:4317`;
  return { url: elsewhere.url, grpcEndpoint, stop: () => Promise.resolve() };
}

/** Starts Tempo with `stack/tempo.yaml` and waits until it is ready. */
export async function startTempo(options: TempoOptions = {}): Promise<OwnTempo> {
  const found = await findStartable('tempo');
  if (typeof found === 'string') throw new Error(`there is no Tempo: ${found}`);
  const dir = options.dir ?? makeTemporaryFolder('tempo');
  const [httpPort = 0, freePort = 0, ownPort = 0] = await findFreePorts(3);
  const grpcEndpoint = `127.0.0.1:${String(options.grpcPort ?? freePort)}`;
  const url = `http://127.0.0.1:${String(httpPort)}`;
  const server = await startFound(found, {
    name: 'tempo',
    args: [`-config.file=${CONFIG}`, '-config.expand-env=true', '-target=all'],
    env: {
      TEMPO_LISTEN: '127.0.0.1',
      TEMPO_HTTP_PORT: String(httpPort),
      TEMPO_GRPC_PORT: String(ownPort),
      TEMPO_OTLP_LISTEN: grpcEndpoint,
      TEMPO_DATA: dir,
    },
    paths: [CONFIG, dir],
    readyUrl: `${url}/ready`,
  });
  return {
    url,
    grpcEndpoint,
    pid: server.pid,
    stop: async () => {
      await server.stop(STOP_GRACE_MS);
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

// A real Tempo for tests. It cannot be built from its module, so it is started from TEMPO_BINARY with the
// shipped configuration, or is one that runs elsewhere: TEMPO_URL (HTTP) with TEMPO_ENDPOINT (OTLP gRPC).
// Without either the tests are skipped, aloud.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describeWhere } from '../fixtures/describe-where.ts';
import { makeTemporaryFolder } from './folders.ts';
import { answersOk, findFreePorts, startProcess, waitUntil } from './process.ts';

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

const BINARY = process.env['TEMPO_BINARY'] ?? '';
const URL_ELSEWHERE = (process.env['TEMPO_URL'] ?? '').replace(/\/+$/, '');
/** Its spans are on disk a second after the signal; then it may wait for minutes, so compose kills it as well. */
const STOP_GRACE_MS = 8000;
const CONFIG = join(import.meta.dirname, '../../stack/tempo.yaml');

/** `describe` for tests that any real Tempo serves. */
export const describeWithTempo = describeWhere(
  BINARY !== '' || URL_ELSEWHERE !== '',
  'tempo',
  'neither TEMPO_URL nor TEMPO_BINARY is set',
);

/** `describe` for tests that stop a Tempo and start it again. */
export function describeWithOwnTempo(name: string, body: () => void): void {
  describeWhere(BINARY !== '', 'tempo', 'TEMPO_BINARY is not set')(name, body);
}

/** The Tempo that runs elsewhere, or one of our own. */
export async function openTempo(): Promise<TempoServer> {
  if (URL_ELSEWHERE === '') return startTempo();
  const grpcEndpoint = process.env['TEMPO_ENDPOINT'] ?? `${new URL(URL_ELSEWHERE).hostname}:4317`;
  return { url: URL_ELSEWHERE, grpcEndpoint, stop: () => Promise.resolve() };
}

/** Starts TEMPO_BINARY with `stack/tempo.yaml` and waits until it is ready. */
export async function startTempo(options: TempoOptions = {}): Promise<OwnTempo> {
  const dir = options.dir ?? makeTemporaryFolder('tempo');
  const [httpPort = 0, freePort = 0, ownPort = 0] = await findFreePorts(3);
  const grpcEndpoint = `127.0.0.1:${options.grpcPort ?? freePort}`;
  const url = `http://127.0.0.1:${httpPort}`;
  const server = startProcess(BINARY, [`-config.file=${CONFIG}`, '-config.expand-env=true', '-target=all'], {
    env: {
      TEMPO_LISTEN: '127.0.0.1',
      TEMPO_HTTP_PORT: String(httpPort),
      TEMPO_GRPC_PORT: String(ownPort),
      TEMPO_OTLP_LISTEN: grpcEndpoint,
      TEMPO_DATA: dir,
    },
  });
  await waitUntil(
    async () => {
      if (!server.isRunning()) throw new Error(`tempo ended at its start:\n${server.output().slice(-4000)}`);
      return answersOk(`${url}/ready`);
    },
    { what: () => `tempo to be ready:\n${server.output().slice(-4000)}`, timeoutMs: 90_000 },
  );
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

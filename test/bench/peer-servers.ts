// Servers that others use for the same: MLflow and Arize Phoenix at pinned versions from PyPI, installed once
// each into a virtual environment of its own in the user's cache, and the Collector with a file exporter, which stores nothing
// that can be asked and so is the ceiling.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeTemporaryFolder } from '../stack/folders.ts';
import { answersOk, findFreePorts, startProcess, waitUntil, type ServerProcess } from '../stack/process.ts';
import { startCollector } from '../stack/servers.ts';

const MLFLOW = 'mlflow==3.17.2';
const PHOENIX = 'arize-phoenix==20.26.1';
const FOLDER = path.join(homedir(), '.cache/tallyspan/peers');
const INSTALL_LIMIT_MS = 900_000;
const START_LIMIT_MS = 120_000;

export interface PeerServer {
  readonly name: string;
  /** Where spans are sent to. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Spans in its database. */
  countStored(): number;
  stop(): Promise<void>;
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: INSTALL_LIMIT_MS });
}

/** Folder of the programs of a package; throws when it cannot be installed here. */
function installPeer(requirement: string): string {
  const folder = path.join(FOLDER, requirement);
  const bin = path.join(folder, 'bin');
  const mark = path.join(folder, 'installed');
  if (existsSync(mark)) return bin;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  run('python3', ['-m', 'venv', folder]);
  run(path.join(bin, 'pip'), ['install', '--quiet', '--disable-pip-version-check', requirement]);
  writeFileSync(mark, '');
  return bin;
}

/** Starts the peers one after the other, each when the one before was stopped. Says on stderr what cannot be had. */
export async function* startPeers(): AsyncGenerator<PeerServer> {
  for (const [requirement, start] of [
    [MLFLOW, startMlflow],
    [PHOENIX, startPhoenix],
  ] as const) {
    let server: PeerServer;
    try {
      server = await start(installPeer(requirement));
    } catch (error) {
      const { stderr } = error as { stderr?: Buffer };
      process.stderr.write(`SKIP ${requirement}: ${String(stderr ?? '').slice(-300) || String(error)}\n`);
      continue;
    }
    try {
      yield server;
    } finally {
      await server.stop();
    }
  }
}

async function startMlflow(bin: string): Promise<PeerServer> {
  const folder = makeTemporaryFolder('mlflow');
  const [port = 0] = await findFreePorts(1);
  const file = path.join(folder, 'mlflow.db');
  const server = startProcess(
    path.join(bin, 'mlflow'),
    [
      'server',
      '--backend-store-uri',
      `sqlite:///${file}`,
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--workers',
      '1',
    ],
    {
      cwd: folder,
      env: {
        PATH: `${bin}:${process.env['PATH'] ?? ''}`,
        MLFLOW_DISABLE_TELEMETRY: 'true',
        DO_NOT_TRACK: 'true',
      },
    },
  );
  await untilAnswers('MLflow', server, `http://127.0.0.1:${port}/health`);
  return peerOf('MLflow 3.17.2', server, folder, file, `http://127.0.0.1:${port}/v1/traces`, {
    'x-mlflow-experiment-id': '0',
  });
}

async function startPhoenix(bin: string): Promise<PeerServer> {
  const folder = makeTemporaryFolder('phoenix');
  const [port = 0, grpcPort = 0] = await findFreePorts(2);
  const server = startProcess(path.join(bin, 'phoenix'), ['serve'], {
    cwd: folder,
    env: {
      PHOENIX_HOST: '127.0.0.1',
      PHOENIX_PORT: String(port),
      PHOENIX_GRPC_PORT: String(grpcPort),
      PHOENIX_WORKING_DIR: folder,
      PHOENIX_TELEMETRY_ENABLED: 'false',
    },
  });
  await untilAnswers('Phoenix', server, `http://127.0.0.1:${port}/healthz`);
  const file = path.join(folder, 'phoenix.db');
  return peerOf('Arize Phoenix 20.26.1', server, folder, file, `http://127.0.0.1:${port}/v1/traces`, {});
}

async function untilAnswers(name: string, server: ServerProcess, url: string): Promise<void> {
  const isReady = async (): Promise<boolean> => {
    if (!server.isRunning()) throw new Error(`${name} ended: ${server.output().slice(-500)}`);
    return answersOk(url);
  };
  await waitUntil(isReady, { what: () => `${name} to answer`, timeoutMs: START_LIMIT_MS });
}

function peerOf(
  name: string,
  server: ServerProcess,
  folder: string,
  file: string,
  url: string,
  headers: Readonly<Record<string, string>>,
): PeerServer {
  return {
    name,
    url,
    headers,
    pid: server.pid,
    countStored() {
      const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
      try {
        return Number(database.prepare('SELECT count(*) AS spans FROM spans').get()?.['spans'] ?? 0);
      } finally {
        database.close();
      }
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The Collector with one pipeline, OTLP to a file. */
export async function startFileCollector(): Promise<{
  /** Where logs go. */
  readonly httpUrl: string;
  readonly tracesUrl: string;
  readonly grpcAddress: string;
  readonly pid: number;
  stop(): Promise<void>;
}> {
  const folder = makeTemporaryFolder('file-collector');
  const config = path.join(folder, 'config.yaml');
  writeFileSync(
    config,
    `receivers:
  otlp:
    protocols:
      grpc: { endpoint: '\${env:OTLP_GRPC_LISTEN}', max_recv_msg_size_mib: 20 }
      http: { endpoint: '\${env:OTLP_HTTP_LISTEN}' }
exporters:
  file: { path: '${path.join(folder, 'out.pb')}', format: proto }
extensions:
  health_check: { endpoint: '\${env:HEALTH_LISTEN}' }
service:
  extensions: [health_check]
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [otlp], exporters: [file] }
    traces: { receivers: [otlp], exporters: [file] }
`,
  );
  const collector = await startCollector({ configs: [config] });
  return {
    httpUrl: `${collector.httpUrl}/v1/logs`,
    tracesUrl: `${collector.httpUrl}/v1/traces`,
    grpcAddress: collector.grpcEndpoint,
    pid: collector.process.pid,
    async stop() {
      await collector.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

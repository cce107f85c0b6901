// Starts a server that was found: its binary, or its image on the network of this machine, so that ports, folders
// and addresses mean the same for both.

import { randomUUID } from 'node:crypto';
import { atEnd } from './at-end.ts';
import { runDocker } from './docker.ts';
import type { Startable } from './found-server.ts';
import { answersOk, startProcess, waitUntil, type ServerProcess } from './process.ts';

const READY_TIMEOUT_MS = 180_000;
/** What is found is written in Go and lives for one suite: it may take memory to spare processor time, some 15 % of Loki's. */
const GO_ENV = { GOGC: '400' };

/** The client of a container may go without it. */
const containers = new Set<string>();
atEnd(() => {
  if (containers.size > 0) runDocker(['rm', '--force', ...containers]);
});

export interface StartOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Folders and files that it reads or writes. */
  readonly paths: readonly string[];
  /** Answers with a 2xx status once it is ready. */
  readonly readyUrl: string;
}

/** Starts it and waits until it is ready. */
export async function startFound(server: Startable, given: StartOptions): Promise<ServerProcess> {
  const options = { ...given, env: { ...GO_ENV, ...given.env } };
  if (server.kind === 'image') return startContainer(server.tag, options);
  const started = startProcess(server.path, options.args, { env: options.env });
  await untilReady(options.name, started, options.readyUrl);
  return started;
}

async function startContainer(
  tag: string,
  { name, args, env, paths, readyUrl }: StartOptions,
): Promise<ServerProcess> {
  const container = `tallyspan-test-${name}-${randomUUID()}`;
  const { getuid, getgid } = process;
  const user = getuid === undefined ? [] : ['--user', `${String(getuid())}:${String(getgid?.() ?? 0)}`];
  const client = startProcess('docker', [
    'run',
    '--rm',
    '--network',
    'host',
    '--name',
    container,
    ...user,
    ...paths.flatMap((path) => ['--volume', `${path}:${path}`]),
    ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    tag,
    ...args,
  ]);
  containers.add(container);
  await untilReady(name, client, readyUrl);
  // The process inside, not the client that waits for it.
  const pid = Number(runDocker(['inspect', '--format', '{{.State.Pid}}', container]).stdout.trim());
  return {
    ...client,
    pid,
    stop: async (graceMs = 15_000) => {
      runDocker(['stop', '--time', String(Math.ceil(graceMs / 1000)), container]);
      return client.stop();
    },
    kill9: async () => {
      runDocker(['kill', container]);
      await client.kill9();
    },
  };
}

/** Waits until an address answers; throws with the output of the server when it ends or never does. */
export async function untilReady(name: string, server: ServerProcess, url: string): Promise<void> {
  await waitUntil(
    async () => {
      if (!server.isRunning())
        throw new Error(`${name} ended at its start:\n${server.output().slice(-4000)}`);
      return answersOk(url);
    },
    { what: () => `${name} to be ready:\n${server.output().slice(-4000)}`, timeoutMs: READY_TIMEOUT_MS },
  );
}

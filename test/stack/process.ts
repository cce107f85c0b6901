// A server that a test started: one child process on free loopback ports, its output kept for the
// message of a failure, gone when the test process goes.

import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { atEnd } from './at-end.ts';

const POLL_MS = 50;
const OUTPUT_LIMIT = 256 * 1024;

/** A running child process with its captured output. */
export interface ServerProcess {
  readonly pid: number;
  /** Everything it wrote, the newest 256 KB. */
  output(): string;
  isRunning(): boolean;
  /** SIGTERM, then waits for the exit; SIGKILL after `graceMs`. Gives the exit code. */
  stop(graceMs?: number): Promise<number | null>;
  /** SIGKILL: no chance to flush. Waits for the exit. */
  kill9(): Promise<void>;
}

const running = new Set<ChildProcess>();
function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}
atEnd(killAll);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    killAll();
    process.kill(process.pid, signal);
  });
}

/** Starts a program. Readiness is another matter: {@link waitUntil}. */
export function startProcess(
  command: string,
  args: readonly string[],
  options: { readonly env?: Record<string, string>; readonly cwd?: string } = {},
): ServerProcess {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_LIMIT);
    });
  }
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += String(error);
      running.delete(child);
      resolve(null);
    });
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    isRunning: () => running.has(child),
    stop: async (graceMs = 15_000) => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      const code = await exited;
      clearTimeout(timer);
      return code;
    },
    kill9: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Below those that systems give to outgoing connections: one of these would be taken while nobody listens on it. */
const PORTS = { from: 12_000, to: 32_000 } as const;

/** Free ports of all addresses, all different. Another process may still take one before it is used. */
export async function findFreePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  while (servers.length < count) {
    const server = await listenAt(randomInt(PORTS.from, PORTS.to));
    if (server !== undefined) servers.push(server);
  }
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(async (server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Undefined when the port is taken. */
async function listenAt(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(port, '0.0.0.0', () => resolve(server));
  });
}

/** Polls until `check` gives something truthy; throws with `describe()` when it never does. */
export async function waitUntil<T>(
  check: () => Promise<T> | T,
  options: { readonly what: () => string; readonly timeoutMs?: number },
): Promise<NonNullable<T>> {
  const deadline = Date.now() + (options.timeoutMs ?? 180_000);
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${options.what()}`);
    await sleep(POLL_MS);
  }
}

/** Whether a GET answers with a 2xx status. */
export async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

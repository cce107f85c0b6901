// Drains the spool of the user into the server of the same machine: what a process could not send before it exited is
// there within seconds, although no other process of its service starts. Only batches that were on their way to this
// very server are taken, one at a time, by the same claims as the processes themselves.

import { lstat, readdir, readFile, rename, rm, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  SPOOL_CLAIM_MS,
  SPOOL_NAME,
  SPOOL_TARGET_FILE,
  spoolFolderParts,
  type SpoolTarget,
} from '../../core/spool.ts';
import { authorizationOf } from '../../server/asked-server.ts';
import type { RunningServer } from '../../server/start-server.ts';
import type { CliIo } from '../terminal/io.ts';

const LOOK_MS = 2_000;
const SEND_MS = 30_000;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|::1):/;

/** Resolves when the user asks the process to stop. */
export async function drainSpool(server: RunningServer, io: CliIo): Promise<void> {
  const root = path.join(...spoolFolderParts(io.env, process.platform, homedir()));
  while (!io.signal.aborted) {
    await drainOnce(root, server, io);
    await sleep(LOOK_MS, undefined, { signal: io.signal, ref: false }).catch(() => undefined);
  }
}

async function drainOnce(root: string, server: RunningServer, io: CliIo): Promise<void> {
  for (const folder of await namesIn(root)) {
    const at = path.join(root, folder);
    const target = await readTarget(at);
    if (target === undefined) continue;
    for (const name of (await namesIn(at)).toSorted()) {
      const [, , , signal, state] = SPOOL_NAME.exec(name) ?? [];
      if (signal !== 'logs' && signal !== 'traces') continue;
      if (!isOurs(target[signal], server) || state === '.draft') continue;
      const file = await claim(path.join(at, name), state === '.claimed');
      if (file === undefined) continue;
      // What the server does not take now waits again, and so does the rest.
      if (!(await send(file, signal, server, io))) {
        await rename(file, file.replace(/\.claimed$/, '')).catch(() => undefined);
        return;
      }
      await rm(file, { force: true });
    }
  }
}

function isOurs(endpoint: string, { grpcAddress, httpAddress }: RunningServer): boolean {
  if (!LOOPBACK.test(endpoint)) return false;
  const ports = [grpcAddress, httpAddress].map(portOf);
  return ports.includes(portOf(endpoint));
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

/** The claimed file; `undefined` when another process has it, or it is no file. */
async function claim(file: string, isClaimed: boolean): Promise<string | undefined> {
  try {
    const stat = await lstat(file);
    if (!stat.isFile()) return undefined;
    if (isClaimed && Math.abs(Date.now() - stat.mtimeMs) < SPOOL_CLAIM_MS) return undefined;
    const claimed = isClaimed ? file : `${file}.claimed`;
    await rename(file, claimed);
    const now = new Date();
    await utimes(claimed, now, now);
    return claimed;
  } catch {
    return undefined;
  }
}

/** True when the batch is stored, or refused for good. */
async function send(
  file: string,
  signal: 'logs' | 'traces',
  { httpAddress }: RunningServer,
  { env, signal: stop }: CliIo,
): Promise<boolean> {
  // An empty one is none.
  const token = env['TALLYSPAN_TOKEN'] || undefined;
  try {
    const body = new Uint8Array(await readFile(file));
    const answer = await fetch(`http://${httpAddress}/v1/${signal}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-protobuf',
        ...authorizationOf(token),
      },
      body,
      signal: AbortSignal.any([stop, AbortSignal.timeout(SEND_MS)]),
    });
    await answer.arrayBuffer();
    return answer.ok || answer.status === 400 || answer.status === 413;
  } catch {
    return false;
  }
}

async function readTarget(folder: string): Promise<SpoolTarget | undefined> {
  try {
    const target = JSON.parse(
      await readFile(path.join(folder, SPOOL_TARGET_FILE), 'utf8'),
    ) as Partial<SpoolTarget>;
    const { logs, traces } = target;
    return typeof logs === 'string' && typeof traces === 'string' ? { logs, traces } : undefined;
  } catch {
    return undefined;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

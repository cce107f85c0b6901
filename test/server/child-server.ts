// Starts servers as child processes: a bundle, as published, because Node does not read .tsx by itself.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { memorySettings } from '../fixtures/memory-settings.ts';

const root = path.resolve(import.meta.dirname, '../..');
const outfile = path.join(root, 'build/test-programs/serve.mjs');
let bundling: Promise<unknown> | undefined;

export interface ChildServer {
  readonly uiUrl: string;
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly dataDir: string;
  readonly pid: number;
  /** Memory that the process has at this moment, bytes (Linux). */
  rssBytes(): number;
  /** Sends the signal and waits for the end; the exit code, or null when it was killed. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

function bundle(): Promise<unknown> {
  bundling ??= makeBundle();
  return bundling;
}

async function makeBundle(): Promise<void> {
  await build({
    entryPoints: [path.join(root, 'test/server/serve.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.15',
    external: ['@duckdb/*', 'htmx.org'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    legalComments: 'none',
    logLevel: 'error',
  });
  // What the server reads beside itself.
  for (const folder of ['style', 'client'])
    await cp(path.join(root, 'server/web', folder), path.join(path.dirname(outfile), folder), {
      recursive: true,
    });
}

/** A size of the process of which Linux keeps account, bytes. */
export function statusBytes(pid: number, key: 'VmRSS' | 'VmHWM'): number {
  const kib = new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? 0) * 1024;
}

/** Starts a server; rejects with its message when it does not start. */
export async function startChildServer(options: Readonly<Record<string, unknown>>): Promise<ChildServer> {
  await bundle();
  // As `tallyspan up` starts it.
  const args = [...memorySettings.options, outfile, JSON.stringify(options)];
  const child: ChildProcess = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...memorySettings.variables, ...process.env },
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const first = (await Promise.race([once(lines, 'line'), ended])) as [string | number | null];
  if (typeof first[0] !== 'string') throw new Error(`the server ended with ${first[0]}`);
  const told = JSON.parse(first[0]) as ChildServer & { error?: string };
  if (told.error !== undefined) throw new Error(told.error);
  return {
    ...told,
    pid: child.pid as number,
    rssBytes: () => statusBytes(child.pid as number, 'VmRSS'),
    async stop(signal) {
      child.kill(signal);
      const [code] = await ended;
      return code;
    },
  };
}

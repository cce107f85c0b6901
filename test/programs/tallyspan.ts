// The built tallyspan program as a child process, as a user runs it.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { ensureBuilt } from '../../scripts/ensure-built.ts';

const root = path.resolve(import.meta.dirname, '../..');
await ensureBuilt();
export const PROGRAM = path.join(root, 'cli/dist/main.js');

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
  /** Folder that it is started in. */
  readonly cwd?: string;
}

/** Runs `tallyspan ARGS…` to its end. */
export function runTallyspan(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...process.env, ...options.env },
      cwd: options.cwd,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
    child.stdin.end(options.stdin ?? '');
  });
}

/** Runs `tallyspan ARGS… --json`, expects success and returns the one JSON value of stdout. */
export async function readTallyspan<T>(args: readonly string[], options: RunOptions = {}): Promise<T> {
  const { exitCode, stdout, stderr } = await runTallyspan([...args, '--json'], options);
  if (exitCode !== 0) throw new Error(`tallyspan ${args.join(' ')} exited ${String(exitCode)}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** Ends a program that a test has left running, and waits for its end. */
export async function killRunning(child: ChildProcess | undefined): Promise<void> {
  if (child?.exitCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

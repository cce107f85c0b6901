// Runs one command under observation: its streams are the caller's own, signals that reach us reach it, and how it ended is
// told as it was.

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { CliError, usageError } from '../terminal/cli-error.ts';
import { Interruption } from '../terminal/interruption.ts';
import type { Observation } from './observed-events.ts';

/** How a command ended: by its own exit code, or by a signal. */
export interface CommandEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** True when it was stopped for the time that it took. */
  readonly isTimeout: boolean;
}

type OutputMode = 'inherit' | 'collect';

export interface ObservedChildOptions {
  /** The environment before what the observation sets. */
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs?: number | undefined;
  /** Aborted when the user asks to stop. */
  readonly signal: AbortSignal;
  /** `collect`: it is given back and not shown. */
  readonly stdout?: OutputMode;
  readonly stderr?: OutputMode;
}

export interface FinishedCommand extends CommandEnd {
  readonly stdout: string;
  readonly stderr: string;
}

/** After a polite end was asked for. */
const KILL_AFTER_MS = 5_000;
const MAX_COLLECTED = 4 * 1024 * 1024;

/** The file of the preload that a command is run with. @throws CliError */
export function findRegister(): string {
  try {
    return createRequire(import.meta.url).resolve('@tallyspan/node/register');
  } catch {
    throw new CliError('@tallyspan/node is not installed beside tallyspan. Run: npm install @tallyspan/node');
  }
}

/** Resolves when the command has ended. @throws CliError when it cannot be started */
export async function runObserved(
  command: readonly string[],
  observation: Pick<Observation, 'env'>,
  { env, timeoutMs, signal, stdout: mode = 'inherit', stderr: errorMode = 'inherit' }: ObservedChildOptions,
): Promise<FinishedCommand> {
  const [file, ...args] = command;
  if (file === undefined) throw usageError('name the command after --, as in: -- node agent.mjs');
  const childEnv: NodeJS.ProcessEnv = { ...env };
  for (const [name, value] of Object.entries(observation.env)) {
    if (value === undefined) delete childEnv[name];
    else childEnv[name] = value;
  }
  const child = spawn(file, args, {
    env: childEnv,
    stdio: ['inherit', mode === 'inherit' ? 'inherit' : 'pipe', errorMode === 'inherit' ? 'inherit' : 'pipe'],
    cwd: process.cwd(),
  });
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < MAX_COLLECTED) stdout += text;
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < MAX_COLLECTED) stderr += text;
  });
  let isTimeout = false;
  let killer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    const { reason } = signal as { reason?: unknown };
    child.kill(reason instanceof Interruption && reason.exitCode === 130 ? 'SIGINT' : 'SIGTERM');
  };
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          isTimeout = true;
          child.kill('SIGTERM');
          killer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
        }, timeoutMs);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    // `exit`, not `close`: what the command left running may hold the streams for ever.
    return await new Promise<FinishedCommand>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'ENOENT' ? 'there is no such program' : error.message;
        reject(new CliError(`${file} could not be started: ${why}.`));
      });
      child.once(mode === 'inherit' && errorMode === 'inherit' ? 'exit' : 'close', (exitCode, endedBy) => {
        resolve({ exitCode, signal: endedBy, isTimeout, stdout, stderr });
      });
    });
  } finally {
    clearTimeout(timer);
    clearTimeout(killer);
    signal.removeEventListener('abort', stop);
  }
}

// Runs one command under observation: its streams are the caller's own, signals that reach us reach it, and how it ended is
// told as it was.

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, usageError } from '../terminal/cli-error.ts';
import { Interruption } from '../terminal/interruption.ts';
import type { Observation } from './observed-events.ts';
import { descendantsOf } from './process-tree.ts';

/** How a command ended: by its own exit code, or by a signal. */
export interface CommandEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** True when it was stopped for the time that it took. */
  readonly isTimeout: boolean;
}

/** The command does not run at all: there is no such program, or it may not be started. */
export class NotStarted extends CliError {
  constructor(program: string, { code, message }: NodeJS.ErrnoException) {
    const isMissing = code === 'ENOENT';
    const why = isMissing ? 'there is no such program' : message;
    super(`${program} could not be started: ${why}.`, isMissing ? 127 : 126);
  }
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
  /** Nobody types into it, and what it started ends with it, at the latest: a trial leaves nothing behind. */
  readonly isAlone?: boolean;
}

export interface FinishedCommand extends CommandEnd {
  readonly stdout: string;
  readonly stderr: string;
  /** True when it printed more than is collected. */
  readonly isCut: boolean;
}

/** After a polite end was asked for. */
const KILL_AFTER_MS = 5_000;
/** What it wrote last comes soon after its end. */
const STREAMS_MS = 2_000;
const LOOK_MS = 50;
const MAX_COLLECTED = 4 * 1024 * 1024;

/** What still runs after its time to end politely does not run on. */
async function endedSoon(pids: readonly number[]): Promise<void> {
  const until = Date.now() + KILL_AFTER_MS;
  while (pids.some((pid) => kill(pid, 0)) && Date.now() < until) await sleep(LOOK_MS);
  for (const pid of pids) kill(pid, 'SIGKILL');
}

/** Whether there was such a process, or group of a negative id. */
function kill(pid: number, by: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, by);
  } catch {
    return false;
  }
}

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
  options: ObservedChildOptions,
): Promise<FinishedCommand> {
  const { env, timeoutMs, signal, stdout: mode = 'inherit', stderr: errorMode = 'inherit' } = options;
  const hasGroup = options.isAlone === true && process.platform !== 'win32';
  const [file, ...args] = command;
  if (file === undefined) throw usageError('name the command after --, as in: -- node agent.mjs');
  const childEnv: NodeJS.ProcessEnv = { ...env };
  for (const [name, value] of Object.entries(observation.env)) {
    if (value === undefined) delete childEnv[name];
    else childEnv[name] = value;
  }
  const child = spawn(file, args, {
    env: childEnv,
    stdio: [
      options.isAlone === true ? 'ignore' : 'inherit',
      mode === 'inherit' ? 'inherit' : 'pipe',
      errorMode === 'inherit' ? 'inherit' : 'pipe',
    ],
    cwd: process.cwd(),
    detached: hasGroup,
  });
  const end = (by: NodeJS.Signals): void => {
    if (!hasGroup || child.pid === undefined) child.kill(by);
    else kill(-child.pid, by);
  };
  // What the command started, as it is when its time is over: `npm test` and a shell hand no signal on.
  let started: readonly number[] = [];
  const endStarted = (by: NodeJS.Signals): void => {
    for (const pid of started) kill(pid, by);
  };
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
    end(reason instanceof Interruption ? reason.stopSignal : 'SIGTERM');
  };
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          isTimeout = true;
          started = child.pid === undefined ? [] : descendantsOf(child.pid);
          end('SIGTERM');
          endStarted('SIGTERM');
          killer = setTimeout(() => {
            end('SIGKILL');
          }, KILL_AFTER_MS);
        }, timeoutMs);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    // What the command left running may hold the streams for ever.
    return await new Promise<FinishedCommand>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        reject(new NotStarted(file, error));
      });
      child.once('exit', (exitCode, endedBy) => {
        const finish = (): void => {
          clearTimeout(grace);
          for (const stream of [child.stdout, child.stderr]) stream?.destroy();
          resolve({
            exitCode,
            signal: endedBy,
            isTimeout,
            stdout,
            stderr,
            isCut: stdout.length >= MAX_COLLECTED,
          });
        };
        const isCollected = mode === 'collect' || errorMode === 'collect';
        const grace = setTimeout(finish, isCollected ? STREAMS_MS : 0);
        child.once('close', finish);
      });
    });
  } finally {
    clearTimeout(timer);
    clearTimeout(killer);
    if (hasGroup) end('SIGKILL');
    if (isTimeout) await endedSoon(started);
    signal.removeEventListener('abort', stop);
  }
}

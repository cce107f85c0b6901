// Observing for tests: in this process by listening to the events of the preload, in a command by the file that it writes.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeEvent, type EventRecord } from '../../core/event.ts';
import { costWithNestedNanoUsd } from '../../core/scores/limits.ts';
import { factsOfRuns } from '../../core/scores/run-facts.ts';
import { find, RECORDER } from '../process/meeting-place.ts';
import type { CommandOptions, Observed, ObservedCommand, ObservedRun } from './observed.ts';

interface Listenable {
  /** Gives what stops it. */
  listen(listener: (event: EventRecord) => void): () => void;
}

export async function observeWork<T>(work: () => T | Promise<T>): Promise<Observed<T>> {
  const recorder = find(RECORDER) as Listenable | undefined;
  if (recorder === undefined)
    throw new Error(
      'observe() needs the preload in the process of the tests: node --import @tallyspan/node/register --test, or NODE_OPTIONS="--import @tallyspan/node/register" for Jest and vitest. Without it, use observeRuns().',
    );
  const events: EventRecord[] = [];
  const stop = recorder.listen((event) => events.push(event));
  try {
    const result = await work();
    return { result, ...runsOf(events) };
  } finally {
    stop();
  }
}

export async function observeCommand(
  command: readonly string[],
  { cwd, env }: CommandOptions,
): Promise<ObservedCommand> {
  const [file, ...args] = command;
  if (file === undefined) throw new TypeError('observeRuns() needs a command, such as ["node", "agent.mjs"]');
  const folder = mkdtempSync(join(tmpdir(), 'tallyspan-test-'));
  try {
    const register = createRequire(typeof __filename === 'string' ? __filename : import.meta.url).resolve(
      './register.cjs',
    );
    const child = spawn(file, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...env,
        NODE_OPTIONS: `${env?.['NODE_OPTIONS'] ?? process.env['NODE_OPTIONS'] ?? ''} --require ${JSON.stringify(register)}`,
        OTEL_LOGS_EXPORTER: 'none',
        OTEL_TRACES_EXPORTER: 'none',
        TALLYSPAN_FILE: join(folder, 'events'),
        TALLYSPAN_SPOOL: join(folder, 'spool'),
        TALLYSPAN_LOG: 'off',
      },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    return { exitCode, stdout, stderr, ...runsOf(readEvents(join(folder, 'events')), stderr) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readEvents(folder: string): EventRecord[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .flatMap((line) => decodeEvent(line) ?? []),
  );
}

function runsOf(events: readonly EventRecord[], stderr = ''): Pick<ObservedCommand, 'run' | 'runs'> {
  const facts = factsOfRuns(events);
  const runs = facts.map((run): ObservedRun => {
    const { startedMs: _started, slowestTool: _slowest, mostExpensiveTool: _tool, ...rest } = run;
    return {
      ...rest,
      costNanoUsd: run.costNanoUsd === undefined ? undefined : costWithNestedNanoUsd(run, facts),
    };
  });
  const ids = new Set(runs.map(({ runId }) => runId));
  const run = runs.find(({ parentRunId }) => parentRunId === undefined || !ids.has(parentRunId));
  if (run === undefined)
    throw new Error(
      `no run was observed: nothing called the Anthropic SDK.${stderr === '' ? '' : ` It said: ${stderr}`}`,
    );
  return { run, runs };
}

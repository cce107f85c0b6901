// `tallyspan replay RUN -- CMD…`: the user's own command against the recorded answers of a run, and the
// first request in which it differs from the recorded one. Nothing but loopback is asked.

import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Command } from 'commander';
import { KEY_FILE } from '../../../server/store/file/content-cipher.ts';
import { openSteps, requireContent } from '../../replay/open-steps.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { CliError, usageError } from '../../terminal/cli-error.ts';
import type { CliIo } from '../../terminal/io.ts';
import { parseRunId } from '../../options.ts';
import { startReplayServer, type ReplayServer } from '../../replay/replay-server.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';

interface ReplayOptions extends SourceCliOptions {
  readonly key?: string;
}

export function registerReplay(program: Command, io: CliIo): void {
  withSourceOptions(
    program
      .command('replay')
      .description('your command against the recorded answers of a run; reports the first divergence')
      .argument('<run>', 'id of a run that was recorded with TALLYSPAN_CONTENT=full', parseRunId)
      .argument('<command...>', 'the command, after --')
      .option('--key <file>', `key of the recorded content (default: ${KEY_FILE} in the data folder)`),
  ).action(async (id: string, command: readonly string[], options: ReplayOptions) => {
    const { recording, keyFile } = await withSource(options, io, async (source) => ({
      recording: await source.recording(id),
      keyFile: options.key ?? path.join(String((await source.meta())['data_dir']), KEY_FILE),
    }));
    if (recording === undefined) throw new CliError(`there is no run ${id}. \`tallyspan runs\` lists them.`);
    requireContent(recording);
    const steps = openSteps(recording, keyFile);
    const server = await startReplayServer(steps);
    try {
      const ending = await runCommand(command, server.url, options.json === true, io);
      io.signal.throwIfAborted();
      report(server, steps.length, recording.run_id, ending, options.json === true, io);
    } finally {
      await server.close();
    }
  });
}

/** Runs the command with the API at `url`; how it ended. Its own telemetry is off: a replay is no run. */
function runCommand(command: readonly string[], url: string, isJson: boolean, io: CliIo): Promise<string> {
  const [name, ...args] = command;
  if (name === undefined)
    throw usageError('say what to run after --: tallyspan replay RUN -- node agent.mjs');
  const { ANTHROPIC_AUTH_TOKEN: _token, ...env } = io.env;
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, {
      env: {
        ...env,
        ANTHROPIC_BASE_URL: url,
        ANTHROPIC_API_KEY: 'replay',
        OTEL_SDK_DISABLED: 'true',
        NO_PROXY: [env['NO_PROXY'], '127.0.0.1'].filter(Boolean).join(','),
      },
      stdio: ['inherit', 'pipe', 'pipe'],
    });
    const out = isJson ? io.stderr : io.stdout;
    child.stdout.setEncoding('utf8').on('data', (text: string) => void out.write(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => void io.stderr.write(text));
    const stop = (): void => void child.kill('SIGTERM');
    io.signal.addEventListener('abort', stop, { once: true });
    child.once('error', (error) => {
      reject(new CliError(`cannot start ${name}: ${error.message}`));
    });
    child.once('close', (exitCode, signal) => {
      io.signal.removeEventListener('abort', stop);
      resolve(signal === null ? `exit code ${String(exitCode)}` : signal);
    });
  });
}

function report(
  server: ReplayServer,
  stepCount: number,
  runId: string,
  ending: string,
  isJson: boolean,
  io: CliIo,
): void {
  const { served, missing } = server;
  const divergence =
    server.divergence ??
    (missing !== undefined
      ? {
          step: missing,
          part: 'request',
          recorded: 'one more request',
          now: `(the command ended, ${ending})`,
        }
      : undefined);
  const outcome = {
    run_id: runId,
    steps: stepCount,
    served,
    command: ending,
    divergence: divergence ?? null,
  };
  writeAnswer(outcome, { json: isJson }, io, renderOutcome);
  if (divergence !== undefined)
    throw new CliError(`the replay of run ${runId} diverged at step ${String(divergence.step)}`);
}

interface Outcome {
  readonly run_id: string;
  readonly steps: number;
  readonly served: number;
  readonly command: string;
  readonly divergence: NonNullable<ReplayServer['divergence']> | null;
}

function renderOutcome({ run_id: runId, steps, served, command, divergence }: Outcome): string {
  return divergence === null
    ? `replayed ${String(served)} of ${String(steps)} steps of run ${runId}: every request is the recorded one (command: ${command})\n`
    : `step ${String(divergence.step)} of ${String(steps)} diverges in ${divergence.part}\n  recorded: ${divergence.recorded}\n  now:      ${divergence.now}\n`;
}

// The example agent: an ordinary program under the preload, against the fake API or the real one.

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startAnthropicApi } from '../examples/fake-api/server.ts';
import { supportAgentScenario } from '../examples/scenarios/support-agent.ts';
import { CliError } from './terminal/cli-error.ts';
import type { CliIo } from './terminal/io.ts';

export const EXAMPLE_SERVICE = 'support-agent';
/** Answers of the fake API wait this long when somebody looks at the page, so that times are those of a model. */
const VISIBLE_ANSWER_DELAY_MS = 150;

export interface ExampleOptions {
  readonly grpcAddress: string;
  readonly dataDir: string;
  readonly isLive: boolean;
  readonly isServing: boolean;
}

/** Runs the example under the preload, as a user would, and waits for its end. */
export async function runExampleAgent(
  { grpcAddress, dataDir, isLive, isServing }: ExampleOptions,
  io: CliIo,
): Promise<void> {
  const agent = fileURLToPath(new URL('./support-agent.mjs', import.meta.url));
  assertSdk(agent);
  // The tag makes the ids of this play its own: an id seen before would count as a duplicate.
  const tag = io.now().toString(36);
  const api = isLive
    ? undefined
    : await startAnthropicApi(supportAgentScenario(tag, isServing ? VISIBLE_ANSWER_DELAY_MS : 0));
  try {
    const { exitCode, stderr } = await runProcess(
      ['--import', import.meta.resolve('@tallyspan/node/register'), agent, ...(isLive ? ['--live'] : [])],
      {
        ...io.env,
        OTEL_SERVICE_NAME: EXAMPLE_SERVICE,
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://${grpcAddress}`,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        // Not the user's own: what waits there is meant for another server.
        TALLYSPAN_SPOOL: path.join(dataDir, 'spool'),
        ...(api ? { ANTHROPIC_BASE_URL: api.url } : {}),
      },
      io.signal,
    );
    io.signal.throwIfAborted();
    if (exitCode !== 0)
      throw new CliError(`the example agent ended with exit code ${String(exitCode)}:\n${stderr}`);
  } finally {
    await api?.close();
  }
}

/** The SDK is a peer, so that a project keeps the one copy that it has. Not every package manager installs peers. */
function assertSdk(agent: string): void {
  try {
    createRequire(agent).resolve('@anthropic-ai/sdk');
  } catch {
    throw new CliError(
      'the example agent needs @anthropic-ai/sdk, which is not installed beside tallyspan. Run: npm install @anthropic-ai/sdk',
    );
  }
}

function runProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<{ exitCode: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const stop = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    child.on('error', reject);
    child.on('close', (exitCode) => {
      signal.removeEventListener('abort', stop);
      resolve({ exitCode, stderr });
    });
  });
}

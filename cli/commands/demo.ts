// `tallyspan demo`: the embedded server and an example agent, so that a newcomer sees a real run
// within a minute. The agent is an ordinary program under the preload; only the API is a fake one.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { formatCost, formatCount, formatDuration, formatPercent } from '../../core/format.ts';
import { startAnthropicApi } from '../../examples/fake-api/server.ts';
import { supportAgentScenario } from '../../examples/scenarios/support-agent.ts';
import { openSource, type Source } from '../../server/source.ts';
import { startServer } from '../../server/start-server.ts';
import { CliError, usageError } from '../cli-error.ts';
import { generateHistory } from '../history/generate-history.ts';
import type { CliIo } from '../io.ts';
import { parseCountUpTo, parsePort } from '../options.ts';
import { startProgress } from '../progress.ts';
import { safeTexts } from '../safe-text.ts';
import { sendEvents } from '../send-events.ts';
import { renderCostReport } from './cost.ts';
import { DEFAULT_PORTS, readyLine, waitForStop } from './up.ts';

interface DemoOptions {
  readonly once?: boolean;
  readonly live?: boolean;
  readonly days?: number;
  readonly data?: string;
  readonly port?: number;
  readonly grpcPort?: number;
  readonly httpPort?: number;
}

/** Answers of the fake API wait this long when somebody looks at the page, so that times are those of a model. */
const VISIBLE_ANSWER_DELAY_MS = 150;
const HISTORY_SEED = 1;
const DAYS_LIMIT = 3650;
const DEMO_SERVICE = 'support-agent';

export function registerDemo(program: Command, io: CliIo): void {
  program
    .command('demo')
    .description('the server with an example agent on a fake API; needs no key')
    .option('--once', 'print a summary and exit')
    .option('--live', 'talk to the real API with ANTHROPIC_API_KEY')
    .option('--days <n>', 'add this many days of generated history', parseCountUpTo(DAYS_LIMIT))
    .option('--data <dir>', 'folder of the database (default: a temporary one)')
    .option('--port <port>', portText('the page and the API', DEFAULT_PORTS.ui), parsePort)
    .option('--grpc-port <port>', portText('OTLP over gRPC', DEFAULT_PORTS.grpc), parsePort)
    .option('--http-port <port>', portText('OTLP over HTTP', DEFAULT_PORTS.http), parsePort)
    .action((options: DemoOptions) => runDemo(options, io));
}

function portText(what: string, port: number): string {
  return `port of ${what} (default: ${String(port)}, with --once any free one)`;
}

async function runDemo(options: DemoOptions, io: CliIo): Promise<void> {
  if (options.live === true && !io.env['ANTHROPIC_API_KEY']) {
    throw usageError('--live needs ANTHROPIC_API_KEY. Set it, or leave --live away for the fake API.');
  }
  const dataDir = options.data ?? (await mkdtemp(path.join(tmpdir(), 'tallyspan-demo-')));
  try {
    await serveDemo(dataDir, options, io);
  } finally {
    if (options.data === undefined) await rm(dataDir, { recursive: true, force: true });
  }
}

async function serveDemo(dataDir: string, options: DemoOptions, io: CliIo): Promise<void> {
  const isServing = options.once !== true;
  const server = await startServer({
    dataDir,
    host: '127.0.0.1',
    uiPort: options.port ?? (isServing ? DEFAULT_PORTS.ui : 0),
    grpcPort: options.grpcPort ?? (isServing ? DEFAULT_PORTS.grpc : 0),
    httpPort: options.httpPort ?? (isServing ? DEFAULT_PORTS.http : 0),
    timezone: 'UTC',
    // What the server logs (no alert channel, say) is of no use to a demo.
    log: () => undefined,
  });
  try {
    if (isServing) io.stdout.write(readyLine(server));
    if (options.days !== undefined) await addHistory(options.days, server.httpAddress, io);
    const agentStartMs = io.now();
    await runAgent(
      { grpcAddress: server.grpcAddress, dataDir, isLive: options.live === true, isServing },
      io,
    );
    const source = await openSource({ url: server.uiUrl });
    try {
      io.stdout.write(
        isServing ? await doneLine(source, agentStartMs) : await summary(source, agentStartMs, io),
      );
    } finally {
      await source.close();
    }
    if (isServing) {
      io.stdout.write('next: node --import @tallyspan/node/register your-agent.mjs\n');
      await waitForStop(io.signal);
    }
  } finally {
    await server.close();
  }
}

async function addHistory(days: number, httpAddress: string, io: CliIo): Promise<void> {
  const progress = startProgress('history', days * 24, io);
  try {
    for (const events of generateHistory({ days, untilMs: io.now(), seed: HISTORY_SEED })) {
      io.signal.throwIfAborted();
      await sendEvents(httpAddress, events, { signal: io.signal });
      progress.advance(1);
    }
  } finally {
    progress.stop();
  }
}

interface AgentOptions {
  readonly grpcAddress: string;
  readonly dataDir: string;
  readonly isLive: boolean;
  readonly isServing: boolean;
}

/** Runs the example under the preload, as a user would, and waits for its end. */
async function runAgent({ grpcAddress, dataDir, isLive, isServing }: AgentOptions, io: CliIo): Promise<void> {
  const agent = fileURLToPath(new URL('./support-agent.mjs', import.meta.url));
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
        OTEL_SERVICE_NAME: DEMO_SERVICE,
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

/** The value of a signal since a time, of the example agent alone. */
async function readNumber(source: Source, id: string, sinceMs: number): Promise<number | null> {
  const result = await source.signal(id, { from: sinceMs, where: { service: DEMO_SERVICE } });
  return 'value' in result ? result.value : null;
}

async function doneLine(source: Source, sinceMs: number): Promise<string> {
  const runs = formatCount(await readNumber(source, 'run_count', sinceMs));
  const calls = formatCount(await readNumber(source, 'model_calls', sinceMs));
  const toolCalls = formatCount(await readNumber(source, 'tool_calls', sinceMs));
  const cost = formatCost(await readNumber(source, 'cost', sinceMs));
  return `demo: support agent, ${runs} runs, ${calls} model calls, ${toolCalls} tool calls … done, ${cost}\n`;
}

/** What `--once` prints: the numbers of the page's first row, and the cost by tool; of the example, not of the history. */
async function summary(source: Source, sinceMs: number, io: CliIo): Promise<string> {
  const rows = [
    ['runs', formatCount(await readNumber(source, 'run_count', sinceMs))],
    ['success', formatPercent(await readNumber(source, 'run_success_rate', sinceMs))],
    ['p95', formatDuration(await readNumber(source, 'run_latency_p95', sinceMs))],
    ['cost', formatCost(await readNumber(source, 'cost', sinceMs))],
  ] as const;
  const byTool = await source.cost({ by: 'tool', since: sinceMs });
  return [
    ...rows.map(([name, value]) => `${name.padEnd(9)}${value}\n`),
    '\n',
    renderCostReport(safeTexts(byTool), io.stdout),
  ].join('');
}

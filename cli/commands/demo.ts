// `tallyspan demo`: the embedded server and an example agent, so that a newcomer sees a real run
// within a minute. The agent is an ordinary program under the preload; only the API is a fake one.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { formatCost, formatCount, formatDuration, formatPercent } from '../../core/text/format.ts';
import { openSource, type Source } from '../../server/source.ts';
import { startServer } from '../../server/start-server.ts';
import { usageError } from '../terminal/cli-error.ts';
import { EXAMPLE_SERVICE, runExampleAgent } from '../example-agent.ts';
import { generateHistory } from '../../server/example/history/generate-history.ts';
import type { CliIo } from '../terminal/io.ts';
import { parseCountUpTo, parsePort } from '../options.ts';
import { startProgress } from '../terminal/progress.ts';
import { safeTexts } from '../terminal/safe-text.ts';
import { sendEvents } from '../files/send-events.ts';
import { renderCostReport } from './read/cost.ts';
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

const HISTORY_SEED = 1;
const DAYS_LIMIT = 3650;

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
    await runExampleAgent(
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

/** The value of a signal since a time, of the example agent alone. */
async function readNumber(source: Source, id: string, sinceMs: number): Promise<number | null> {
  const result = await source.signal(id, { from: sinceMs, where: { service: EXAMPLE_SERVICE } });
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
    renderCostReport(safeTexts(byTool), io.stdout, io.now()),
  ].join('');
}

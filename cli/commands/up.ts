// `tallyspan up`: the embedded server, until it is told to stop.

import { once } from 'node:events';
import { InvalidArgumentError, type Command } from 'commander';
import { CONTENT_MODES, unknownSettings } from '../../core/setting-names.ts';
import { startServer, type RunningServer } from '../../server/start-server.ts';
import { followClaude, followedRoots } from '../claude/follow-claude.ts';
import { planSetting } from '../claude/plan-value.ts';
import { defaultDataDir } from '../files/data-dir.ts';
import { drainSpool } from '../files/spool-drain.ts';
import { usageError } from '../terminal/cli-error.ts';
import type { CliIo } from '../terminal/io.ts';
import { durationOption, parsePort, parseSizeBytes, parseTimeZone } from '../options.ts';
import { loadPriceOverrides } from '../prices/price-overrides-file.ts';
import { readScoringSetup, scoreEndedRuns } from '../scorers/score-ended-runs.ts';
import { openBrowser } from '../terminal/open-browser.ts';
import { safeText } from '../../core/text/safe-text.ts';

export const DEFAULT_PORTS = { ui: 4319, grpc: 4317, http: 4318 } as const;

interface UpOptions {
  readonly data?: string;
  readonly host: string;
  readonly port: number;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly retention: number;
  readonly contentRetention?: number;
  readonly retentionSize?: number;
  readonly timezone?: string;
  readonly forward?: string;
  readonly claude?: string | true;
  readonly scores?: readonly string[];
  readonly judge?: string;
  readonly open: boolean;
}

/** The one line that says that the server is ready, and where. */
export function readyLine(server: RunningServer): string {
  return (
    `tallyspan ready  ui=${server.uiUrl}  otlp-grpc=${server.grpcAddress}  ` +
    `otlp-http=${server.httpAddress}  data=${server.dataDir}\n`
  );
}

/** Space is freed by groups of rows: less than this could delete nearly all there is. */
const LEAST_RETENTION_BYTES = 50_000_000;

function parseRetentionSize(text: string): number {
  const bytes = parseSizeBytes(text);
  if (bytes < LEAST_RETENTION_BYTES)
    throw new InvalidArgumentError(`${text} is too small; give 50MB or more.`);
  return bytes;
}

function parseForwardUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new InvalidArgumentError(`${text} is no address; give one such as http://127.0.0.1:4318.`);
  return text.replace(/\/v1\/logs\/?$/, '');
}

/** Headers as OpenTelemetry writes them: `name=value`, separated by commas, values percent-encoded. */
function forwardHeaders(text: string | undefined): { readonly forwardHeaders?: Record<string, string> } {
  if (text === undefined || text.trim() === '') return {};
  const headers = text.split(',').map((pair) => {
    const [, name, value] = /^\s*([!#$%&'*+.^_`|~\w-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    if (name === undefined || value === undefined)
      throw usageError(
        'TALLYSPAN_FORWARD_HEADERS is no list of headers: write it as authorization=Bearer%20TOKEN,other=value.',
      );
    return [name, decoded(value)] as const;
  });
  return { forwardHeaders: Object.fromEntries(headers) };
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** What of spans of others is kept; of `tools` and `errors`, which are for the preload, nothing. */
function keptContent(io: CliIo): 'full' | 'none' {
  const mode = (io.env['TALLYSPAN_CONTENT'] ?? '').trim().toLowerCase();
  if (mode !== '' && !CONTENT_MODES.some((one) => one === mode))
    io.stderr.write(
      `tallyspan: TALLYSPAN_CONTENT=${safeText(mode)} is not valid; it is one of ${CONTENT_MODES.join(', ')}. Using none.\n`,
    );
  return mode === 'full' ? 'full' : 'none';
}

/** Resolves when the user asks the process to stop. */
export async function waitForStop(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

export function registerUp(program: Command, io: CliIo): void {
  program
    .command('up')
    .description('start the embedded server: OTLP in, page, alerts')
    .option('--data <dir>', 'folder of the database')
    .option(
      '--host <address>',
      'address to listen on; anything but loopback needs TALLYSPAN_TOKEN',
      '127.0.0.1',
    )
    .option('--port <port>', 'port of the page and the API', parsePort, DEFAULT_PORTS.ui)
    .option('--grpc-port <port>', 'port of OTLP over gRPC', parsePort, DEFAULT_PORTS.grpc)
    .option('--http-port <port>', 'port of OTLP over HTTP', parsePort, DEFAULT_PORTS.http)
    .addOption(durationOption('--retention <time>', 'how long events are kept', '90d'))
    .addOption(durationOption('--content-retention <time>', 'how long recorded content is kept, if shorter'))
    .option(
      '--retention-size <size>',
      'delete the oldest events when all take more, e.g. 2GB',
      parseRetentionSize,
    )
    .option('--timezone <zone>', 'zone of calendar days (default: TIMEZONE, else UTC)', parseTimeZone)
    .option(
      '--forward <url>',
      'hand the events made of spans and logs of others to this OTLP/HTTP address',
      parseForwardUrl,
    )
    .option('--claude [folder]', 'follow the transcripts of Claude Code, of this user or in a folder')
    .option(
      '--scores <scorers...>',
      'score runs as they end: files or folders of scorers, built-in, json, contains:TEXT, matches:PATTERN, equals:TEXT',
    )
    .option(
      '--judge <file>',
      'let a model look for failures in runs as they end, within the limit of this file',
    )
    .option('--no-open', 'open no browser; one is opened only from a terminal on a desktop')
    .action(async (options: UpOptions) => {
      const roots = options.claude === undefined ? [] : followedRoots(options.claude, io.env);
      const scoring = await readScoringSetup(options.scores ?? [], options.judge, io);
      const priceOverrides = await loadPriceOverrides(undefined, io.env);
      const token = io.env['TALLYSPAN_TOKEN'];
      for (const line of unknownSettings(io.env)) io.stderr.write(`tallyspan: ${safeText(line)}\n`);
      const server = await startServer({
        dataDir: options.data ?? defaultDataDir(io.env),
        host: options.host,
        uiPort: options.port,
        grpcPort: options.grpcPort,
        httpPort: options.httpPort,
        retentionMs: options.retention,
        ...(options.contentRetention === undefined ? {} : { contentRetentionMs: options.contentRetention }),
        ...(options.retentionSize === undefined ? {} : { retentionBytes: options.retentionSize }),
        ...(options.timezone === undefined ? {} : { timezone: options.timezone }),
        ...(token ? { token } : {}),
        isClaudeOnPlan: planSetting(io.env),
        ...(io.env['TALLYSPAN_TRACE_URL'] ? { traceUrls: io.env['TALLYSPAN_TRACE_URL'] } : {}),
        ...(io.env['TALLYSPAN_TRUSTED_PROXY'] ? { trustedProxies: io.env['TALLYSPAN_TRUSTED_PROXY'] } : {}),
        feedbackSecret: io.env['TALLYSPAN_FEEDBACK_SECRET'],
        ...(options.forward === undefined ? {} : { forwardUrl: options.forward }),
        ...forwardHeaders(io.env['TALLYSPAN_FORWARD_HEADERS']),
        content: keptContent(io),
        priceOverrides,
        alertEnv: io.env,
        billingEnv: io.env,
        log: (line) => void io.stderr.write(`${safeText(line)}\n`),
      });
      io.stdout.write(readyLine(server));
      if (options.open) openBrowser(server.uiUrl, io);
      const following = roots.length > 0 ? followClaude(roots, server, priceOverrides, io) : undefined;
      const draining = drainSpool(server, io);
      const scored = scoring === undefined ? undefined : scoreEndedRuns(scoring, server, io);
      await waitForStop(io.signal);
      await Promise.all([following, draining, scored]);
      await server.close();
    });
}

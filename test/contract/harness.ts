// The harness of the contract tests: runs programs as child
// processes against the fake API, with or without the preload, and gathers what came out of them.

import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { translateSpan } from '../../core/dialects.ts';
import type { EventRecord } from '../../core/event.ts';
import { ensureBuilt } from '../../scripts/ensure-built.ts';
import { startAnthropicApi, type RecordedRequest, type Scenario } from '../fakes/anthropic-api.ts';
import { startOtlpReceiver, type OtlpReceiver, type ReceiverOptions } from '../fakes/otlp-receiver.ts';
import type { ReceivedLog, ReceivedSpan } from '../fakes/otlp-schema.ts';

export const ROOT = path.resolve(import.meta.dirname, '../..');
const MAX_RUN_MS = 20_000;
export const EXAMPLE = path.join(ROOT, 'examples/support-agent.mjs');

export interface Outcome {
  readonly stdout: string;
  /** What the program wrote to stderr, without our own lines. */
  readonly stderr: string;
  /** Our own lines. */
  readonly said: readonly string[];
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly events: readonly EventRecord[];
  readonly logs: readonly ReceivedLog[];
  readonly spans: readonly ReceivedSpan[];
  readonly requests: readonly RecordedRequest[];
  /** From the last output to the exit. */
  readonly exitMs: number;
}

export interface RunOptions {
  readonly scenario: Scenario;
  /** `none` runs the program bare; the others say how the preload gets in. */
  readonly preload?: 'none' | 'import' | 'require' | 'both' | 'node-options';
  readonly protocol?: 'grpc' | 'http/protobuf';
  /** Where records go: a healthy receiver unless said otherwise. */
  readonly endpoint?: 'receiver' | 'absent' | { readonly url: string };
  readonly receiver?: ReceiverOptions;
  readonly environment?: Readonly<Record<string, string>>;
  readonly arguments?: readonly string[];
  readonly node?: string;
  /** Folder that it is started in; the program's unless given. */
  readonly cwd?: string;
  /** Further flags of Node. */
  readonly flags?: readonly string[];
  /** It is ended after so long; 20 seconds unless given. */
  readonly longestMs?: number;
  /** Called while the program runs. */
  readonly during?: (
    child: ChildProcess,
    receiver: OtlpReceiver,
    requests: readonly RecordedRequest[],
  ) => Promise<void>;
}

export interface Harness {
  /** Folder with a copy of the built package. */
  readonly packageDir: string;
  /** Folder of spool and journal; the same for all runs of the harness. */
  readonly spoolDir: string;
  run(program: string, options: RunOptions): Promise<Outcome>;
  close(): Promise<void>;
}

export async function openHarness(): Promise<Harness> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-contract-'));
  const packageDir = path.join(folder, 'package');
  const spoolDir = path.join(folder, 'spool');
  await ensureBuilt();
  // Away from the packages of this repository, as a user has it.
  await cp(path.join(ROOT, 'instrumentation/dist'), packageDir, { recursive: true });
  return {
    packageDir,
    spoolDir,
    run: (program, options) => runProgram(program, options, packageDir, spoolDir),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function runProgram(
  program: string,
  options: RunOptions,
  packageDir: string,
  spoolDir: string,
): Promise<Outcome> {
  const api = await startAnthropicApi(options.scenario);
  const receiver = await startOtlpReceiver(options.receiver);
  const { protocol = 'grpc', endpoint = 'receiver', preload = 'import' } = options;
  const ownUrl = protocol === 'grpc' ? receiver.grpcUrl : receiver.httpUrl;
  const url = endpoint === 'receiver' ? ownUrl : endpoint === 'absent' ? 'http://127.0.0.1:9' : endpoint.url;
  const flags = [...(options.flags ?? []), ...flagsOf(preload, packageDir)];
  const child = spawn(options.node ?? process.execPath, [...flags, program, ...(options.arguments ?? [])], {
    cwd: options.cwd ?? path.dirname(program),
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: spoolDir,
      ANTHROPIC_BASE_URL: api.url,
      ANTHROPIC_API_KEY: 'test-key',
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_SERVICE_NAME: 'contract',
      TALLYSPAN_SPOOL: spoolDir,
      ...(preload === 'node-options' ? { NODE_OPTIONS: `--import ${packageDir}/register.mjs` } : {}),
      ...options.environment,
    },
  });
  let stdout = '';
  let stderr = '';
  let lastOutputMs = Date.now();
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    lastOutputMs = Date.now();
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const closed = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  // A program that hangs fails its test instead of the test run.
  const watchdog = setTimeout(() => child.kill('SIGKILL'), options.longestMs ?? MAX_RUN_MS);
  try {
    await options.during?.(child, receiver, api.requests);
    const { code, signal } = await closed;
    const lines = stderr.split('\n');
    return {
      stdout,
      stderr: lines.filter((line) => !line.startsWith('tallyspan: ')).join('\n'),
      said: lines.filter((line) => line.startsWith('tallyspan: ')),
      code,
      signal,
      exitMs: Date.now() - lastOutputMs,
      events: receiver.events(),
      logs: receiver.logs,
      spans: receiver.spans,
      requests: api.requests,
    };
  } finally {
    clearTimeout(watchdog);
    child.kill('SIGKILL');
    await api.close();
    await receiver.close();
  }
}

function flagsOf(preload: NonNullable<RunOptions['preload']>, packageDir: string): string[] {
  const byImport = ['--import', `file://${packageDir}/register.mjs`];
  const byRequire = ['--require', `${packageDir}/register.cjs`];
  switch (preload) {
    case 'import':
      return byImport;
    case 'require':
      return byRequire;
    case 'both':
      return [...byImport, ...byRequire];
    default:
      return [];
  }
}

/** Events that a server would make of the spans, though they tell what our events tell. */
export function toldAgain({ spans }: Outcome): string[] {
  return spans.flatMap((span) => {
    const facts = { scopeName: span.scope, startMs: 0, endMs: 0, isError: false, resource: {} };
    const event = translateSpan({ ...span, ...facts });
    return event === undefined ? [] : [`${event['event.name']} ${span.scope} ${span.name}`];
  });
}

/** The events of one kind. */
export function eventsOf(outcome: Outcome, name: EventRecord['event.name']): EventRecord[] {
  return outcome.events.filter((event) => event['event.name'] === name);
}

/** The spans whose name begins so. */
export function spansOf(outcome: Outcome, prefix: string): ReceivedSpan[] {
  return outcome.spans.filter(({ name }) => name.startsWith(prefix));
}

// Benchmark of the instrumentation: what it costs in processor time, memory, start-up, exit and waiting for the
// first chunk, against a bare program, bare OpenTelemetry and other instrumentations. Blocks are interleaved
// (A B C, C B A, …) in one sitting and medians are compared, because the machine may be shared.
// Writes docs/benchmarks/instrumentation.md. Run it with `npm run bench -w instrumentation`.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildInstrumentation } from '../../scripts/bundles/build-instrumentation.ts';
import { startOtlpReceiver } from '../fakes/otlp-receiver.ts';
import { startJsonReceiver } from './json-receiver.ts';
import { installAiSdk, installPeers } from './peers.ts';

const execute = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../..');
const PROGRAMS = path.join(import.meta.dirname, 'programs');
const BLOCKS = Number(process.env['BLOCKS'] ?? 5);
/** Blocks of the programs that have made ten thousand calls before they are measured. */
const LONG_BLOCKS = Number(process.env['LONG_BLOCKS'] ?? 2);
const LONG_RUNS = Number(process.env['LONG_RUNS'] ?? 1_000);
/** Runs that are measured then: V8 goes on compiling, in bursts that a thousand calls do not even out. */
const LONG_MEASURED_RUNS = 400;
const CHILD_MS = 300_000;
const WARM_CALLS = 10 * Number(process.env['WARM_UP_RUNS'] ?? 100);

interface Variant {
  readonly name: string;
  readonly folder: string;
  /** Loaded before the program. */
  readonly preload?: string;
  /** `agent.cjs` unless said. */
  readonly program?: string;
  readonly environment?: Readonly<Record<string, string>>;
}
interface Sample {
  readonly cpuUsPerCall: number;
  readonly coldUsPerCall: number;
  /** Of the whole process up to its 300th call, what it loaded included. */
  readonly programMs: number;
  readonly rssMb: number;
  readonly startMs: number;
  readonly exitMs: number;
  readonly firstChunkMs: number;
  readonly spansPerCall: number;
  readonly recordsPerCall: number;
  readonly bytesPerCall: number;
}

const BARE: Variant = { name: 'bare', folder: PROGRAMS };
const OTEL: Variant = {
  name: 'bare OpenTelemetry, native spans',
  folder: PROGRAMS,
  preload: path.join(PROGRAMS, 'otel.cjs'),
};
/** What counts beside the spans of the calls themselves: ours makes spans of runs and tools, too. */
const OTHER_SPAN = /^(invoke_agent|execute_tool)/;

const folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-bench-'));
await buildInstrumentation(folder);
const peers = await installPeers();
const aiSdk = await installAiSdk();
const answers = spawn(process.execPath, [path.join(PROGRAMS, 'answers.mjs')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const [answersUrl] = (await once(answers.stdout, 'data')) as [Buffer];
const receiver = await startOtlpReceiver({ isUnlimited: true });
const jsonReceiver = await startJsonReceiver();
const environment = {
  PATH: process.env['PATH'],
  HOME: folder,
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.grpcUrl,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_SERVICE_NAME: 'bench',
  HTTP_ENDPOINT: jsonReceiver.url,
  TALLYSPAN_SPOOL: path.join(folder, 'spool'),
  TALLYSPAN_LOG: 'off',
  ANTHROPIC_BASE_URL: answersUrl.toString().trim(),
  PAUSE_MS: '1',
  WARM_UP_RUNS: String(WARM_CALLS / 10),
};
const OURS: Variant = { name: 'tallyspan', folder: PROGRAMS, preload: path.join(folder, 'register.cjs') };
/** The Vercel AI SDK 7: each beside the first of them. */
const AI_BARE = 'AI SDK 7';
const aiVariants: readonly Variant[] =
  aiSdk === undefined
    ? []
    : [
        { name: AI_BARE },
        {
          name: 'AI SDK 7, its own telemetry on bare OpenTelemetry',
          preload: path.join(PROGRAMS, 'otel.cjs'),
          environment: { AI_TELEMETRY: 'own' },
        },
        { name: 'AI SDK 7, tallyspan', preload: path.join(folder, 'register.cjs') },
      ].map((variant) => ({ ...variant, folder: aiSdk, program: 'bench-ai-sdk.mjs' }));
const variants: readonly Variant[] = [
  BARE,
  OTEL,
  OURS,
  ...peers.flatMap(({ name, folder: own, preload }) =>
    own === undefined ? [] : [{ name, folder: own, preload: path.join(own, preload) }],
  ),
];

const all = [...variants, ...aiVariants];
const samples = new Map<string, Sample[]>(all.map(({ name }) => [name, []]));
/** One line on each variant that does not run. */
const failures = new Map<string, string>();
for (let block = 0; block < BLOCKS; block += 1) {
  for (const variant of block % 2 === 0 ? all : all.toReversed()) {
    if (failures.has(variant.name)) continue;
    try {
      samples.get(variant.name)?.push(await measure(variant));
    } catch (error) {
      failures.set(variant.name, reasonOf(error));
    }
  }
  process.stderr.write(`block ${String(block + 1)} of ${String(BLOCKS)}\n`);
}
/** Processor time and memory after ten thousand calls. */
const LONG = [BARE, OTEL, OURS, ...variants.filter(({ name }) => /^Open(?:Inference|LIT)/.test(name))];
const longSamples = new Map<string, Sample[]>(LONG.map(({ name }) => [name, []]));
for (let block = 0; block < LONG_BLOCKS; block += 1) {
  for (const variant of block % 2 === 0 ? LONG : LONG.toReversed()) {
    if (failures.has(variant.name)) continue;
    const environmentOfLong = {
      ...variant.environment,
      WARM_UP_RUNS: String(LONG_RUNS),
      RUNS: String(LONG_MEASURED_RUNS),
    };
    longSamples.get(variant.name)?.push(await measure({ ...variant, environment: environmentOfLong }));
  }
  process.stderr.write(`long block ${String(block + 1)} of ${String(LONG_BLOCKS)}\n`);
}
answers.kill();
await receiver.close();
jsonReceiver.close();
await rm(folder, { recursive: true, force: true });
await writeFile(path.join(ROOT, 'docs/benchmarks/instrumentation.md'), report());

async function measure({
  folder: own,
  preload,
  program = 'agent.cjs',
  environment: more,
}: Variant): Promise<Sample> {
  const flags = preload === undefined ? [] : ['--require', preload];
  const options = { env: { ...environment, ...more }, timeout: CHILD_MS };
  const startedMs = performance.now();
  await execute(process.execPath, [...flags, '-e', '0'], options);
  const startMs = performance.now() - startedMs;

  const [before, jsonBefore] = [receiver.spans.length, jsonReceiver.spans.length];
  const [logsBefore, bytesBefore] = [receiver.logs.length, receiver.bytes + jsonReceiver.bytes];
  const child = execute(process.execPath, [...flags, path.join(own, program)], options);
  let printedMs = performance.now();
  child.child.stdout?.on('data', () => (printedMs = performance.now()));
  const { stdout } = await child;
  const exitMs = performance.now() - printedMs;
  // Others print on stdout, too.
  const line = stdout.split('\n').find((text) => text.startsWith('{"cpuUsPerCall"')) ?? '';
  const printed = JSON.parse(line) as Omit<
    Sample,
    'startMs' | 'exitMs' | 'spansPerCall' | 'recordsPerCall' | 'bytesPerCall'
  > & { calls: number };
  const spans = [...receiver.spans.slice(before), ...jsonReceiver.spans.slice(jsonBefore)];
  const { length } = spans.filter(({ name }) => !OTHER_SPAN.test(name));
  return {
    ...printed,
    startMs,
    exitMs,
    spansPerCall: length / printed.calls,
    recordsPerCall: (receiver.logs.length - logsBefore) / printed.calls,
    bytesPerCall: (receiver.bytes + jsonReceiver.bytes - bytesBefore) / printed.calls,
  };
}

/** The error that ended a program, in one line. */
function reasonOf(error: unknown): string {
  const { stderr = '', message } = error as { stderr?: string; message: string };
  const line = stderr.split('\n').find((text) => /^\w*Error\b/.test(text)) ?? message.split('\n')[0] ?? '';
  return line.slice(0, 160);
}

function median(name: string, key: keyof Sample, of = samples): number {
  const sorted = (of.get(name) ?? []).map((sample) => sample[key]).sort((a, b) => a - b);
  const [below, above] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return below === undefined || above === undefined ? Number.NaN : (below + above) / 2;
}

function cell(name: string, key: keyof Sample, digits: number, base = OTEL.name, of = samples): string {
  const value = median(name, key, of);
  return `${value.toFixed(digits)} (${(value / median(base, key, of)).toFixed(2)}×)`;
}

/** After ten thousand calls. */
function longRowOf(name: string): string {
  const cells = (['cpuUsPerCall', 'rssMb'] as const).map((key) => cell(name, key, 0, OTEL.name, longSamples));
  return `| ${name} | ${cells.join(' | ')} |`;
}

function aiRowOf(name: string): string {
  const failure = failures.get(name);
  if (failure !== undefined) return `| ${name} | does not run: \`${failure}\` | | | | | |`;
  const cells = [
    ...(['coldUsPerCall', 'cpuUsPerCall', 'rssMb'] as const).map((key) => cell(name, key, 0, AI_BARE)),
    cell(name, 'firstChunkMs', 2, AI_BARE),
    median(name, 'recordsPerCall').toFixed(1),
    (median(name, 'bytesPerCall') / 1_000).toFixed(1),
  ];
  return `| ${name} | ${cells.join(' | ')} |`;
}

function rowOf(name: string): string {
  const failure = failures.get(name);
  if (failure !== undefined) return `| ${name} | does not run: \`${failure}\` | | | | | | | | | |`;
  const spans = median(name, 'spansPerCall').toFixed(1);
  const records = median(name, 'recordsPerCall').toFixed(1);
  const kilobytes = (median(name, 'bytesPerCall') / 1_000).toFixed(1);
  return `| ${name} | ${cell(name, 'coldUsPerCall', 0)} | ${cell(name, 'cpuUsPerCall', 0)} | ${cell(name, 'programMs', 0)} | ${cell(name, 'rssMb', 0)} | ${cell(name, 'startMs', 0)} | ${cell(name, 'exitMs', 0)} | ${cell(name, 'firstChunkMs', 2)} | ${spans} | ${records} | ${kilobytes} |`;
}

/** Names of the instrumentations that give one call more than one span. */
function doubling(): string {
  const names = variants.map(({ name }) => name).filter((name) => median(name, 'spansPerCall') > 1.5);
  return names.length === 0 ? 'none' : names.join(', ');
}

function over(name: string, key: keyof Sample, base: string, digits = 0): string {
  return (median(name, key) - median(base, key)).toFixed(digits);
}

function against(base: string): string {
  return `${over(OURS.name, 'cpuUsPerCall', base)} µs a call, ${over(OURS.name, 'rssMb', base)} MB, ${over(OURS.name, 'startMs', base)} ms of start-up, ${over(OURS.name, 'firstChunkMs', base, 2)} ms to the first chunk`;
}

function report(): string {
  const skipped = peers.filter(({ folder: own }) => own === undefined).map(({ name }) => name);
  const rows = [
    ...variants.map(({ name }) => rowOf(name)),
    ...skipped.map((name) => `| ${name} | SKIP: the registry could not be reached | | | | | | | | | |`),
  ];
  return `# What the instrumentation costs

Generated by \`npm run bench -w instrumentation\`; do not edit.

${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${String(cpus().length)} × ${cpus()[0]?.model.trim() ?? 'unknown'}, load at the end ${(loadavg()[0] ?? 0).toFixed(1)}. Medians of ${String(BLOCKS)} interleaved blocks, in parentheses the ratio to bare OpenTelemetry.
The program: ${String(WARM_CALLS / 10 + 100)} runs of ten calls with a tool each (the first ${String(WARM_CALLS / 10)} warm up), prompts of about 20 KB, answers from memory after 1 ms, records to a receiver in another process; then 100 streamed answers. SDK 1.15.0, all by \`--require\`, each with its defaults; peers that bring no OpenTelemetry of their own run on bare OpenTelemetry.

| | CPU per call in the first 300, µs | CPU per call when warm, µs | CPU of a program of 300 calls, loading included, ms | memory after the calls, MB | start-up and end of an empty program, ms | exit delay, ms | time to first chunk, ms | spans a call | log records a call | KB a call, uncompressed |
|---|---|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}

After ten thousand calls, over ${String(LONG_MEASURED_RUNS * 10)} more (medians of ${String(LONG_BLOCKS)} interleaved blocks):

| | CPU per call, µs | memory, MB |
|---|---|---|
${LONG.map(({ name }) => longRowOf(name)).join('\n')}

The same agent on the Vercel AI SDK 7, which asks a server in another process; in parentheses the ratio to the first row:

| | CPU per call in the first 300, µs | CPU per call when warm, µs | memory after the calls, MB | time to first chunk, ms | log records a call | KB a call, uncompressed |
|---|---|---|---|---|---|---|
${aiVariants.length === 0 ? '| SKIP: the registry could not be reached | | | | | | |' : aiVariants.map(({ name }) => aiRowOf(name)).join('\n')}

Tallyspan over the bare program: ${against(BARE.name)}.
Tallyspan over bare OpenTelemetry: ${against(OTEL.name)}.
More than one span for a call, so that its tokens count twice: ${doubling()}.

The first 300 calls start with a process that has done nothing; a call is warm after ${String(WARM_CALLS)}. Spans are those of
calls; tallyspan also sends a span for each tool and run. Its log records are the call, its tool call and its part of what
begins, ends and sums up the run; of the 100 streamed answers each is a run of its own, which has more of those. A peer has
the prompt in its span. What most load before the program begins, tallyspan loads with its first call: a program of 300 calls
counts both. Processor time on a shared machine is worth comparing between the rows of one table only.

Aimed at: at most 3 log records a call, below OpenInference and OpenLIT cold and warm, 1.6 times bare OpenTelemetry when
warm, and 15 MB over it. Bare OpenTelemetry sends one span a call and reads nothing of what was asked or answered. Where the
processor time goes, and what was left out of it, is in decisions 0025, 0181, 0208 and 0231; the shares of a cost in the call
are decision 0160.
`;
}

// Benchmark of streams below the SDKs: what watching them costs in wall time, processor time and memory, against the same
// program alone. The server is another process; blocks are interleaved (A B, B A, …) and medians are compared, because the
// machine may be shared. Writes docs/benchmarks/streams.md. Run it with `node test/bench/streams.ts`.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { buildInstrumentation } from '../../scripts/bundles/build-instrumentation.ts';
import { startOtlpReceiver } from '../fakes/otlp-receiver.ts';

const execute = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../..');
const PAGE = path.join(ROOT, 'docs/benchmarks/streams.md');
const PROGRAMS = path.join(import.meta.dirname, 'programs');
const BLOCKS = Number(process.env['BLOCKS'] ?? 9);
const CHILD_MS = 120_000;

interface Load {
  readonly title: string;
  readonly client: 'fetch' | 'http';
  readonly streams: number;
  /** Of each stream. */
  readonly bytes: number;
  /** Objects that the program holds besides. */
  readonly objects?: number;
  /** What the server writes at once, and how long it waits after it. */
  readonly pieceBytes: number;
  readonly pauseMs: number;
}
interface Sample {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

const FLOOD = { streams: 1, pieceBytes: 65_536, pauseMs: 0 };
const LOADS: readonly Load[] = [
  { title: 'one stream of 50 MB, `fetch`', client: 'fetch', bytes: 50e6, ...FLOOD },
  {
    title: 'one stream of 50 MB, `fetch`, in a program that holds 200,000 objects',
    client: 'fetch',
    bytes: 50e6,
    objects: 200_000,
    ...FLOOD,
  },
  { title: 'one stream of 50 MB, `node:http`', client: 'http', bytes: 50e6, ...FLOOD },
  { title: 'one stream of 400 MB, `fetch`', client: 'fetch', bytes: 400e6, ...FLOOD },
  {
    title: '1,000 streams of 100 KB at once, `fetch`',
    client: 'fetch',
    streams: 1_000,
    bytes: 100e3,
    pieceBytes: 2_000,
    pauseMs: 20,
  },
];

const folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-bench-'));
await buildInstrumentation(folder);
const receiver = await startOtlpReceiver({ isUnlimited: true });
const rows: string[] = [];
for (const load of LOADS) rows.push(await measureLoad(load));
await receiver.close();
await rm(folder, { recursive: true, force: true });
await writeFile(PAGE, await format(report(), { ...(await resolveConfig(PAGE)), parser: 'markdown' }));

async function measureLoad(load: Load): Promise<string> {
  const server = spawn(process.execPath, [path.join(PROGRAMS, 'stream-server.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      BYTES: String(load.bytes),
      PIECE_BYTES: String(load.pieceBytes),
      PAUSE_MS: String(load.pauseMs),
    },
  });
  const port = await new Promise<string>((resolve) => {
    server.stdout.once('data', (text: Buffer) => {
      resolve(text.toString().trim());
    });
  });
  const samples: Record<'bare' | 'ours', Sample[]> = { bare: [], ours: [] };
  for (let block = 0; block < BLOCKS; block += 1) {
    const order = block % 2 === 0 ? (['bare', 'ours'] as const) : (['ours', 'bare'] as const);
    for (const variant of order) samples[variant].push(await runChild(load, port, variant === 'ours'));
  }
  server.kill();
  process.stderr.write(`${load.title}\n`);
  const cell = (key: keyof Sample): string => {
    const [bare, ours] = [median(samples.bare, key), median(samples.ours, key)];
    return `${bare.toFixed(0)} | ${ours.toFixed(0)} (${pairedRatio(samples, key).toFixed(2)}×)`;
  };
  return `| ${load.title} | ${cell('wallMs')} | ${cell('cpuMs')} | ${cell('peakMb')} |`;
}

async function runChild(load: Load, port: string, isOurs: boolean): Promise<Sample> {
  const flags = isOurs ? ['--require', path.join(folder, 'register.cjs')] : [];
  const { stdout } = await execute(process.execPath, [...flags, path.join(PROGRAMS, 'streams.mjs')], {
    timeout: CHILD_MS,
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      BASE: `http://127.0.0.1:${port}`,
      CLIENT: load.client,
      STREAMS: String(load.streams),
      OBJECTS: String(load.objects ?? 0),
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.grpcUrl,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      TALLYSPAN_SPOOL: path.join(folder, 'spool'),
      TALLYSPAN_LOG: 'off',
    },
  });
  return JSON.parse(stdout) as Sample;
}

function median(samples: readonly Sample[], key: keyof Sample): number {
  return middle(samples.map((sample) => sample[key]));
}

/** Median of the ratios of runs that stood side by side: what else the machine did weighs on both. */
function pairedRatio({ bare, ours }: Record<'bare' | 'ours', Sample[]>, key: keyof Sample): number {
  return middle(ours.map((sample, index) => sample[key] / (bare[index]?.[key] ?? Number.NaN)));
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function report(): string {
  return `# What watching a stream costs

Generated by \`node test/bench/streams.ts\`; do not edit.

${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${String(cpus().length)} × ${cpus()[0]?.model.trim() ?? 'unknown'}, load at the end ${(loadavg()[0] ?? 0).toFixed(1)}. Medians of ${String(BLOCKS)} interleaved blocks; the ratio is the median of the ratios of neighbours.
The program reads streamed answers of the Messages API without any SDK and throws them away, as fast as they come; the server is a process of its own. All is measured a second after a first, short request, whose code is compiled and whose events have been sent by then.

| | wall time, ms: alone | watched | processor time, ms: alone | watched | peak memory, MB: alone | watched |
|---|---|---|---|---|---|---|
${rows.join('\n')}

Aimed at: 5 % more wall time for 50 MB. Missed where the program does nothing else. Of the difference in processor time, as samples of all threads show it, more than half is there with a preload that watches nothing: V8's collector of garbage, most of it on threads of its own. The pieces of the network lie outside of the heap; V8 marks all of the heap when they are many, unless it has collected the young objects before. The preload makes a heap of 8 MB one of 12 and lets young objects wait longer, so that such markings are two or three times as many. A program that holds objects of its own has them already.
What watching takes by itself is some 15 ms of the program's own thread, of which the first megabyte, which is read whole, and the end of the call are most, and some 4 µs for each further piece, of which only the last event is looked at. Deltas that follow one another are read as one ([how](../decisions/0200-deltas-that-follow-one-another-are-one.md)).
Memory includes the preload itself, about 25 MB; it does not grow with the length of a stream. Each of the thousand streams is a run and a call with its own span and events, some 12 KB; of its answer only a hash and a length are held ([why](../decisions/0201-an-answer-is-hashed-as-it-comes.md)). What comes on top is garbage that is left for longer: \`--max-semi-space-size=4\` makes both programs smaller.
`;
}

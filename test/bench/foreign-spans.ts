// Benchmark: spans of others into the embedded server, each request answered after its commit, over 4 connections; and
// beside it, in turns in the same run, what a Collector writes to a file, and events of our own into the same server. Traces are conversations of 9 spans as an emitter
// recorded them, in batches of 512 as exporters send them, so that traces lie across requests.
// Run: node test/bench/foreign-spans.ts [SPANS]. Writes docs/benchmarks/foreign-spans.md with machine and date.

import protobuf from 'protobufjs';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { readRecording, type RecordedSpan } from '../fixtures/recorded-spans.ts';
import { startChildServer } from '../server/child-server.ts';
import { makeDataDir } from '../server/data-dir.ts';
import { encodeLogs } from './encode-logs.ts';
import { CONNECTIONS, httpSender, sendLoad } from './otlp-load.ts';
import { startFileCollector } from './peer-servers.ts';

const SPANS = Number(process.argv[2] ?? 100_000);
const SPANS_PER_REQUEST = 512;
const ROUNDS = 6;
const ROOT = path.resolve(import.meta.dirname, '../..');

const { root } = protobuf.parse(`
syntax = "proto3";
message Any { oneof value { string stringValue = 1; bool boolValue = 2; int64 intValue = 3; double doubleValue = 4; List arrayValue = 5; } }
message List { repeated Any values = 1; }
message Pair { string key = 1; Any value = 2; }
message Resource { repeated Pair attributes = 1; }
message Scope { string name = 1; string version = 2; }
message Span { bytes traceId = 1; bytes spanId = 2; bytes parentSpanId = 4; string name = 5; int32 kind = 6; fixed64 startTimeUnixNano = 7; fixed64 endTimeUnixNano = 8; repeated Pair attributes = 9; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopeSpans = 2; }
message TracesRequest { repeated ResourceSpans resourceSpans = 1; }
`);
const TRACES_REQUEST = root.lookupType('TracesRequest');

function valueOf(value: unknown): Record<string, unknown> {
  if (Array.isArray(value)) return { arrayValue: { values: value.map(valueOf) } };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number')
    return Number.isInteger(value) ? { intValue: value } : { doubleValue: value };
  return { stringValue: String(value) };
}

function pairsOf(attributes: Readonly<Record<string, unknown>>): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }));
}

const recording = readRecording('ai-sdk-7').spans;
const first = Math.min(...recording.map(({ startMs }) => startMs));
const ids = new Map(recording.map(({ spanId }, index) => [spanId, index + 1]));

/** A conversation has a session and responses of its own: those of one recording again would be one call each. */
function asOf(trace: number, value: unknown): unknown {
  return typeof value === 'string' && /^(?:msg_|sess-)/.test(value) ? `${value}-${trace}` : value;
}

function spanOf(span: RecordedSpan, trace: number, startMs: number): Record<string, unknown> {
  const idOf = (spanId: string): Buffer =>
    Buffer.from((trace * 100 + (ids.get(spanId) ?? 0)).toString(16).padStart(16, '0'), 'hex');
  const nanos = (ms: number): string => String(BigInt(Math.floor((ms - first + startMs) * 1000)) * 1000n);
  return {
    traceId: Buffer.from(`c${trace.toString(16).padStart(31, '0')}`, 'hex'),
    spanId: idOf(span.spanId),
    parentSpanId: span.parentSpanId === '' ? Buffer.alloc(0) : idOf(span.parentSpanId),
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: nanos(span.endMs),
    attributes: pairsOf(
      Object.fromEntries(Object.entries(span.attributes).map(([key, value]) => [key, asOf(trace, value)])),
    ),
  };
}

function requests(): Buffer[] {
  const startMs = Date.now() - 3_600_000;
  const bodies: Buffer[] = [];
  let spans: Record<string, unknown>[] = [];
  const flush = (): void => {
    const scopeSpans = [{ scope: { name: recording[0]?.scope ?? '' }, spans }];
    const resource = { attributes: pairsOf({ 'service.name': 'shop' }) };
    bodies.push(
      Buffer.from(
        TRACES_REQUEST.encode(
          TRACES_REQUEST.fromObject({ resourceSpans: [{ resource, scopeSpans }] }),
        ).finish(),
      ),
    );
    spans = [];
  };
  for (let count = 0; count < SPANS; count++) {
    const trace = Math.floor(count / recording.length);
    const span = recording[count % recording.length] as RecordedSpan;
    spans.push(spanOf(span, trace + 1, startMs + trace));
    if (spans.length === SPANS_PER_REQUEST) flush();
  }
  return bodies;
}

async function measure(url: string, bodies: readonly Buffer[]): Promise<number> {
  const sender = httpSender(url);
  let next = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let at = next++; at < bodies.length; at = next++) {
        const body = bodies[at] as Buffer;
        while (!(await sender.send(body)));
      }
    }),
  );
  const ms = performance.now() - started;
  sender.close();
  return (bodies.length * SPANS_PER_REQUEST * 1000) / ms;
}

/** Seconds of processor time that a process has had; the machine may have others to serve. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

interface Rates {
  /** Spans a second. */
  readonly wall: number;
  /** Spans a second of processor time. */
  readonly cpu: number;
}

/** Sends part of the requests to one of them. */
async function rateOf(url: string, pid: number, bodies: readonly Buffer[]): Promise<Rates> {
  const before = cpuSeconds(pid);
  const wall = await measure(url, bodies);
  return { wall, cpu: (bodies.length * SPANS_PER_REQUEST) / (cpuSeconds(pid) - before) };
}

async function rateOfOwnEvents(httpAddress: string, pid: number, count: number): Promise<Rates> {
  const sender = httpSender(`http://${httpAddress}/v1/logs`);
  const before = cpuSeconds(pid);
  const { events, busyMs } = await sendLoad(sender, count, encodeLogs);
  sender.close();
  return { wall: (events * 1000) / busyMs, cpu: events / (cpuSeconds(pid) - before) };
}

function median(rates: readonly Rates[], of: keyof Rates): number {
  return rates.map((rate) => rate[of]).toSorted((a, b) => a - b)[rates.length >> 1] as number;
}

const bodies = requests();
const sent = bodies.length * SPANS_PER_REQUEST;
const dataDir = await makeDataDir();
const server = await startChildServer({ dataDir });
const dataDirOfEvents = await makeDataDir();
const eventServer = await startChildServer({ dataDir: dataDirOfEvents });
const eventRates: Rates[] = [];
const collector = await startFileCollector();
const targets = {
  tallyspan: { url: `http://${server.httpAddress}/v1/traces`, pid: server.pid, rates: [] as Rates[] },
  collector: { url: collector.tracesUrl, pid: collector.pid, rates: [] as Rates[] },
};
// In turns, each first as often as the other: what else the machine does meets both.
const perRound = Math.ceil(bodies.length / ROUNDS);
for (let round = 0; round < ROUNDS; round++) {
  const part = bodies.slice(round * perRound, (round + 1) * perRound);
  const order =
    round % 2 === 0 ? (['tallyspan', 'collector'] as const) : (['collector', 'tallyspan'] as const);
  for (const name of order) {
    const { url, pid, rates } = targets[name];
    rates.push(await rateOf(url, pid, part));
  }
  const { httpAddress, pid } = eventServer;
  eventRates.push(await rateOfOwnEvents(httpAddress, pid, part.length * SPANS_PER_REQUEST));
}
const meta = (await (await fetch(`${server.uiUrl}/api/meta`)).json()) as { spans: number; runs: number };
if (meta.spans !== sent) throw new Error(`${sent} spans acknowledged, ${meta.spans} stored`);
await server.stop('SIGTERM');
await eventServer.stop('SIGTERM');
for (const folder of [dataDir, dataDirOfEvents]) rmSync(folder, { recursive: true, force: true });
await collector.stop();

const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const [own, ceiling] = [targets.tallyspan.rates, targets.collector.rates];
const ratioTo = (rates: readonly Rates[], of: keyof Rates): string =>
  (median(own, of) / median(rates, of)).toPrecision(2);
const row = (name: string, rates: readonly Rates[], note: string): string =>
  `| ${name} | ${number.format(sent)} | ${number.format(median(rates, 'wall'))} | ${number.format(median(rates, 'cpu'))} | ${note} |`;
const text = `# Spans of others into the embedded server

${cpus()[0]?.model ?? ''}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1) ?? ''}, Node ${process.version},
${new Date().toISOString().slice(0, 10)}. Conversations of ${recording.length} spans (${readRecording('ai-sdk-7').emitter}), each with ids of its own, 512 spans a
request, 4 connections, OTLP/HTTP protobuf, ${ROUNDS} rounds in turns, medians. Senders share the machine. Written by
\`node test/bench/foreign-spans.ts\`.

| | spans | spans a second | spans a second of processor time | |
|---|---|---|---|---|
${row('tallyspan', own, `runs, calls and tools made of them, answered after the commit; ${number.format(meta.runs)} runs`)}
${row('tallyspan, events of our own', eventRates, 'for comparison: docs/benchmarks/ingest.md has their rate on a quiet machine')}
${row('Collector 0.159.0 to a file', ceiling, 'written, not read')}

Of what the Collector takes it is ${ratioTo(ceiling, 'wall')}, by processor time ${ratioTo(ceiling, 'cpu')}; of events of our own
${ratioTo(eventRates, 'wall')}, by processor time ${ratioTo(eventRates, 'cpu')}. A span is nearly two rows: itself, and an event of most.
`;
writeFileSync(path.join(ROOT, 'docs/benchmarks/foreign-spans.md'), text);
process.stdout.write(text);

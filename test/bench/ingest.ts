// Benchmark of the embedded server: OTLP in protobuf over 4 connections, HTTP and gRPC, each request answered
// after its commit; what the pages take with all of it stored; and beside it, in the same run and with the same
// history, what others do. Senders share the machine.
// Run: node test/bench/ingest.ts [EVENTS]. Writes docs/benchmarks/ingest.md with machine and date.

import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventRecord } from '../../core/event.ts';
import { startChildServer, statusBytes, type ChildServer } from '../server/child-server.ts';
import { makeDataDir } from '../server/data-dir.ts';
import { encodeLogs } from './encode-logs.ts';
import { encodeSpans } from './encode-spans.ts';
import {
  CONNECTIONS,
  EVENTS_PER_REQUEST,
  grpcSender,
  httpSender,
  sendLoad,
  type Sender,
  type Sent,
} from './otlp-load.ts';
import { startFileCollector, startPeers, type PeerServer } from './peer-servers.ts';

const EVENTS = Number(process.argv[2] ?? 1_000_000);
/** The rate does not hang on how many; of gRPC and the ceiling these are enough. */
const EVENTS_BESIDE = Math.min(EVENTS, 200_000);
const PEER_SPANS = 10_000;
const PEER_LIMIT_MS = 60_000;
const DAY_MS = 86_400_000;
const QUESTIONS = 100;
const QUESTIONS_BEFORE = 10;
const ROOT = path.resolve(import.meta.dirname, '../..');
const PAGES = [
  '/',
  '/runs',
  '/runs?sort=most-expensive',
  '/tools',
  '/models',
  '/users',
  '/tasks',
  '/agents',
  '/sessions',
  '/alerts',
  '/diagnose',
];
const QUESTIONS_OF_PEERS = [
  ['50 newest runs', '/api/runs?limit=50'],
  ['cost by model, 30 days', '/api/cost?by=model&since=30d'],
] as const;

interface Rate {
  readonly name: string;
  readonly events: number;
  readonly perSecond: number;
  readonly remark: string;
}

function memoryMb(pid: number, key: 'VmRSS' | 'VmHWM'): number {
  return statusBytes(pid, key) / 1e6;
}

function rateOf(name: string, sent: Sent, remark: string): Rate {
  return { name, events: sent.events, perSecond: (sent.events / sent.busyMs) * 1000, remark };
}

/** Median, 95th percentile and longest time of an answer, milliseconds; `before` is called before each. */
async function timeAnswer(
  url: string,
  before: () => Promise<unknown> = () => Promise.resolve(),
  questions = QUESTIONS,
): Promise<[number, number, number]> {
  const times: number[] = [];
  for (let n = 0; n < questions; n++) {
    await before();
    const started = performance.now();
    const answer = await fetch(url);
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  const at = (q: number): number => Math.round(times[Math.floor(q * (times.length - 1))] ?? 0);
  return [at(0.5), at(0.95), at(1)];
}

/** Stores one event, after which nothing that was answered before may be answered again. */
async function storeOne(sender: Sender, process: string, sequence: number): Promise<void> {
  const event: EventRecord = {
    timestamp: Date.now(),
    'event.name': 'agent.note',
    'service.instance.id': process,
    'tallyspan.seq': sequence,
    'agent.note.kind': 'decision',
  };
  if (!(await sender.send(encodeLogs([event])))) throw new Error('an event was refused');
}

/** Writes down how long each page takes, as it is and with an event stored before each question. */
async function timePages(
  server: ChildServer,
  urls: readonly (readonly [string, string])[],
): Promise<string[]> {
  const sender = httpSender(`http://${server.httpAddress}/v1/logs`);
  const lines: string[] = [];
  let sequence = 0;
  const storeNext = (): Promise<void> => storeOne(sender, `bench-${server.pid}`, ++sequence);
  // The first answers of a process are slower: its code is not compiled yet.
  for (const [, url] of urls) await timeAnswer(server.uiUrl + url, storeNext, QUESTIONS_BEFORE);
  for (const [title, url] of urls) {
    const [anew50, anew95, anewMost] = await timeAnswer(server.uiUrl + url, storeNext);
    const [p50, p95] = await timeAnswer(server.uiUrl + url);
    lines.push(`| ${title} | ${anew50} | ${anew95} | ${anewMost} | ${p50} | ${p95} |`);
  }
  sender.close();
  return lines;
}

async function checkStored(server: ChildServer, events: number): Promise<void> {
  const meta = (await (await fetch(`${server.uiUrl}/api/meta`)).json()) as { events: number };
  if (meta.events !== events) throw new Error(`${events} acknowledged, ${meta.events} stored`);
}

/** Ours over gRPC, on a store of its own. */
async function measureGrpc(): Promise<Rate> {
  const dataDir = await makeDataDir();
  const server = await startChildServer({ dataDir, lostAfterMs: 60 * DAY_MS });
  const sender = grpcSender(server.grpcAddress);
  const sent = await sendLoad(sender, EVENTS_BESIDE, encodeLogs);
  await checkStored(server, sent.events);
  sender.close();
  await server.stop('SIGTERM');
  rmSync(dataDir, { recursive: true, force: true });
  return rateOf('tallyspan, gRPC', sent, 'answered after the commit');
}

async function measureCeiling(): Promise<Rate[]> {
  const collector = await startFileCollector();
  const rates: Rate[] = [];
  for (const [name, sender] of [
    ['Collector to a file, HTTP', httpSender(collector.httpUrl)],
    ['Collector to a file, gRPC', grpcSender(collector.grpcAddress)],
  ] as const) {
    rates.push(
      rateOf(
        name,
        await sendLoad(sender, EVENTS_BESIDE, encodeLogs),
        'the ceiling: not synced, not to be asked',
      ),
    );
    sender.close();
  }
  await collector.stop();
  return rates;
}

/** Spans a second until they are stored, which is not until they are answered. */
async function measurePeer(peer: PeerServer): Promise<Rate> {
  const sender = httpSender(peer.url, peer.headers);
  const before = peer.countStored();
  const started = performance.now();
  const sent = await sendLoad(sender, PEER_SPANS, encodeSpans);
  const answeredMs = performance.now() - started;
  let stored = peer.countStored() - before;
  while (stored < sent.events && performance.now() - started < PEER_LIMIT_MS) {
    await sleep(250);
    stored = peer.countStored() - before;
  }
  const storedMs = performance.now() - started;
  sender.close();
  return {
    name: peer.name,
    events: stored,
    perSecond: (stored / storedMs) * 1000,
    remark: `spans, until stored; answered at ${Math.round((sent.events / answeredMs) * 1000).toLocaleString('en')} a second; ${Math.round(memoryMb(peer.pid, 'VmRSS'))} MB`,
  };
}

const dataDir = await makeDataDir();
// The history is older than the time after which an open run is lost.
const options = { dataDir, lostAfterMs: 60 * DAY_MS };
const server = await startChildServer(options);
const startMb = memoryMb(server.pid, 'VmRSS');
const sender = httpSender(`http://${server.httpAddress}/v1/logs`);
const sent = await sendLoad(sender, EVENTS, encodeLogs);
sender.close();
await checkStored(server, sent.events);
const endMb = memoryMb(server.pid, 'VmRSS');
const peakMb = memoryMb(server.pid, 'VmHWM');
const [run] = (await (await fetch(`${server.uiUrl}/api/runs?limit=1`)).json()) as Record<string, string>[];
const urls = [
  ...PAGES.map((page) => [`\`${page}\``, page] as const),
  ['`/runs/:id`', `/runs/${run?.['agent.run_id'] ?? ''}`] as const,
  ...QUESTIONS_OF_PEERS.map(([title, url]) => [`${title}, as JSON`, url] as const),
];
await timePages(server, urls);
const pagesMb = memoryMb(server.pid, 'VmRSS');
await server.stop('SIGTERM');
const diskBytes = readdirSync(dataDir).reduce(
  (sum, name) => sum + statSync(path.join(dataDir, name)).size,
  0,
);
const restarted = performance.now();
const again = await startChildServer(options);
const startMs = Math.round(performance.now() - restarted);
const againMb = memoryMb(again.pid, 'VmRSS');
const pages = await timePages(again, urls);
const againPagesMb = memoryMb(again.pid, 'VmHWM');
const exporting = performance.now();
const exported = await (await fetch(`${again.uiUrl}/api/export?format=parquet`)).arrayBuffer();
const exportSeconds = ((performance.now() - exporting) / 1000).toFixed(1);
await again.stop('SIGTERM');
rmSync(dataDir, { recursive: true, force: true });

const http = rateOf('tallyspan, HTTP', sent, 'answered after the commit');
const rates = [http, await measureGrpc(), ...(await measureCeiling())];
for await (const peer of startPeers()) rates.push(await measurePeer(peer));
const load = loadavg()[0]?.toFixed(1);

const text = `# Embedded server: ${sent.events.toLocaleString('en')} events in

OTLP in protobuf, ${CONNECTIONS} connections, requests of ${EVENTS_PER_REQUEST} events, ${Math.round(sent.bytes / sent.events)} bytes an event, spread over
30 days. Every request is answered after its commit; all acknowledged events were counted in the store.
The sender runs on the same machine; the time to make requests is left out. MLflow and Phoenix take no logs: they
get the same events as spans. Written by \`node test/bench/ingest.ts\`.

| Server | Records | Records a second | Times tallyspan over HTTP | |
|---|---|---|---|---|
${rates.map(({ name, events, perSecond, remark }) => `| ${name} | ${events.toLocaleString('en')} | ${Math.round(perSecond).toLocaleString('en')} | ${(perSecond / http.perSecond).toPrecision(2)} | ${remark} |`).join('\n')}

| tallyspan with ${sent.events.toLocaleString('en')} events | Figure |
|---|---|
| disk per 100,000 events | ${((diskBytes / sent.events) * 0.1).toFixed(1)} MB |
| memory at the start / highest while events came / at their end / after the pages | ${Math.round(startMb)} / ${Math.round(peakMb)} / ${Math.round(endMb)} / ${Math.round(pagesMb)} MB |
| memory after a restart with all of it stored / highest while its pages were asked for | ${Math.round(againMb)} / ${Math.round(againPagesMb)} MB |
| export of all of it as Parquet, ${Math.round(exported.byteLength / 1e6)} MB | ${exportSeconds} s |
| start with all of it stored, until all ports listen | ${startMs} ms |

Time of an answer with all of it stored, ${QUESTIONS} in a row, browser not included, by a process that answered each ${QUESTIONS_BEFORE}
times before. Anew: an event was stored before each question, so that nothing is left of earlier answers (but of
\`/diagnose\`: with so many events its report is kept for a minute; one takes about half a second to make).

| Page | anew p50 ms | anew p95 ms | anew longest ms | p50 ms | p95 ms |
|---|---|---|---|---|---|
${pages.join('\n')}

Machine: ${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 1e9)} GB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)};
load average at the end ${load} (sender included).
`;
writeFileSync(path.join(ROOT, 'docs/benchmarks/ingest.md'), text);
process.stdout.write(text);

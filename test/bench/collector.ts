// Benchmark of the Collector: 5,000 events a second through our configuration into a real Loki for five
// minutes, beside the same into `nop`. Run: node test/bench/collector.ts [SECONDS] [EVENTS_PER_SECOND] [NOTE].
// Writes docs/benchmarks/collector.md with machine and date.

import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { COLLECTOR_VERSION, LOKI_VERSION } from '../stack/build-servers.ts';
import { startCollector, startLoki, type CollectorServer, type LokiServer } from '../stack/servers.ts';
import { ReplayedRequest } from './replayed-request.ts';

const SECONDS = Number(process.argv[2] ?? 300);
const EVENTS_PER_SECOND = Number(process.argv[3] ?? 5000);
const EVENTS_PER_REQUEST = 250;
const REQUESTS_AT_ONCE = 8;
const WARM_UP_SECONDS = 5;
const ROOT = path.resolve(import.meta.dirname, '../..');

const SERVICE = 'bench';
/** A model call with every field that one usually has. */
const EVENT = {
  'event.name': 'agent.model_call',
  'service.name': SERVICE,
  trace_id: '0af7651916cd43dd8448eb211c80319c',
  parent_span_id: 'b7ad6b7169203331',
  'tallyspan.seq': 4711,
  'agent.run_id': '5f9c4ab08cac7457e9111a30e4664920',
  'gen_ai.conversation.id': 'session-0815',
  'user.id': 'user-42',
  'agent.task_type': 'refund',
  'gen_ai.agent.name': 'support-agent',
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'anthropic',
  'gen_ai.request.model': 'claude-opus-5-5',
  'gen_ai.response.model': 'claude-opus-5-5',
  'gen_ai.response.id': 'msg_01XFDUDYJgAACzvnptvVoYEL',
  'gen_ai.response.finish_reasons': ['tool_use'],
  'anthropic.request.id': 'req_011CSHoEeqs5C35K2UUqR7Fy',
  duration_ms: 2345,
  ttft_ms: 312,
  tokens_input: 149,
  tokens_cache_read: 50_000,
  tokens_cache_write_5m: 5000,
  tokens_output: 1000,
  tokens_thinking: 0,
  'gen_ai.usage.input_tokens': 55_149,
  'gen_ai.usage.output_tokens': 1000,
  'gen_ai.usage.cache_read.input_tokens': 50_000,
  'gen_ai.usage.cache_creation.input_tokens': 5000,
  service_tier: 'standard',
  'agent.step_number': 3,
  attempts: 1,
  cost_nano_usd: 55_596_000,
  'gen_ai.usage.cost': 0.055596,
  cost_input_nano_usd: 596_000,
  cost_cache_read_nano_usd: 10_000_000,
  cost_cache_write_5m_nano_usd: 25_000_000,
  cost_output_nano_usd: 20_000_000,
  'tallyspan.cost.status': 'priced',
  'tallyspan.price.table': '2026-11-21.1',
  'tallyspan.price.row': 'anthropic/claude-opus-5-5@2026-09-22',
} as const;

interface Result {
  readonly title: string;
  readonly sent: number;
  readonly refused: number;
  readonly stored: number | undefined;
  readonly cpuPercent: number;
  readonly rssPeakMb: number;
  readonly rssMeanMb: number;
  readonly seconds: number;
}

/** Sends at an even pace; a request that is late goes at once, so the rate holds on average. */
async function send(collector: CollectorServer, seconds: number): Promise<{ sent: number; refused: number }> {
  const requests = (seconds * EVENTS_PER_SECOND) / EVENTS_PER_REQUEST;
  const request = new ReplayedRequest(EVENT, EVENTS_PER_REQUEST);
  const startMs = Date.now();
  let refused = 0;
  const open: Promise<number>[] = [];
  for (let index = 0; index < requests; index++) {
    const dueMs = startMs + (index * 1000 * EVENTS_PER_REQUEST) / EVENTS_PER_SECOND;
    const waitMs = dueMs - Date.now();
    if (waitMs > 1) await sleep(waitMs);
    while (open.length >= REQUESTS_AT_ONCE) refused += (await open.shift()) ?? 0;
    const done = post(collector, new Uint8Array(request.at(Date.now()))).then((isAccepted) =>
      isAccepted ? 0 : EVENTS_PER_REQUEST,
    );
    open.push(done);
  }
  for (const done of open) refused += await done;
  return { sent: requests * EVENTS_PER_REQUEST, refused };
}

async function post(collector: CollectorServer, body: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const answer = await fetch(`${collector.httpUrl}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body,
  });
  await answer.arrayBuffer();
  return answer.status === 200;
}

const TICKS_PER_SECOND = 100;

/** CPU seconds that a process has used (Linux). */
function readCpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function readRssMb(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) / 1024;
}

async function measure(title: string, loki: LokiServer | undefined, sendSeconds: number): Promise<Result> {
  const collector = await startCollector({
    configs: loki === undefined ? ['base.yaml'] : ['base.yaml', 'loki.yaml'],
    env: loki === undefined ? {} : { LOKI_URL: loki.url },
  });
  const warmUp = await send(collector, WARM_UP_SECONDS);
  const { pid } = collector.process;
  const rss: number[] = [];
  const sampler = setInterval(() => rss.push(readRssMb(pid)), 500);
  const cpuBefore = readCpuSeconds(pid);
  const startMs = Date.now();
  const { sent, refused } = await send(collector, sendSeconds);
  const seconds = (Date.now() - startMs) / 1000;
  const cpuPercent = ((readCpuSeconds(pid) - cpuBefore) / seconds) * 100;
  clearInterval(sampler);
  const stored = loki === undefined ? undefined : await readStored(loki, warmUp.sent + sent);
  await collector.stop();
  return {
    title,
    sent,
    refused: refused + warmUp.refused,
    stored: stored === undefined ? undefined : stored - warmUp.sent,
    cpuPercent,
    rssPeakMb: Math.max(...rss),
    rssMeanMb: rss.reduce((sum, value) => sum + value, 0) / rss.length,
    seconds,
  };
}

/** Waits until everything is there, or nothing more comes for ten seconds. */
async function readStored(loki: LokiServer, wanted: number): Promise<number> {
  let stored = -1;
  for (;;) {
    const before = stored;
    stored = await loki.queryNumber(`sum(count_over_time({service_name="${SERVICE}"}[1h]))`);
    if (stored >= wanted || stored === before) return stored;
    await sleep(10_000);
  }
}

function describe(result: Result): string {
  const { title, sent, refused, stored, cpuPercent, rssMeanMb, rssPeakMb, seconds } = result;
  const cells = [
    title,
    Math.round(sent / seconds),
    sent,
    refused,
    stored ?? '–',
    `${Math.round(cpuPercent)} %`,
    `${Math.round(rssMeanMb)} / ${Math.round(rssPeakMb)} MB`,
  ];
  return `| ${cells.join(' | ')} |`;
}

const nop = await measure('`base.yaml` → `nop`', undefined, SECONDS / 5);
const loki = await startLoki();
const toLoki = await measure('`base.yaml` + `loki.yaml` → Loki', loki, SECONDS);
const lokiRssMb = readRssMb(loki.process.pid);
await loki.stop();

const requestKb = new ReplayedRequest(EVENT, EVENTS_PER_REQUEST).byteLength / 1024;
const text = `# Collector: ${EVENTS_PER_SECOND.toLocaleString('en')} events a second

Our Collector ${COLLECTOR_VERSION} with the shipped configuration, one sender, OTLP over HTTP in protobuf, requests of
${EVENTS_PER_REQUEST} events (${Math.round(requestKb)} KB), for ${SECONDS} seconds into a real Loki ${LOKI_VERSION} on the same machine, and for a fifth of that into \`nop\`, which
is the ceiling: everything but delivery. CPU is of one core. Written by \`node test/bench/collector.ts\`.

| Path | events/s | sent | refused | stored | CPU | memory mean / peak |
|---|---|---|---|---|---|---|
${describe(nop)}
${describe(toLoki)}

The Collector's memory limit is 320 MiB. Loki held ${Math.round(lokiRssMb)} MB at the end.

Machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 1024 ** 3)} GB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)};
load average at the end ${loadavg()[0]?.toFixed(1) ?? '?'} (sender and Loki included). ${process.argv[4] ?? ''}
`;
writeFileSync(path.join(ROOT, 'docs/benchmarks/collector.md'), text);
process.stdout.write(text);

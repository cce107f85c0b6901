// Benchmark of the Collector: 5,000 events a second through our configuration into a real Loki for five
// minutes, beside the same into `nop`. Run: node test/bench/collector.ts [SECONDS] [EVENTS_PER_SECOND] [NOTE].
// Both servers get the environment of docker-compose.yml and are held against its memory limits.
// Writes docs/benchmarks/collector.md with machine and date.

import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { COLLECTOR_VERSION } from '../stack/build-servers.ts';
import { LOKI_VERSION } from '../stack/found-server.ts';
import { startLoki, type OwnLoki } from '../stack/loki.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
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

interface Memory {
  readonly meanMb: number;
  readonly peakMb: number;
}

interface Result {
  readonly title: string;
  readonly sent: number;
  readonly refused: number;
  readonly stored: number | undefined;
  readonly cpuPercent: number;
  readonly memory: Memory;
  readonly lokiMemory: Memory | undefined;
  readonly seconds: number;
}

interface Limits {
  readonly limitMb: number;
  readonly environment: Record<string, string>;
}

/** Memory limit and Go's own soft limit of a service, as docker-compose.yml sets them. */
function readLimits(service: 'collector' | 'loki'): Limits {
  const { services } = parse(readFileSync(path.join(ROOT, 'docker-compose.yml'), 'utf8'), {
    merge: true,
  }) as { services: Record<string, { mem_limit: string; environment: Record<string, string | null> }> };
  const { mem_limit: limit = '', environment = {} } = services[service] ?? {};
  return {
    limitMb: Number.parseInt(limit, 10),
    environment: Object.fromEntries(
      Object.entries(environment).flatMap(([name, value]) =>
        name === 'GOMEMLIMIT' || name === 'MEMORY_LIMIT_MIB' ? [[name, String(value)]] : [],
      ),
    ),
  };
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

/** What a process holds for itself: pages of its program file go when a limit is near, so they do not count. */
function readMemoryMb(pid: number): number {
  const match = /RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) / 1024;
}

/** Samples the memory of a process twice a second until it is asked. */
function watchMemory(pid: number): () => Memory {
  const samples: number[] = [readMemoryMb(pid)];
  const sampler = setInterval(() => samples.push(readMemoryMb(pid)), 500);
  return () => {
    clearInterval(sampler);
    const sum = samples.reduce((total, value) => total + value, 0);
    return { meanMb: sum / samples.length, peakMb: Math.max(...samples) };
  };
}

async function measure(title: string, loki: OwnLoki | undefined, sendSeconds: number): Promise<Result> {
  const collector = await startCollector({
    configs: loki === undefined ? ['base.yaml'] : ['base.yaml', 'loki.yaml'],
    env: { ...COLLECTOR_LIMITS.environment, ...(loki === undefined ? {} : { LOKI_URL: loki.url }) },
  });
  const warmUp = await send(collector, WARM_UP_SECONDS);
  const { pid } = collector.process;
  const readMemory = watchMemory(pid);
  const readLokiMemory = loki === undefined ? undefined : watchMemory(loki.process.pid);
  const cpuBefore = readCpuSeconds(pid);
  const startMs = Date.now();
  const { sent, refused } = await send(collector, sendSeconds);
  const seconds = (Date.now() - startMs) / 1000;
  const cpuPercent = ((readCpuSeconds(pid) - cpuBefore) / seconds) * 100;
  const memory = readMemory();
  const lokiMemory = readLokiMemory?.();
  const stored = loki === undefined ? undefined : await readStored(loki, warmUp.sent + sent);
  await collector.stop();
  return {
    title,
    sent,
    refused: refused + warmUp.refused,
    stored: stored === undefined ? undefined : stored - warmUp.sent,
    cpuPercent,
    memory,
    lokiMemory,
    seconds,
  };
}

/** Waits until everything is there, or nothing more comes for ten seconds. */
async function readStored(loki: OwnLoki, wanted: number): Promise<number> {
  let stored = -1;
  for (;;) {
    const before = stored;
    stored = await loki.queryNumber(`sum(count_over_time({service_name="${SERVICE}"}[1h]))`);
    if (stored >= wanted || stored === before) return stored;
    await sleep(10_000);
  }
}

function describe(result: Result): string {
  const { title, sent, refused, stored, cpuPercent, memory, lokiMemory, seconds } = result;
  const cells = [
    title,
    Math.round(sent / seconds),
    sent,
    refused,
    stored ?? '–',
    `${Math.round(cpuPercent)} %`,
    describeMemory(memory),
    lokiMemory === undefined ? '–' : describeMemory(lokiMemory),
  ];
  return `| ${cells.join(' | ')} |`;
}

function describeMemory({ meanMb, peakMb }: Memory): string {
  return `${Math.round(meanMb)} / ${Math.round(peakMb)} MB`;
}

const COLLECTOR_LIMITS = readLimits('collector');
const LOKI_LIMITS = readLimits('loki');
const nop = await measure('`base.yaml` → `nop`', undefined, SECONDS / 5);
const loki = await startLoki({ env: LOKI_LIMITS.environment });
const toLoki = await measure('`base.yaml` + `loki.yaml` → Loki', loki, SECONDS);
await loki.stop();

const requestKb = new ReplayedRequest(EVENT, EVENTS_PER_REQUEST).byteLength / 1024;
const text = `# Collector: ${EVENTS_PER_SECOND.toLocaleString('en')} events a second

Our Collector ${COLLECTOR_VERSION} with the shipped configuration, one sender, OTLP over HTTP in protobuf, requests of
${EVENTS_PER_REQUEST} events (${Math.round(requestKb)} KB), for ${SECONDS} seconds into a real Loki ${LOKI_VERSION} on the same machine, and for a fifth of that into \`nop\`, which
is the ceiling: everything but delivery. CPU is of one core. Written by \`node test/bench/collector.ts\`.

| Path | events/s | sent | refused | stored | CPU | Collector, memory mean / peak | Loki, memory mean / peak |
|---|---|---|---|---|---|---|---|
${describe(nop)}
${describe(toLoki)}

Limits of \`docker-compose.yml\`, which both ran with: Collector ${COLLECTOR_LIMITS.limitMb} MB, Loki ${LOKI_LIMITS.limitMb} MB (${LOKI_LIMITS.environment['GOMEMLIMIT'] ?? 'no GOMEMLIMIT'}). Memory is what a
process holds for itself, without the pages of its program file, which go when a limit is near.

Machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 1024 ** 3)} GB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)};
load average at the end ${loadavg()[0]?.toFixed(1) ?? '?'} (sender and Loki included). ${process.argv[4] ?? ''}
`;
writeFileSync(path.join(ROOT, 'docs/benchmarks/collector.md'), text);
process.stdout.write(text);

// Benchmark of the embedded server: OTLP/HTTP protobuf over 4 connections, each request answered after
// its commit; then what the pages take with all of it stored. The sender shares the machine.
// Run: node test/bench/ingest.ts [EVENTS]. Writes docs/benchmarks/ingest.md with machine and date.

import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import type { EventRecord } from '../../core/event.ts';
import { startChildServer, type ChildServer } from '../server/child-server.ts';
import { makeDataDir } from '../server/data-dir.ts';
import { encodeLogs } from './encode-logs.ts';

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const EVENTS_PER_REQUEST = 500;
const CONNECTIONS = 4;
const REQUESTS_PER_BLOCK = 40;
const DAYS = 30;
const DAY_MS = 86_400_000;
const QUESTIONS = 20;
const ROOT = path.resolve(import.meta.dirname, '../..');
const MODELS = ['claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-opus-5-5'];
const TOOLS = ['search_docs', 'read_file', 'run_tests', 'fetch_page'];
const PAGES = ['/', '/runs', '/runs?sort=dearest', '/tools', '/models', '/users', '/sessions', '/alerts'];

/** Events of run after run: four model calls, three tool calls, one row of tool cost per call. */
function* generateEvents(): Generator<EventRecord> {
  const start = Date.now() - DAYS * DAY_MS;
  let seq = 0;
  for (let run = 1; ; run++) {
    const id = run.toString(16).padStart(32, '0');
    const make = (
      name: EventRecord['event.name'],
      span: number,
      fields: Partial<EventRecord>,
    ): EventRecord => ({
      timestamp: start + Math.floor((seq / EVENTS) * DAYS * DAY_MS),
      'event.name': name,
      trace_id: id,
      span_id: (run * 100 + span).toString(16).padStart(16, '0'),
      parent_span_id: (run * 100).toString(16).padStart(16, '0'),
      'service.name': 'bench',
      'service.instance.id': 'bench-process',
      'tallyspan.seq': ++seq,
      'agent.run_id': id,
      'gen_ai.conversation.id': `session-${run >> 2}`,
      'user.id': `user-${run % 200}`,
      'agent.task_type': ['triage', 'answer', 'refund'][run % 3],
      'gen_ai.agent.name': ['support', 'coder'][run % 2],
      'agent.version': `1.14.${run % 3}`,
      ...fields,
    });
    yield make('agent.run.started', 0, { 'agent.user_input_len': 120, 'agent.inferred': true });
    for (let step = 1; step <= 4; step++) {
      const model = MODELS[(run + step) % MODELS.length];
      yield make('agent.model_call', step, {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'anthropic',
        'gen_ai.request.model': model,
        'gen_ai.response.model': model,
        'gen_ai.response.id': `msg_${run}_${step}`,
        'anthropic.request.id': `req_${run}_${step}`,
        duration_ms: 900 + (run % 3000),
        ttft_ms: 300,
        'gen_ai.response.finish_reasons': [step < 4 ? 'tool_use' : 'end_turn'],
        tokens_input: 50,
        tokens_cache_read: 20_000,
        tokens_cache_write_5m: 500,
        tokens_cache_write_1h: 0,
        tokens_output: 300,
        tokens_thinking: 0,
        'gen_ai.usage.input_tokens': 20_550,
        'gen_ai.usage.output_tokens': 300,
        'gen_ai.usage.cache_read.input_tokens': 20_000,
        'gen_ai.usage.cache_creation.input_tokens': 500,
        service_tier: 'standard',
        'agent.step_number': step,
        attempts: 1,
        cost_nano_usd: 13_000_000 + ((run * 7919) % 5_000_000),
        cost_input_nano_usd: 150_000,
        cost_cache_read_nano_usd: 6_000_000,
        cost_cache_write_5m_nano_usd: 1_875_000,
        cost_output_nano_usd: 4_500_000,
        'tallyspan.cost.status': 'priced',
        'tallyspan.price.table': '2026-11-21.1',
      });
      if (step < 4)
        yield make('agent.tool_call', 10 + step, {
          'gen_ai.tool.name': TOOLS[(run + step) % TOOLS.length],
          'gen_ai.tool.call.id': `toolu_${run}_${step}`,
          duration_ms: 120,
          'tool.ok': run % 17 !== 0,
          'tool.retry_attempt': 0,
          'tool.input_keys': ['limit', 'query'],
          'tool.input_len': 60,
          'tool.result_len': 8000,
          'agent.step_number': step,
        });
      yield make('agent.tool_cost', step, {
        'gen_ai.tool.name': '(system)',
        'gen_ai.response.model': model,
        cost_nano_usd: 13_000_000,
        cost_cache_read_nano_usd: 13_000_000,
        tokens: 4000,
        'agent.step_number': step,
      });
    }
    yield make('agent.run', 0, {
      'agent.status': run % 20 === 0 ? 'error' : 'ok',
      duration_ms: 5000 + ((run * 7919) % 20_000),
      'agent.turns': 4,
      'agent.tool_calls': 3,
      'agent.tokens_in': 82_000,
      'agent.tokens_out': 1200,
      'agent.cost_nano_usd': 52_000_000,
    });
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

/** Resolves with the status of the answer. */
function send(server: ChildServer, body: Buffer): Promise<number | undefined> {
  const { hostname, port } = new URL(`http://${server.httpAddress}`);
  return new Promise((done, failed) => {
    const sent = request(
      {
        hostname,
        port,
        path: '/v1/logs',
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/x-protobuf', 'content-length': body.length },
      },
      (answer) => {
        answer.resume();
        answer.on('end', () => done(answer.statusCode));
      },
    );
    sent.on('error', failed);
    sent.end(body);
  });
}

function residentMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kb ?? 0) / 1000;
}

interface Sent {
  readonly events: number;
  readonly bytes: number;
  /** Milliseconds in which requests were under way; making them does not count. */
  readonly busyMs: number;
  readonly peakMb: number;
}

async function sendAll(server: ChildServer): Promise<Sent> {
  const source = generateEvents();
  let events = 0;
  let bytes = 0;
  let busyMs = 0;
  let peakMb = 0;
  while (events < EVENTS) {
    const bodies: Buffer[] = [];
    for (let n = 0; n < REQUESTS_PER_BLOCK && events < EVENTS; n++) {
      const part: EventRecord[] = [];
      while (part.length < EVENTS_PER_REQUEST && events < EVENTS) {
        part.push(source.next().value as EventRecord);
        events++;
      }
      bodies.push(encodeLogs(part));
    }
    bytes += bodies.reduce((sum, body) => sum + body.length, 0);
    const started = performance.now();
    const pending = bodies.values();
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        for (const body of pending) {
          const status = await send(server, body);
          if (status !== 200) throw new Error(`the server answered ${status}`);
        }
      }),
    );
    busyMs += performance.now() - started;
    peakMb = Math.max(peakMb, residentMb(server.pid));
  }
  return { events, bytes, busyMs, peakMb };
}

/** Median and 95th percentile of the time of an answer, milliseconds. */
async function timePage(url: string): Promise<[number, number]> {
  const times: number[] = [];
  for (let n = 0; n < QUESTIONS; n++) {
    const started = performance.now();
    const answer = await fetch(url);
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  const at = (q: number): number => Math.round(times[Math.floor(q * (times.length - 1))] ?? 0);
  return [at(0.5), at(0.95)];
}

const dataDir = await makeDataDir();
// The history is older than the time after which an open run is lost.
const options = { dataDir, lostAfterMs: 2 * DAYS * DAY_MS };
const server = await startChildServer(options);
const startMb = residentMb(server.pid);
const sent = await sendAll(server);
const meta = (await (await fetch(`${server.uiUrl}/api/meta`)).json()) as { events: number };
if (meta.events !== sent.events) throw new Error(`${sent.events} acknowledged, ${meta.events} stored`);
const endMb = residentMb(server.pid);
const [run] = (await (await fetch(`${server.uiUrl}/api/runs?limit=1`)).json()) as {
  'agent.run_id': string;
}[];
const pages: string[] = [];
for (const page of [...PAGES, `/runs/${run?.['agent.run_id'] ?? ''}`]) {
  const [p50, p95] = await timePage(server.uiUrl + page);
  pages.push(`| \`${page.replace(/[0-9a-f]{32}/, ':id')}\` | ${p50} | ${p95} |`);
}
const pagesMb = residentMb(server.pid);
const load = loadavg()[0]?.toFixed(1);
await server.stop('SIGTERM');
agent.destroy();
const diskBytes = readdirSync(dataDir).reduce(
  (sum, name) => sum + statSync(path.join(dataDir, name)).size,
  0,
);
const restarted = performance.now();
const again = await startChildServer(options);
const startMs = Math.round(performance.now() - restarted);
const againMb = residentMb(again.pid);
await again.stop('SIGTERM');
rmSync(dataDir, { recursive: true, force: true });

const text = `# Embedded server: ${sent.events.toLocaleString('en')} events in

OTLP over HTTP in protobuf, ${CONNECTIONS} connections, requests of ${EVENTS_PER_REQUEST} events, ${Math.round(sent.bytes / sent.events)} bytes an event, spread over
${DAYS} days. Every request is answered after its commit; all acknowledged events were counted in the store.
The sender runs on the same machine; the time to make requests is left out. Written by \`node test/bench/ingest.ts\`.

| What | Figure |
|---|---|
| events a second | ${Math.round((sent.events / sent.busyMs) * 1000).toLocaleString('en')} |
| disk per 100,000 events | ${((diskBytes / sent.events) * 0.1).toFixed(1)} MB |
| memory at the start / highest while events came / at their end / after the pages | ${Math.round(startMb)} / ${Math.round(sent.peakMb)} / ${Math.round(endMb)} / ${Math.round(pagesMb)} MB |
| memory after a restart with all of it stored | ${Math.round(againMb)} MB |
| start with all of it stored, until all ports listen | ${startMs} ms |

Time of an answer with all of it stored, ${QUESTIONS} in a row, browser not included:

| Page | p50 ms | p95 ms |
|---|---|---|
${pages.join('\n')}

Machine: ${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 1e9)} GB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)};
load average at the end ${load} (sender included).
`;
writeFileSync(path.join(ROOT, 'docs/benchmarks/ingest.md'), text);
process.stdout.write(text);

// Benchmark of the two forms in which costs of tools come: a record for each share of a call, or the shares in the call
// and records that sum them up. The same history in both: records and bytes of a call, model calls that the embedded
// server commits in a second, and its disk. The forms take turns (A B, B A).
// Run: node test/bench/cost-forms.ts [DAYS]. Writes docs/benchmarks/cost-forms.md with machine and date.

import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import type { EventRecord } from '../../core/event.ts';
import { generateHistory } from '../../server/example/history/generate-history.ts';
import { withShares } from '../fixtures/share-form.ts';
import { startChildServer, statusBytes } from '../server/child-server.ts';
import { makeDataDir } from '../server/data-dir.ts';
import { encodeLogs } from './encode-logs.ts';
import { CONNECTIONS, EVENTS_PER_REQUEST, httpSender } from './otlp-load.ts';

const DAYS = Number(process.argv[2] ?? 6);
const ROUNDS = 4;
const ROOT = path.resolve(import.meta.dirname, '../..');

interface Form {
  readonly name: string;
  readonly events: readonly EventRecord[];
  readonly bodies: readonly Buffer[];
  readonly perSecond: number[];
  /** Processor time of the server for a call, µs. */
  readonly cpuUs: number[];
  readonly megabytes: number[];
  /** The most memory that the server had, MB. */
  readonly memory: number[];
}

function formOf(name: string, events: readonly EventRecord[]): Form {
  const bodies: Buffer[] = [];
  for (let start = 0; start < events.length; start += EVENTS_PER_REQUEST)
    bodies.push(encodeLogs(events.slice(start, start + EVENTS_PER_REQUEST)));
  return { name, events, bodies, perSecond: [], cpuUs: [], megabytes: [], memory: [] };
}

function medianOf(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

const history = [...generateHistory({ days: DAYS, untilMs: Date.now(), seed: 1 })].flat();
const calls = history.filter((event) => event['event.name'] === 'agent.model_call').length;
const forms = [
  formOf('a record for each share', history),
  formOf('shares in the call, and sums', withShares(history)),
] as const;

for (let round = 0; round < ROUNDS; round += 1) {
  for (const form of round % 2 === 0 ? forms : forms.toReversed()) await measure(form);
  process.stderr.write(`round ${String(round + 1)} of ${String(ROUNDS)}\n`);
}
writeFileSync(path.join(ROOT, 'docs/benchmarks/cost-forms.md'), report());

async function measure(form: Form): Promise<void> {
  const dataDir = await makeDataDir();
  const server = await startChildServer({ dataDir, retentionDays: 0 });
  const sender = httpSender(`http://${server.httpAddress}/v1/logs`);
  const cpuBefore = cpuUsOf(server.pid);
  const startedMs = performance.now();
  const pending = form.bodies.values();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (const body of pending) if (!(await sender.send(body))) throw new Error('a request was refused');
    }),
  );
  form.perSecond.push((calls / (performance.now() - startedMs)) * 1_000);
  form.cpuUs.push((cpuUsOf(server.pid) - cpuBefore) / calls);
  form.memory.push(statusBytes(server.pid, 'VmHWM') / 1e6);
  sender.close();
  await server.stop('SIGTERM');
  const bytes = readdirSync(dataDir).reduce((sum, name) => sum + statSync(path.join(dataDir, name)).size, 0);
  form.megabytes.push(bytes / 1e6);
  rmSync(dataDir, { recursive: true, force: true });
}

/** Processor time that a process has used; Linux counts it in hundredths of a second. */
function cpuUsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function rowOf({ name, events, bodies, perSecond, cpuUs, megabytes, memory }: Form): string {
  const kilobytes = bodies.reduce((sum, body) => sum + body.length, 0) / calls / 1_000;
  const disk = (medianOf(megabytes) / calls) * 100_000;
  return `| ${name} | ${(events.length / calls).toFixed(1)} | ${kilobytes.toFixed(1)} | ${Math.round(medianOf(perSecond)).toLocaleString('en-US')} | ${medianOf(cpuUs).toFixed(0)} | ${disk.toFixed(0)} | ${medianOf(memory).toFixed(0)} |`;
}

function report(): string {
  const [old, shares] = forms;
  const ratio = medianOf(shares.perSecond) / medianOf(old.perSecond);
  return `# Two forms of the cost of a tool

The same generated history, ${calls.toLocaleString('en-US')} model calls of agents with tools, over OTLP/HTTP in protobuf, ${String(CONNECTIONS)} connections,
requests of ${String(EVENTS_PER_REQUEST)} events, each answered after its commit. Both are stored with a row for each share. Medians of
${String(ROUNDS)} rounds, the forms in turn. Written by \`node test/bench/cost-forms.ts\`.

| Form | records a call | KB a call | model calls a second, committed | server's processor time for a call, µs | disk, MB per 100,000 calls | most memory, MB |
|---|---|---|---|---|---|---|
${forms.map(rowOf).join('\n')}

Calls a second: ${ratio.toFixed(2)} times those of the older form; on a machine that others use, too, processor time says more.

${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${String(cpus().length)} × ${cpus()[0]?.model.trim() ?? 'unknown'}, load at the end ${(loadavg()[0] ?? 0).toFixed(1)}.
`;
}

// How long every signal takes: on a real Loki with 210,000 records over 35 days, in the words of a panel
// over all of them and of a rule over a day, and on the embedded store with a million events.
// Writes docs/benchmarks/signals-loki.md and signals-store.md; asserts nothing.
//
//   node test/bench/signals.ts [loki] [store]

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { DAY_MS, MINUTE_MS } from '../../core/time/time.ts';
import { ownProcess } from '../../server/process/memory.ts';
import { runSignal } from '../../server/queries/signals/signals.ts';
import { openDatabase } from '../../server/store/file/database.ts';
import { EventStore } from '../../server/store/write/event-store.ts';
import { CATALOGUE } from '../../signals/catalogue/index.ts';
import type { Signal } from '../../signals/signal.ts';
import { toLogql, type LogqlContext } from '../../signals/to-logql.ts';
import { generateCorpus } from '../fixtures/corpus.ts';
import { pushEvents, queryLoki } from '../signals/backends.ts';
import { startLoki } from '../stack/loki.ts';
import { writeOut } from '../stack/written-out.ts';

const DAYS = 35;
const LOKI_RECORDS = 210_000;
const STORE_EVENTS = 1_000_000;
/** Of the corpus, on average. */
const EVENTS_PER_RUN = 25;
const ROUNDS = 10;
const CLOCK_TICKS_PER_SECOND = 100;

interface Timing {
  readonly median: number;
  readonly best: number;
  /** Processor time of a round, where it can be told. */
  readonly cpu?: number;
}

type Timings = Record<string, Timing>;

async function time(ask: () => Promise<unknown>, cpuMs?: () => number): Promise<Timing> {
  const took: number[] = [];
  const before = cpuMs?.() ?? 0;
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    await ask();
    took.push(performance.now() - started);
  }
  const cpu = cpuMs === undefined ? {} : { cpu: (cpuMs() - before) / ROUNDS };
  took.sort((a, b) => a - b);
  return { median: took[Math.floor(took.length / 2)] ?? 0, best: took[0] ?? 0, ...cpu };
}

async function timeLoki(): Promise<{ records: number; panel: Timings; rule: Timings }> {
  const now = Date.now();
  const events = generateCorpus({
    seed: 35,
    to: now - 5 * MINUTE_MS,
    days: DAYS,
    runsPerDay: Math.round(LOKI_RECORDS / DAYS / EVENTS_PER_RUN),
  });
  const loki = await startLoki();
  try {
    process.stderr.write(`pushing ${events.length} records\n`);
    await pushEvents(loki.otlpUrl, events);
    await writeOut(loki, events);
    const cpuMs = (): number => processorMsOf(loki.process.pid);
    const ask = async (signal: Signal, context: LogqlContext): Promise<Timing> => {
      const query = toLogql(signal, { context, timezone: 'UTC' });
      if ('reason' in query) throw new Error(`${signal.id}: ${query.reason}`);
      const logql = query.logql
        .replaceAll('$__range', `${DAYS}d`)
        .replaceAll('$__from', String(now - DAYS * DAY_MS))
        .replaceAll('$__to', String(now));
      // Each round asks for another end, so that no result is remembered.
      let round = 0;
      return time(() => queryLoki(loki.url, logql, Date.now() - 1000 * round++), cpuMs);
    };
    const panel: Timings = {};
    const rule: Timings = {};
    for (const signal of CATALOGUE) {
      panel[signal.id] = await ask(signal, { kind: 'panel' });
      rule[signal.id] = await ask(signal, { kind: 'rule', lengthMs: DAY_MS });
      process.stderr.write(`${signal.id} ${JSON.stringify([panel[signal.id], rule[signal.id]])}\n`);
    }
    return { records: events.length, panel, rule };
  } finally {
    await loki.stop();
  }
}

async function timeStore(): Promise<{ events: number; day: Timings; all: Timings }> {
  const dir = mkdtempSync(join(tmpdir(), 'tallyspan-bench-'));
  ownProcess();
  const database = await openDatabase(dir);
  const to = Date.now() - 5 * MINUTE_MS;
  try {
    const store = await EventStore.open(database);
    let events = 0;
    for (let day = DAYS - 1; day >= 0; day--) {
      const runsPerDay = Math.round(STORE_EVENTS / DAYS / EVENTS_PER_RUN);
      const own = generateCorpus({ seed: day, to: to - day * DAY_MS, days: 1, runsPerDay });
      for (let start = 0; start < own.length; start += 10_000) {
        await store.write({ events: own.slice(start, start + 10_000), spans: [] });
      }
      events += own.length;
    }
    process.stderr.write(`stored ${events} events\n`);
    const ask = (signal: Signal, days: number): Promise<Timing> => {
      const request = { from: to - days * DAY_MS, to, timezone: 'UTC' };
      return time(() => runSignal(database, signal, request));
    };
    const day: Timings = {};
    const all: Timings = {};
    for (const signal of CATALOGUE) {
      day[signal.id] = await ask(signal, 1);
      all[signal.id] = await ask(signal, DAYS);
      process.stderr.write(`${signal.id} ${JSON.stringify([day[signal.id], all[signal.id]])}\n`);
    }
    return { events, day, all };
  } finally {
    await database.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Processor time of a process so far, user and system. */
function processorMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND) * 1000;
}

function cellOf(timing: Timing | undefined): string {
  if (timing === undefined) return '–';
  const { median, best, cpu } = timing;
  return [median, best, ...(cpu === undefined ? [] : [cpu])].map((ms) => ms.toFixed(0)).join(' / ');
}

function table(title: string, columns: Record<string, Timings>): string {
  const names = Object.keys(columns);
  const head = `| Signal | ${names.join(' | ')} |\n| --- | ${names.map(() => '---:').join(' | ')} |`;
  const rows = CATALOGUE.map(
    ({ id }) => `| \`${id}\` | ${names.map((name) => cellOf(columns[name]?.[id])).join(' | ')} |`,
  );
  const worst = names.map((name) => {
    const timings = Object.entries(columns[name] ?? {});
    const [slowest] = timings.toSorted((a, b) => b[1].median - a[1].median);
    return `${name}: ${slowest?.[1].median.toFixed(0)} ms (\`${slowest?.[0]}\`)`;
  });
  return `## ${title}\n\nSlowest by median: ${worst.join('; ')}.\n\n${head}\n${rows.join('\n')}\n`;
}

/** Writes one page of results, with the machine they were taken on. */
function writePage(name: string, title: string, body: string): void {
  const [cpu] = cpus();
  const load = loadavg().map((number) => number.toFixed(0));
  const machine = `Machine: ${cpus().length} × ${cpu?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}. Load average over 1, 5 and 15 minutes, other work included: ${load.join(', ')}.`;
  const text = `# ${title}\n\n<!-- Written by node test/bench/signals.ts. -->\n\n${body}\n${machine}\n`;
  writeFileSync(join(import.meta.dirname, '../../docs/benchmarks', name), text);
}

const wanted = process.argv.slice(2);
const isWanted = (part: string): boolean => wanted.length === 0 || wanted.includes(part);
if (isWanted('loki')) {
  const { records, panel, rule } = await timeLoki();
  const body = table('Milliseconds: median of ten / best / processor time of Loki per query', {
    [`panel over ${DAYS} days`]: panel,
    'rule over 24 h': rule,
  });
  const title = `Signals on a real Loki 3.7.6: ${records.toLocaleString('en')} records over ${DAYS} days`;
  writePage('signals-loki.md', title, body);
}
if (isWanted('store')) {
  const { events, day, all } = await timeStore();
  const body = table('Milliseconds: median of ten / best', { 'last 24 h': day, [`all ${DAYS} days`]: all });
  const title = `Signals in the embedded store: ${events.toLocaleString('en')} events over ${DAYS} days`;
  writePage('signals-store.md', title, body);
}

// How long every panel takes: each query of each board on a real Loki with 210,000 records over 35 days, over
// the range that the board opens with and over all of them. Writes docs/benchmarks/boards.md; asserts nothing.
//
//   node test/bench/boards.ts [BOARD…]    with names of boards it only prints

import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../core/time/time.ts';
import { dashboardOf } from '../../dashboards/board.ts';
import { BOARDS } from '../../dashboards/build.ts';
import { askLoki, panelsOf, type LokiTarget } from '../dashboards/grafana.ts';
import { generateCorpus } from '../fixtures/corpus.ts';
import { pushEvents } from '../signals/backends.ts';
import { startLoki } from '../stack/loki.ts';
import { writeOut } from '../stack/written-out.ts';

const DAYS = 35;
const RECORDS = 210_000;
/** Of the corpus, on average. */
const EVENTS_PER_RUN = 25;
const ROUNDS = 2;
const CLOCK_TICKS_PER_SECOND = 100;
const OPENING: Readonly<Record<string, number>> = { 'now-24h': 24 * HOUR_MS, 'now-7d': 7 * DAY_MS };

/** Of a panel, its queries asked at once, in ms: best of the rounds, and processor time of Loki in it. */
interface Timing {
  readonly best: number;
  readonly cpu: number;
}

interface Row {
  readonly board: string;
  readonly panel: string;
  readonly queries: number;
  readonly opening: Timing;
  readonly all: Timing;
}

const wanted = process.argv.slice(2);
const now = Date.now();
const events = generateCorpus({
  seed: 35,
  to: now - 5 * MINUTE_MS,
  days: DAYS,
  runsPerDay: Math.round(RECORDS / DAYS / EVENTS_PER_RUN),
});
const run = events.findLast((event) => event['event.name'] === 'agent.run')?.['agent.run_id'] ?? '';
const loki = await startLoki();
const rows: Row[] = [];
/** Boards share panels; each is timed once. */
const timings = new Map<string, Timing>();
try {
  process.stderr.write(`pushing ${events.length} records\n`);
  await pushEvents(loki.otlpUrl, events);
  await writeOut(loki, events);
  for (const board of BOARDS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    const dashboard = dashboardOf(board);
    for (const panel of panelsOf(dashboard)) {
      const targets = ((panel.targets ?? []) as unknown as LokiTarget[]).filter(
        ({ datasource }) => datasource?.type === 'loki',
      );
      if (targets.length === 0) continue;
      const opening = await timePanel(panel, targets, OPENING[board.from] ?? DAY_MS, dashboard);
      const all = await timePanel(panel, targets, DAYS * DAY_MS, dashboard);
      rows.push({ board: board.title, panel: panel.title ?? '', queries: targets.length, opening, all });
      process.stderr.write(`${board.name} ${panel.title} ${JSON.stringify([opening, all])}\n`);
    }
  }
} finally {
  await loki.stop();
}
if (wanted.length === 0) writeFileSync(new URL('../../docs/benchmarks/boards.md', import.meta.url), report());

async function timePanel(
  panel: Panel,
  targets: readonly LokiTarget[],
  lengthMs: number,
  dashboard: Parameters<typeof askLoki>[1],
): Promise<Timing> {
  const key = JSON.stringify([lengthMs, panel.timeFrom, targets.map(({ expr }) => expr)]);
  const known = timings.get(key);
  if (known !== undefined) return known;
  let best: Timing = { best: Number.POSITIVE_INFINITY, cpu: Number.POSITIVE_INFINITY };
  for (let round = 0; round < ROUNDS; round++) {
    // Each round asks for another end, so that no result is remembered.
    const to = now - 1000 * round;
    const range = { from: to - lengthMs, to };
    const [started, before] = [performance.now(), processorMsOf(loki.process.pid)];
    const ask = (target: LokiTarget): ReturnType<typeof askLoki> =>
      askLoki(loki.url, dashboard, panel, target, { range, now: to, choices: { run } });
    const answers = await Promise.allSettled(targets.map(ask));
    const failed = answers.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') {
      // On a busy machine Loki closes a connection after 30 s.
      process.stderr.write(`${panel.title}: ${String(failed.reason)}\n`);
      continue;
    }
    const cpu = processorMsOf(loki.process.pid) - before;
    best = { best: Math.min(best.best, performance.now() - started), cpu: Math.min(best.cpu, cpu) };
  }
  timings.set(key, best);
  return best;
}

/** Processor time of a process so far, user and system. */
function processorMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND) * 1000;
}

function report(): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB`;
  return `# How long the panels take

Real Loki 3.7.6 with the configuration of the stack, ${events.length} records over ${DAYS} days. For each panel, all of its queries asked at once: the best of ${ROUNDS} rounds / processor time of Loki, in ms; where other programs run beside it, the processor time is what can be compared. Every round asks for another end, so nothing comes from a cache. Machine: ${machine}; load at the end: ${loadavg()
    .map((load) => load.toFixed(1))
    .join(', ')}; ${new Date(now).toISOString().slice(0, 10)}. Made by \`node test/bench/boards.ts\`.

| Board | Panel | Queries | Range it opens with | ${DAYS} days |
| --- | --- | ---: | ---: | ---: |
${rows.map((row) => `| ${row.board} | ${row.panel} | ${row.queries} | ${cell(row.opening)} | ${cell(row.all)} |`).join('\n')}
`;
}

function cell({ best, cpu }: Timing): string {
  if (!Number.isFinite(best)) return 'failed';
  return `${best.toFixed(0)} / ${cpu.toFixed(0)}`;
}

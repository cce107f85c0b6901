// How long the server works for the page of a run of 300 steps and of one of 5,000, with a million events in the store: the
// page as it opens, with a step in the pane, filtered by a text, and the JSON of the whole run. Before each question an
// event is stored, so that nothing that was answered before is answered again.
// Run: node test/bench/web/run-pages.ts [EVENTS]. Writes docs/benchmarks/run-pages.md with machine and date.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import type { EventRecord } from '../../../core/event.ts';
import { startChildServer } from '../../server/child-server.ts';
import { makeDataDir } from '../../server/data-dir.ts';
import { openTestStore } from '../../server/test-store.ts';
import { generateEvents } from '../agent-history.ts';
import { encodeLogs } from '../encode-logs.ts';
import { httpSender } from '../otlp-load.ts';

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const EVENTS_AT_ONCE = 5000;
const QUESTIONS = 20;
const TICKS_PER_SECOND = 100;
const ROOT = path.resolve(import.meta.dirname, '../../..');
const RUNS = [
  ['a0', 150],
  ['a1', 2500],
] as const;

function idOf(mark: string): string {
  return mark.repeat(16);
}

function spanOf(mark: string, n: number): string {
  return `${mark}${n.toString(16).padStart(14, '0')}`;
}

/** Turns of a model call and a tool call, with three rows of context cost each; the last without a tool. */
function* runOf(mark: string, turns: number, endMs: number): Generator<EventRecord> {
  const common = {
    'service.name': 'bench',
    'agent.run_id': idOf(mark),
    trace_id: idOf(mark),
    'gen_ai.agent.name': 'support',
  };
  const startMs = endMs - turns * 2000;
  yield { ...common, timestamp: startMs, 'event.name': 'agent.run.started', span_id: spanOf(mark, 0) };
  for (let turn = 1; turn <= turns; turn++) {
    const at = { ...common, timestamp: startMs + turn * 2000, 'agent.step_number': turn };
    yield {
      ...at,
      'event.name': 'agent.model_call',
      span_id: spanOf(mark, turn),
      'gen_ai.response.model': 'claude-sonnet-5-5',
      'gen_ai.response.id': `msg_${mark}_${turn}`,
      'gen_ai.response.finish_reasons': [turn < turns ? 'tool_use' : 'end_turn'],
      duration_ms: 900,
      tokens_input: 200,
      tokens_cache_read: 20_000,
      tokens_output: 300,
      attempts: 1,
      cost_nano_usd: 11_100_000,
      'tallyspan.cost.status': 'priced',
    };
    for (const owner of ['(system)', '(output)', 'search_docs'])
      yield {
        ...at,
        'event.name': 'agent.tool_cost',
        span_id: spanOf(mark, turn),
        'gen_ai.tool.name': owner,
        cost_nano_usd: 3_700_000,
        tokens: 4000,
      };
    if (turn === turns) break;
    yield {
      ...at,
      timestamp: at.timestamp + 500,
      'event.name': 'agent.tool_call',
      span_id: spanOf(mark, 0x100000 + turn),
      'gen_ai.tool.name': turn % 7 === 0 ? 'read_order' : 'search_docs',
      'gen_ai.tool.call.id': `toolu_${mark}_${turn}`,
      duration_ms: 300,
      'tool.ok': turn % 50 !== 0,
      'tool.result_len': 800,
    };
  }
  yield {
    ...common,
    timestamp: endMs + 1000,
    'event.name': 'agent.run',
    span_id: spanOf(mark, 0),
    'agent.status': 'ok',
    duration_ms: turns * 2000,
    'agent.turns': turns,
    'agent.cost_nano_usd': 11_100_000 * turns,
  };
}

const dataDir = await makeDataDir();
const { database, store } = await openTestStore(dataDir);
const now = Date.now();
let batch: EventRecord[] = [];
const write = async (): Promise<void> => {
  await store.write({ events: batch, spans: [] });
  batch = [];
};
for (const [mark, turns] of RUNS) {
  batch = [...runOf(mark, turns, now - 3_600_000)];
  await write();
}
const history = generateEvents(EVENTS, now);
for (let n = 0; n < EVENTS; n++)
  if (batch.push(history.next().value as EventRecord) === EVENTS_AT_ONCE) await write();
await write();
await database.close();

const server = await startChildServer({ dataDir, lostAfterMs: 60 * 86_400_000 });
const sender = httpSender(`http://${server.httpAddress}/v1/logs`);

function processorMs(): number {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1000;
}

let sequence = 0;
async function time(address: string): Promise<string> {
  const times: number[] = [];
  let processor = 0;
  for (let n = -3; n < QUESTIONS; n++) {
    const note: EventRecord = {
      timestamp: Date.now(),
      'event.name': 'agent.note',
      'service.instance.id': 'bench-run-pages',
      'tallyspan.seq': ++sequence,
      'agent.note.kind': 'decision',
    };
    if (!(await sender.send(encodeLogs([note])))) throw new Error('an event was refused');
    const [asked, before] = [performance.now(), processorMs()];
    const answer = await fetch(server.uiUrl + address);
    const body = await answer.text();
    if (!answer.ok) throw new Error(`${address} answered ${answer.status}: ${body.slice(0, 300)}`);
    if (n < 0) continue;
    times.push(performance.now() - asked);
    processor += processorMs() - before;
  }
  times.sort((a, b) => a - b);
  const at = (q: number): number => Math.round(times[Math.floor(q * (times.length - 1))] ?? 0);
  return `${at(0.5)} | ${at(0.95)} | ${at(1)} | ${Math.round(processor / QUESTIONS)}`;
}

const lines: string[] = [];
for (const [mark, turns] of RUNS) {
  const steps = 2 * turns;
  const { length } = (
    (await (await fetch(`${server.uiUrl}/api/runs/${idOf(mark)}`)).json()) as {
      steps: readonly unknown[];
    }
  ).steps;
  if (length < steps - 1) throw new Error(`${length} of ${steps} steps are there`);
  const page = `/runs/${idOf(mark)}`;
  for (const [name, address] of [
    ['as it opens', page],
    ['a step in the pane', `${page}?step=${spanOf(mark, turns - 1)}`],
    ['filtered by a text', `${page}?q=search`],
    ['the whole run as JSON', `/api${page}`],
  ] as const)
    lines.push(`| ${length.toLocaleString('en')} | ${name} | ${await time(address)} |`);
}
sender.close();
await server.stop('SIGTERM');
rmSync(dataDir, { recursive: true, force: true });
const text = `# Pages of long runs, ${EVENTS.toLocaleString('en')} events stored

${QUESTIONS} questions each, an event stored before each of them; the server in a process of its own, the browser not
included. Goals: 95 of 100 within 50 ms for 300 steps and within 150 ms for 5,000. Written by
\`node test/bench/web/run-pages.ts\`. Processor time is what the server itself worked; the clock counts what others on the
machine did meanwhile.

| Steps | Page | p50 ms | p95 ms | longest ms | processor ms each |
|---|---|---|---|---|---|
${lines.join('\n')}

Machine: ${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 1e9)} GB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)};
load average at the end ${loadavg()[0]?.toFixed(1)}.
`;
writeFileSync(path.join(ROOT, 'docs/benchmarks/run-pages.md'), text);
process.stdout.write(text);

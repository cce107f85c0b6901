// Benchmark of the search over recorded content: runs of ten calls with prompts of some kilobytes, and what it takes to find
// a word that one call has, a phrase, a word that most have, and one that nobody said. In the process, the page not
// included.
// Run: node test/bench/web/content-search.ts [CALLS]. Writes docs/benchmarks/content-search.md with machine and date.

import { rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import type { EventRecord } from '../../../core/event.ts';
import { DAY_MS } from '../../../core/time/time.ts';
import { searchContent } from '../../../server/queries/search/search-content.ts';
import { makeDataDir } from '../../server/data-dir.ts';
import { openTestStore } from '../../server/test-store.ts';

const CALLS = Number(process.argv[2] ?? 100_000);
const CALLS_PER_RUN = 10;
const QUESTIONS = 20;
/** Words of one message, of so many that there are. */
const WORDS_PER_MESSAGE = 120;
const VOCABULARY = 20_000;
const ROOT = path.resolve(import.meta.dirname, '../../..');

let state = 1;
function next(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state % below;
}

/** Few words are frequent and many are not. */
function say(): string {
  return Array.from({ length: WORDS_PER_MESSAGE }, () => `word${next(1 + next(VOCABULARY))}`).join(' ');
}

function* calls(): Generator<EventRecord> {
  const start = Date.now() - 30 * DAY_MS;
  for (let run = 0; run < CALLS / CALLS_PER_RUN; run++) {
    const id = (run + 1).toString(16).padStart(32, '0');
    const messages: unknown[] = [{ role: 'user', content: `${say()} needle${run}` }];
    for (let step = 1; step <= CALLS_PER_RUN; step++) {
      const number = run * CALLS_PER_RUN + step;
      const answer = [{ type: 'text', text: say() }];
      yield {
        timestamp: start + Math.floor((number / CALLS) * 30 * DAY_MS),
        'event.name': 'agent.model_call',
        trace_id: id,
        span_id: number.toString(16).padStart(16, '0'),
        'agent.run_id': id,
        'agent.step_number': step,
        'service.instance.id': 'bench',
        'tallyspan.seq': number,
        'tallyspan.request_json': JSON.stringify({ system: 'You are a careful agent.', messages }),
        'tallyspan.response_json': JSON.stringify({ role: 'assistant', content: answer }),
      };
      messages.push({ role: 'assistant', content: answer }, { role: 'user', content: say() });
    }
  }
}

const dataDir = await makeDataDir();
const { database, store } = await openTestStore(dataDir);
const started = performance.now();
let batch: EventRecord[] = [];
for (const call of calls()) {
  if (batch.push(call) < 500) continue;
  await store.write({ events: batch, spans: [] });
  batch = [];
}
await store.write({ events: batch, spans: [] });
const storeSeconds = (performance.now() - started) / 1000;
const [stretches] = await database.all('SELECT count(*) AS n FROM recorded_words');

async function time(question: (n: number) => string): Promise<string> {
  const times: number[] = [];
  const before = process.cpuUsage();
  let found = 0;
  for (let n = 0; n < QUESTIONS; n++) {
    const asked = performance.now();
    const answer = await searchContent(database, question(n));
    times.push(performance.now() - asked);
    found += answer.found.length;
    if (answer.fault !== undefined) throw new Error(answer.fault);
  }
  const { user, system } = process.cpuUsage(before);
  times.sort((a, b) => a - b);
  const at = (q: number): number => Math.round(times[Math.floor(q * (times.length - 1))] ?? 0);
  return `${(found / QUESTIONS).toFixed(1)} | ${at(0.5)} | ${at(0.95)} | ${at(1)} | ${Math.round((user + system) / 1000 / QUESTIONS)}`;
}

const runs = CALLS / CALLS_PER_RUN;
const needle = (n: number): string => `needle${Math.floor(((n + 0.5) / QUESTIONS) * runs)}`;
await time(needle);
const rows = [
  ['a word of one call', await time(needle)],
  ['a word that nobody said', await time((n) => `nothing${n}`)],
  ['a word of many calls', await time((n) => `word${n * 7}`)],
  ['a phrase of frequent words that nobody said', await time((n) => `word${n} word${n + 1} word${n + 2}`)],
];
await database.close();
const diskMb = statSync(path.join(dataDir, 'tallyspan.duckdb')).size / 1e6;
rmSync(dataDir, { recursive: true, force: true });
const text = `# Search over recorded content: ${CALLS.toLocaleString('en')} calls

Runs of ${CALLS_PER_RUN} calls, each request with all messages before it, ${WORDS_PER_MESSAGE} words a message; ${QUESTIONS} questions of each kind, in the
process. Stored in ${storeSeconds.toFixed(0)} s, index included; ${Number(stretches?.['n']).toLocaleString('en')} stretches of words; the data file has ${diskMb.toFixed(0)} MB.
Written by \`node test/bench/web/content-search.ts\`.

| Question | found | p50 ms | p95 ms | longest ms | processor ms each |
|---|---|---|---|---|---|
${rows.map(([name, line]) => `| ${name} | ${line} |`).join('\n')}

Machine: ${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 1e9)} GB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)};
load average at the end ${loadavg()[0]?.toFixed(1)}.
`;
writeFileSync(path.join(ROOT, 'docs/benchmarks/content-search.md'), text);
process.stdout.write(text);

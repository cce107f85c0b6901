// What limits cost: letting a call through and settling it, in a run with a history of 20 KB and five limits; what asking
// whether something is limited costs where nothing is; the processor time of whole calls of the SDK without the preload,
// with it, with it again (what cannot be told apart), and with limits, in rounds whose members are compared with each
// other; and how long Claude Code waits for the guard. Writes docs/benchmarks/limits.md. Run it with
// `node test/bench/limits.ts`; ROUNDS and GUARD_ROUNDS set how often, for a look.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { format, resolveConfig } from 'prettier';
import { readLimitSettings } from '../../core/limits/limit-settings.ts';
import { toOtlpLogs } from '../../core/otlp/otlp-log.ts';
import { readUsage } from '../../core/pricing/usage.ts';
import { Limiter } from '../../instrumentation/limits/limiter.ts';
import { readRequest } from '../../instrumentation/record/request-facts.ts';
import type { Run } from '../../instrumentation/record/run.ts';
import type { Runs } from '../../instrumentation/record/runs.ts';
import { Observer } from '../../instrumentation/sdk/observer.ts';
import type { Telemetry } from '../../instrumentation/record/telemetry.ts';
import { ensureBuilt } from '../../scripts/ensure-built.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PAGE = path.join(ROOT, 'docs/benchmarks/limits.md');
const ADMITTED = 20_000;
const BLOCKS = 20;
const ROUNDS = Number(process.env['ROUNDS'] ?? 24);
const GUARD_ROUNDS = Number(process.env['GUARD_ROUNDS'] ?? 60);
const CALLS = '2000';
/** What the server has stored when the guard asks it. */
const STORED = 5_000;
const LIMITS = {
  TALLYSPAN_LIMIT_RUN: '$1000',
  TALLYSPAN_LIMIT_SESSION: '$1000',
  TALLYSPAN_LIMIT_USER_DAY: '$1000000',
  TALLYSPAN_LIMIT_TURNS: '1M',
  TALLYSPAN_LIMIT_TOKENS_RUN: '900000M',
};
const settings = readLimitSettings(LIMITS, []);
const body = {
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  messages: Array.from({ length: 20 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: 'word '.repeat(200),
  })),
};
const facts = readRequest(body);
const reading = readUsage({ input_tokens: 100, output_tokens: 20 });
if ('error' in reading) throw new Error(reading.message);
const run = {
  id: 'run',
  identity: { userId: 'user', sessionId: 'session' },
  agentName: 'agent',
  parentRun: undefined,
  loop: undefined,
} as unknown as Run;
const limiter = new Limiter({} as Telemetry, {} as Runs, undefined, 'instance', 'process', settings);

function round(): void {
  const outcome = limiter.admit({
    run,
    facts,
    body,
    client: undefined,
    platform: 'anthropic',
    region: undefined,
    active: ROOT_CONTEXT,
    canWait: true,
  });
  if (outcome === undefined || 'error' in outcome) throw new Error('refused');
  outcome.admission.settle({ costNanoUsd: 400_000, reading: reading as never, wasAnswered: true });
}

for (let index = 0; index < ADMITTED; index++) round();
const admitted = Array.from({ length: BLOCKS }, () => {
  const startMs = performance.now();
  for (let index = 0; index < ADMITTED / BLOCKS; index++) round();
  return ((performance.now() - startMs) * 1_000) / (ADMITTED / BLOCKS);
});

const unlimited = new Observer(
  { settings: {}, sightings: {} } as unknown as Telemetry,
  {} as Runs,
  undefined,
);
const request = { run, facts, body, client: undefined, active: ROOT_CONTEXT };
const LOOKS = 1_000_000;
function look(times: number): void {
  for (let index = 0; index < times; index++)
    if (unlimited.admit(request) !== undefined) throw new Error('something is limited');
}
look(LOOKS);
const looked = Array.from({ length: BLOCKS }, () => {
  const startMs = performance.now();
  look(LOOKS);
  return ((performance.now() - startMs) * 1e6) / LOOKS;
});
// So few that nothing is collected in between: what a look allocates stays seen.
const FEW_LOOKS = 100_000;
const heapOf = (work: () => void): number => {
  const before = process.memoryUsage().heapUsed;
  work();
  return process.memoryUsage().heapUsed - before;
};
const looksBytes = Array.from({ length: BLOCKS }, () => {
  const nothing = heapOf(() => undefined);
  return (
    (heapOf(() => {
      look(FEW_LOOKS);
    }) -
      nothing) /
    FEW_LOOKS
  );
});

const work = mkdtempSync(path.join(tmpdir(), 'tallyspan-bench-'));
const WAYS = ['bare', 'off', 'again', 'on'] as const;
type Way = (typeof WAYS)[number];

/** Processor time of a call in microseconds. */
function cpuOf(way: Way): number {
  const preload = ['--import', `file://${ROOT}/instrumentation/dist/register.mjs`];
  const program = path.join(import.meta.dirname, 'programs/limited-calls.mjs');
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...(way === 'bare' ? [] : preload), program, CALLS],
    {
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        TALLYSPAN_SPOOL: path.join(work, 'spool'),
        TALLYSPAN_LOG: 'off',
        OTEL_LOGS_EXPORTER: 'none',
        OTEL_TRACES_EXPORTER: 'none',
        ...(way === 'on' ? LIMITS : {}),
      },
    },
  );
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

/** Each round starts with another one: what else the machine does weighs on all alike. */
const turned = <T>(list: readonly T[], by: number): T[] => {
  const at = by % list.length;
  const order = [...list.slice(at), ...list.slice(0, at)];
  return by % (2 * list.length) < list.length ? order : order.toReversed();
};

await ensureBuilt();
const cpu: Record<Way, number[]> = { bare: [], off: [], again: [], on: [] };
for (let index = 0; index < ROUNDS; index++) {
  for (const way of turned(WAYS, index)) cpu[way].push(cpuOf(way));
  process.stderr.write(`round ${index + 1} of ${ROUNDS}\n`);
}

const GUARDS = ['node', 'unlimited', 'below', 'passed'] as const;
type Guard = (typeof GUARDS)[number];
const HOOK = JSON.stringify({ session_id: 's1', hook_event_name: 'PreToolUse', tool_name: 'Bash' });
const MAIN = path.join(ROOT, 'cli/dist/main.js');

interface Program {
  readonly process: ChildProcess;
  readonly ui: string;
  readonly otlp: string;
}

/** The built program, as a user starts it. */
async function startProgram(): Promise<Program> {
  const ports = ['--port', '0', '--grpc-port', '0', '--http-port', '0'];
  const args = [MAIN, 'up', '--no-open', '--data', path.join(work, 'data'), ...ports];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const [, ui, otlp] = / ui=(\S+) .*otlp-http=(\S+)/.exec(line) ?? [];
    if (ui !== undefined && otlp !== undefined) return { process: child, ui, otlp };
  }
  throw new Error('the server did not start');
}

/** Calls of today for a cent each, of fifty sessions. */
async function store({ otlp }: Program): Promise<void> {
  const now = Date.now();
  for (let from = 0; from < STORED; from += 500) {
    const events = Array.from({ length: 500 }, (_, index) => ({
      timestamp: now - index,
      'event.name': 'agent.model_call' as const,
      trace_id: (from + index + 1).toString(16).padStart(32, '0'),
      span_id: (from + index + 1).toString(16).padStart(16, '0'),
      'service.name': 'claude-code',
      'gen_ai.conversation.id': `s${index % 50}`,
      'gen_ai.request.model': 'claude-sonnet-5-5',
      'gen_ai.response.model': 'claude-sonnet-5-5',
      'gen_ai.response.id': `msg_${from + index}`,
      cost_nano_usd: 10_000_000,
    }));
    const { status } = await fetch(`http://${otlp}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(toOtlpLogs(events)),
    });
    if (status !== 200) throw new Error(`the server took no events: ${status}`);
  }
}

/** How long a hook is waited for, in ms, and what it said. */
async function runGuard(way: Guard, ui: string): Promise<{ readonly ms: number; readonly said: string }> {
  const limit = { below: '$1000', passed: '$0.01' }[way as string];
  const args = way === 'node' ? ['-e', '0'] : [MAIN, 'claude', 'guard'];
  const startMs = performance.now();
  const child = spawn(process.execPath, args, {
    env: {
      PATH: process.env['PATH'] ?? '',
      TALLYSPAN_URL: ui,
      // No answer in time is one that can be counted.
      TALLYSPAN_LIMIT_WITHOUT_SERVER: 'refuse',
      ...(limit === undefined ? {} : { TALLYSPAN_LIMIT_SESSION: limit, TALLYSPAN_LIMIT_USER_DAY: '$1000' }),
    },
  });
  let said = '';
  child.stdout.on('data', (part: Buffer) => (said += part.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(HOOK);
  await new Promise((resolve) => child.on('close', resolve));
  return { ms: performance.now() - startMs, said };
}

const server = await startProgram();
const waits: Record<Guard, number[]> = { node: [], unlimited: [], below: [], passed: [] };
let unanswered = 0;
const asked: number[] = [];
try {
  await store(server);
  for (let index = -3; index < GUARD_ROUNDS; index++) {
    for (const way of turned(GUARDS, index + 8)) {
      const { ms, said } = await runGuard(way, server.ui);
      // The first ones find nothing in the caches of the machine.
      if (index < 0) continue;
      waits[way].push(ms);
      if (said.includes('did not answer')) unanswered += 1;
      else if (said.includes('"deny"') !== (way === 'passed')) throw new Error(`${way}: ${said}`);
    }
    const startMs = performance.now();
    const response = await fetch(`${server.ui}/api/limits/guard`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ session: 's1', limits: { session: 1e12, user_day: 1e12 } }),
    });
    await response.text();
    if (response.status !== 200) throw new Error(`the guard's question: ${response.status}`);
    if (index >= 0) asked.push(performance.now() - startMs);
  }
} finally {
  const ended = new Promise((resolve) => server.process.on('close', resolve));
  server.process.kill();
  await ended;
  rmSync(work, { recursive: true, force: true });
}
await writeFile(PAGE, await format(report(), { ...(await resolveConfig(PAGE)), parser: 'markdown' }));
process.stdout.write(report());

/** The median with the interval that holds that of all such rounds in 95 of 100 cases, by the order of the values. */
function middleOf(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const low = Math.max(0, Math.floor((sorted.length - 1.96 * Math.sqrt(sorted.length)) / 2));
  const at = (index: number): string => (sorted[index] ?? Number.NaN).toFixed(digits);
  return `${at(Math.floor(sorted.length / 2))} (${at(low)} to ${at(sorted.length - 1 - low)})`;
}

/** Differences of the two in each round. */
function paired(values: readonly number[], base: readonly number[]): number[] {
  return values.map((value, index) => value - (base[index] ?? Number.NaN));
}

function percentile(values: readonly number[], share: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN).toFixed(0);
}

function report(): string {
  const call = (title: string, way: Way, base?: Way): string =>
    `| ${title} | ${middleOf(cpu[way], 0)} | ${base === undefined ? '' : middleOf(paired(cpu[way], cpu[base]), 1)} |`;
  const hook = (title: string, way: Guard, base?: Guard): string =>
    `| ${title} | ${middleOf(waits[way], 0)} | ${percentile(waits[way], 0.95)} | ${base === undefined ? '' : middleOf(paired(waits[way], waits[base]), 1)} |`;
  return `# What limits cost

Generated by \`node test/bench/limits.ts\`; do not edit.

${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${String(cpus().length)} × ${cpus()[0]?.model.trim() ?? 'unknown'}, load at the end ${(loadavg()[0] ?? 0).toFixed(1)}. Medians; in brackets the interval that holds the median in 95 of 100 cases.

## In process

Letting a call through and settling it, with five limits and a history of 20 KB: ${middleOf(admitted, 1)} µs a call. Aimed at: 50.

Without limits one look at whether there are any: ${middleOf(looked, 1)} ns, and ${middleOf(looksBytes, 2)} bytes.

## Whole calls

Processor time of a call of the SDK, answered in the process, with a history of 20 KB, in microseconds; each call is a run of its own, so that all of its accounts are new, which is the most that limits cost. ${String(ROUNDS)} rounds of ${CALLS} calls in each way, one after the other in changing order; the difference is that of one round. What the preload differs by from itself is what such rounds cannot tell apart.

| | µs a call | difference in a round |
|---|---|---|
${call('the SDK alone', 'bare')}
${call('with the preload, no limits', 'off', 'bare')}
${call('the same again, less the row above', 'again', 'off')}
${call('with five limits, less the preload without', 'on', 'off')}

## The guard of Claude Code

\`tallyspan claude guard\` as a hook, from its start to its end, beside a server that has stored ${STORED.toLocaleString('en-US')} calls of the day, in milliseconds; ${String(GUARD_ROUNDS)} rounds in changing order. Aimed at: 50.

| | ms | 95th percentile | difference in a round |
|---|---|---|---|
${hook('`node -e 0`', 'node')}
${hook('without a limit, less `node -e 0`', 'unlimited', 'node')}
${hook('with limits of session and day, below them, less without a limit', 'below', 'unlimited')}
${hook('past the limit of the session, less without a limit', 'passed', 'unlimited')}

The server itself answers in ${middleOf(asked, 1)} ms. Not answered within the 40 ms that the hook waits: ${String(unanswered)} of ${String(2 * GUARD_ROUNDS)}.
`;
}

// What limits add to a call in process: letting it through and settling it, in a run with a history of 20 KB and five
// limits; what asking whether something is limited costs where nothing is; and the processor time of whole calls of the
// SDK without the preload, with it, and with limits, in turns. The loop watch and the reading of the request are there
// without limits, too.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { readLimitSettings } from '../../core/limits/limit-settings.ts';
import { readUsage } from '../../core/pricing/usage.ts';
import { Limiter } from '../../instrumentation/limits/limiter.ts';
import { readRequest } from '../../instrumentation/record/request-facts.ts';
import type { Run } from '../../instrumentation/record/run.ts';
import type { Runs } from '../../instrumentation/record/runs.ts';
import { Observer } from '../../instrumentation/sdk/observer.ts';
import type { Telemetry } from '../../instrumentation/record/telemetry.ts';

const ROUNDS = 20_000;
const settings = readLimitSettings(
  {
    TALLYSPAN_LIMIT_RUN: '$1000',
    TALLYSPAN_LIMIT_SESSION: '$1000',
    TALLYSPAN_LIMIT_USER_DAY: '$1000',
    TALLYSPAN_LIMIT_TURNS: '1M',
    TALLYSPAN_LIMIT_TOKENS_RUN: '900000M',
  },
  [],
);
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

for (let index = 0; index < ROUNDS; index++) round();
const startMs = performance.now();
for (let index = 0; index < ROUNDS; index++) round();
const microseconds = ((performance.now() - startMs) * 1_000) / ROUNDS;

const unlimited = new Observer(
  { settings: {}, sightings: {} } as unknown as Telemetry,
  {} as Runs,
  undefined,
);
const request = { run, facts, body, client: undefined, active: ROOT_CONTEXT };
let answers = 0;
const LOOKS = 2_000_000;
const lookMs = performance.now();
for (let index = 0; index < LOOKS; index++) if (unlimited.admit(request) !== undefined) answers += 1;
const offNanoseconds = ((performance.now() - lookMs) * 1e6) / LOOKS;

const root = path.resolve(import.meta.dirname, '../..');
const LIMITS = {
  TALLYSPAN_LIMIT_RUN: '$1000',
  TALLYSPAN_LIMIT_SESSION: '$1000',
  TALLYSPAN_LIMIT_USER_DAY: '$1000000',
  TALLYSPAN_LIMIT_TURNS: '1M',
  TALLYSPAN_LIMIT_TOKENS_RUN: '900000M',
};
const spool = mkdtempSync(path.join(tmpdir(), 'tallyspan-bench-'));
/** Processor time of a call in microseconds. */
function cpuOf(way: 'bare' | 'off' | 'on'): number {
  const preload = ['--import', `file://${root}/instrumentation/dist/register.mjs`];
  const program = path.join(import.meta.dirname, 'programs/limited-calls.mjs');
  const { stdout } = spawnSync(process.execPath, [...(way === 'bare' ? [] : preload), program, '4000'], {
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      TALLYSPAN_SPOOL: spool,
      TALLYSPAN_LOG: 'off',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_TRACES_EXPORTER: 'none',
      ...(way === 'on' ? LIMITS : {}),
    },
  });
  return Number(stdout);
}
const seen = { bare: [] as number[], off: [] as number[], on: [] as number[] };
for (const way of [
  'bare',
  'off',
  'on',
  'on',
  'off',
  'bare',
  'bare',
  'off',
  'on',
  'on',
  'off',
  'bare',
] as const)
  seen[way].push(cpuOf(way));
rmSync(spool, { recursive: true, force: true });
const leastOf = (values: readonly number[]): number => Number(Math.min(...values).toFixed(1));
process.stdout.write(
  `${JSON.stringify({
    date: new Date().toISOString().slice(0, 10),
    machine: cpus()[0]?.model ?? 'unknown',
    node: process.versions.node,
    microseconds_per_call: Number(microseconds.toFixed(2)),
    off_nanoseconds_per_call: answers === 0 ? Number(offNanoseconds.toFixed(1)) : undefined,
    whole_call_cpu_microseconds: {
      bare: leastOf(seen.bare),
      off: leastOf(seen.off),
      on: leastOf(seen.on),
    },
  })}\n`,
);

// What limits add to a call in process: letting it through and settling it, in a run with a history of 20 KB and five
// limits. The loop watch and the reading of the request are not in it: they are there without limits, too.

import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { readLimitSettings } from '../../core/limits/limit-settings.ts';
import { readUsage } from '../../core/pricing/usage.ts';
import { Limiter } from '../../instrumentation/limits/limiter.ts';
import { readRequest } from '../../instrumentation/record/request-facts.ts';
import type { Run } from '../../instrumentation/record/run.ts';
import type { Runs } from '../../instrumentation/record/runs.ts';
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
process.stdout.write(
  `${JSON.stringify({
    date: new Date().toISOString().slice(0, 10),
    machine: cpus()[0]?.model ?? 'unknown',
    node: process.versions.node,
    microseconds_per_call: Number(microseconds.toFixed(2)),
  })}\n`,
);

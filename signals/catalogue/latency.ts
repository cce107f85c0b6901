// Latency: how long runs and calls take. Time is milliseconds.

import type { Signal } from '../signal.ts';
import { CALL_DIMENSIONS, quantile, range, ratio, RUN_DIMENSIONS, sum, sumOf, total } from '../values.ts';

const CALL = 'agent.model_call';
const STREAMED = [
  { field: 'ttft_ms', isPresent: true },
  { field: 'tokens_output', isPresent: true },
] as const;

function runLatency(percent: 50 | 95 | 99): Signal {
  return {
    id: `run_latency_p${percent}`,
    title: `Run latency, p${percent}`,
    unit: 'ms',
    help: `${percent} of 100 runs that ended by themselves took at most this.`,
    value: quantile(percent / 100, 'agent.run', 'duration_ms', [{ field: 'agent.status', isNot: 'lost' }]),
    window: range(),
    dimensions: [...RUN_DIMENSIONS, 'status', 'error'],
    whenEmpty: null,
    better: 'down',
    bad: 'Users wait. Above 10 s (p95) a synchronous caller gives up.',
    action: 'See turns_per_run, model_latency_p95 and tool_latency_p95: more steps, or slower ones?',
  };
}

function modelLatency(percent: 50 | 95 | 99): Signal {
  return {
    id: `model_latency_p${percent}`,
    title: `Model latency, p${percent}`,
    unit: 'ms',
    help: `${percent} of 100 model calls took at most this, retries and the whole stream included.`,
    value: quantile(percent / 100, CALL, 'duration_ms'),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'down',
    bad: 'The API is slow, calls are retried, or answers are long.',
    action:
      'Compare ttft_p95 (waiting) and generation_speed (writing) by model; see api_error_rate for retries.',
  };
}

function ttft(percent: 50 | 95): Signal {
  return {
    id: `ttft_p${percent}`,
    title: `Time to first chunk, p${percent}`,
    unit: 'ms',
    help: `${percent} of 100 streamed model calls sent their first chunk within this time.`,
    value: quantile(percent / 100, CALL, 'ttft_ms'),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'down',
    bad: 'The user sees nothing for that long: long uncached prompts, a busy API, retries.',
    action: 'See cache_hit_ratio; a cached prompt answers sooner.',
  };
}

export const LATENCY_SIGNALS: readonly Signal[] = [
  runLatency(50),
  runLatency(95),
  runLatency(99),
  modelLatency(50),
  modelLatency(95),
  modelLatency(99),
  ttft(50),
  ttft(95),
  {
    id: 'generation_speed',
    title: 'Generation speed',
    unit: 'tokens/s',
    help: 'Output tokens per second after the first chunk, over all streamed calls together.',
    value: total([
      1000,
      ratio(sum(CALL, 'tokens_output', STREAMED), sumOf(CALL, ['duration_ms'], ['ttft_ms'], STREAMED)),
    ]),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'up',
    bad: 'The model writes slowly: a busy API, or another model than you think.',
    action: 'Group by model; compare with the hours before.',
  },
];

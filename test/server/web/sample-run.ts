// One run as its events: two model calls around a tool that fails, and another that works.

import type { EventRecord } from '../../../core/event.ts';

export interface SampleOptions {
  /** One letter or digit, unlike that of any other sample in the test: ids are made of it. */
  readonly mark: string;
  /** When the run ended, Unix milliseconds. */
  readonly endMs: number;
  readonly status?: string;
  readonly user?: string;
  readonly agent?: string;
  readonly tags?: readonly string[];
  /** First place in the process. */
  readonly seq?: number;
  /** Left out: the run has only begun. */
  readonly isOpen?: boolean;
}

export const SAMPLE_COST_NANO_USD = 3_500_000 + 4_250_000;
export const SAMPLE_LENGTH_MS = 10_000;

/** Events of the run in the order in which they are emitted. */
export function sampleRun(options: SampleOptions): EventRecord[] {
  const { mark, endMs, isOpen = false } = options;
  const span = (n: number): string => `${mark.repeat(15)}${n.toString(16)}`;
  const common = {
    'service.name': 'support-service',
    'service.instance.id': `process-${mark}`,
    'agent.run_id': mark.repeat(32),
    trace_id: mark.repeat(32),
    'user.id': options.user ?? 'user-1',
    'gen_ai.agent.name': options.agent ?? 'support',
    'gen_ai.conversation.id': `session-${mark}`,
    'agent.task_type': 'answer',
  };
  const start = endMs - SAMPLE_LENGTH_MS;
  const call = (step: number, atMs: number, costNanoUsd: number): EventRecord => ({
    ...common,
    timestamp: atMs,
    'event.name': 'agent.model_call',
    span_id: span(step),
    parent_span_id: span(0),
    'agent.step_number': step,
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'claude-sonnet-5-5',
    'gen_ai.response.model': 'claude-sonnet-5-5',
    'gen_ai.response.id': `msg_${mark}_${step}`,
    'gen_ai.response.finish_reasons': [step === 1 ? 'tool_use' : 'end_turn'],
    duration_ms: 3000,
    tokens_input: 100,
    tokens_cache_read: 2000,
    tokens_cache_write_5m: 0,
    tokens_cache_write_1h: 0,
    tokens_output: 50,
    'gen_ai.usage.input_tokens': 2100,
    'gen_ai.usage.output_tokens': 50,
    cost_nano_usd: costNanoUsd,
    'tallyspan.cost.status': 'priced',
  });
  const events: EventRecord[] = [
    {
      ...common,
      timestamp: start,
      'event.name': 'agent.run.started',
      span_id: span(0),
      'agent.user_input_len': 40,
      ...(options.tags === undefined ? {} : { 'agent.tags': options.tags }),
    },
    call(1, start + 3000, 3_500_000),
    {
      ...common,
      timestamp: start + 4000,
      'event.name': 'agent.tool_call',
      span_id: span(8),
      parent_span_id: span(0),
      'agent.step_number': 1,
      'gen_ai.tool.name': 'search_docs',
      duration_ms: 1000,
      'tool.ok': false,
      'error.type': 'timeout',
      'tool.input_keys': ['limit', 'query'],
    },
    {
      ...common,
      timestamp: start + 4500,
      'event.name': 'agent.tool_call',
      span_id: span(9),
      parent_span_id: span(0),
      'agent.step_number': 1,
      'gen_ai.tool.name': 'read_file',
      duration_ms: 1500,
      'tool.ok': true,
      'tool.result_len': 900,
    },
    call(2, endMs, 4_250_000),
    ...(isOpen
      ? []
      : [
          {
            ...common,
            timestamp: endMs,
            'event.name': 'agent.run' as const,
            span_id: span(0),
            'agent.status': options.status ?? 'ok',
            ...(options.status === undefined ? {} : { 'error.type': 'api_error' }),
            ...(options.tags === undefined ? {} : { 'agent.tags': options.tags }),
            duration_ms: SAMPLE_LENGTH_MS,
            'agent.turns': 2,
            'agent.tool_calls': 2,
            'agent.tokens_in': 4200,
            'agent.tokens_out': 100,
            'agent.cost_nano_usd': SAMPLE_COST_NANO_USD,
            'agent.retries': 0,
          },
        ]),
  ];
  return events.map((event, index) => ({ ...event, 'tallyspan.seq': (options.seq ?? 1) + index }));
}

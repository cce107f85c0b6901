// The corpus of the benchmarks of the embedded server: one process that runs agents for a month.

import type { EventRecord } from '../../core/event.ts';
import { DAY_MS } from '../../core/time/time.ts';

const DAYS = 30;
const MODELS = ['claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-opus-5-5'];
const TOOLS = ['search_docs', 'read_file', 'run_tests', 'fetch_page'];

/** Events of run after run, evenly over the days before `endMs`: four model calls, three tool calls, one row of tool cost per call. */
export function* generateEvents(total: number, endMs: number, days = DAYS): Generator<EventRecord> {
  const start = endMs - days * DAY_MS;
  let seq = 0;
  for (let run = 1; ; run++) {
    const id = run.toString(16).padStart(32, '0');
    const make = (
      name: EventRecord['event.name'],
      span: number,
      fields: Partial<EventRecord>,
    ): EventRecord => ({
      timestamp: start + Math.floor((seq / total) * days * DAY_MS),
      'event.name': name,
      trace_id: id,
      span_id: (run * 100 + span).toString(16).padStart(16, '0'),
      parent_span_id: (run * 100).toString(16).padStart(16, '0'),
      'service.name': 'bench',
      'service.instance.id': 'bench-process',
      'tallyspan.seq': ++seq,
      'agent.run_id': id,
      'gen_ai.conversation.id': `session-${run >> 2}`,
      'user.id': `user-${run % 200}`,
      'agent.task_type': ['triage', 'answer', 'refund'][run % 3],
      'gen_ai.agent.name': ['support', 'coder'][run % 2],
      'agent.version': `1.14.${run % 3}`,
      ...fields,
    });
    yield make('agent.run.started', 0, { 'agent.user_input_len': 120, 'agent.inferred': true });
    for (let step = 1; step <= 4; step++) {
      const model = MODELS[(run + step) % MODELS.length];
      yield make('agent.model_call', step, {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'anthropic',
        'gen_ai.request.model': model,
        'gen_ai.response.model': model,
        'gen_ai.response.id': `msg_${run}_${step}`,
        'anthropic.request.id': `req_${run}_${step}`,
        duration_ms: 900 + (run % 3000),
        ttft_ms: 300,
        'gen_ai.response.finish_reasons': [step < 4 ? 'tool_use' : 'end_turn'],
        tokens_input: 50,
        tokens_cache_read: 20_000,
        tokens_cache_write_5m: 500,
        tokens_cache_write_1h: 0,
        tokens_output: 300,
        tokens_thinking: 0,
        'gen_ai.usage.input_tokens': 20_550,
        'gen_ai.usage.output_tokens': 300,
        'gen_ai.usage.cache_read.input_tokens': 20_000,
        'gen_ai.usage.cache_creation.input_tokens': 500,
        service_tier: 'standard',
        'agent.step_number': step,
        attempts: 1,
        cost_nano_usd: 13_000_000 + ((run * 7919) % 5_000_000),
        cost_input_nano_usd: 150_000,
        cost_cache_read_nano_usd: 6_000_000,
        cost_cache_write_5m_nano_usd: 1_875_000,
        cost_output_nano_usd: 4_500_000,
        'tallyspan.cost.status': 'priced',
        'tallyspan.price.table': '2026-11-21.1',
      });
      if (step < 4)
        yield make('agent.tool_call', 10 + step, {
          'gen_ai.tool.name': TOOLS[(run + step) % TOOLS.length],
          'gen_ai.tool.call.id': `toolu_${run}_${step}`,
          duration_ms: 120,
          'tool.ok': run % 17 !== 0,
          'tool.retry_attempt': 0,
          'tool.input_keys': ['limit', 'query'],
          'tool.input_len': 60,
          'tool.result_len': 8000,
          'agent.step_number': step,
        });
      yield make('agent.tool_cost', step, {
        'gen_ai.tool.name': '(system)',
        'gen_ai.response.model': model,
        cost_nano_usd: 13_000_000,
        cost_cache_read_nano_usd: 13_000_000,
        tokens: 4000,
        'agent.step_number': step,
      });
    }
    yield make('agent.run', 0, {
      'agent.status': run % 20 === 0 ? 'error' : 'ok',
      duration_ms: 5000 + ((run * 7919) % 20_000),
      'agent.turns': 4,
      'agent.tool_calls': 3,
      'agent.tokens_in': 82_000,
      'agent.tokens_out': 1200,
      'agent.cost_nano_usd': 52_000_000,
    });
  }
}

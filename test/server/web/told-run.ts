// Runs with everything that their page can show: recorded content, tools in parallel, nested runs four deep, a failed
// tool and the call that read its error, and repeated steps.

import type { EventRecord } from '../../../core/event.ts';

export const SECRET_WORD = 'marzipan';

export interface ToldOptions {
  /** Two hex digits, unlike those of any other run in the test. */
  readonly mark: string;
  readonly endMs: number;
  readonly hasContent?: boolean;
  readonly isOpen?: boolean;
  readonly status?: string;
  readonly parent?: { readonly mark: string; readonly spanId: string };
  /** Model calls, each with one tool call; the last without. */
  readonly turns?: number;
  readonly agent?: string;
  /** What a user wrote; the first message. */
  readonly question?: string;
  readonly system?: string;
  /** What the tools of a turn are called; by turn. */
  readonly toolsOf?: (turn: number) => readonly string[];
}

const TURN_MS = 2000;
const CALL_COST = 3_000_000;

export function idOf(mark: string): string {
  return mark.repeat(16);
}

export function spanOf(mark: string, n: number): string {
  return `${mark}${n.toString(16).padStart(14, '0')}`;
}

export const SYSTEM = 'You are a careful support agent.\nAnswer in one sentence.';

/** Tool calls have spans 1000 × turn + their place, model calls those of their turn. */
export function toldRun(options: ToldOptions): EventRecord[] {
  const { mark, endMs, turns = 3, hasContent = true, question = 'Where is my order 17?' } = options;
  const toolsOf =
    options.toolsOf ?? ((turn) => (turn === 1 ? ['search_docs', 'read_order'] : ['search_docs']));
  const startMs = endMs - turns * TURN_MS;
  const common = {
    'service.name': 'support-service',
    'service.instance.id': `process-${mark}`,
    'agent.run_id': idOf(mark),
    trace_id: idOf(mark),
    'user.id': 'user-1',
    'gen_ai.agent.name': options.agent ?? 'support',
    ...(options.parent === undefined ? {} : { 'agent.parent_run_id': idOf(options.parent.mark) }),
  };
  const messages: unknown[] = [{ role: 'user', content: question }];
  const events: EventRecord[] = [
    {
      ...common,
      timestamp: startMs,
      'event.name': 'agent.run.started',
      span_id: spanOf(mark, 0xfffff),
      ...(options.parent === undefined ? {} : { parent_span_id: options.parent.spanId }),
    },
  ];
  let costs = 0;
  for (let turn = 1; turn <= turns; turn++) {
    const atMs = startMs + (turn - 1) * TURN_MS;
    const isLast = turn === turns;
    const tools = isLast ? [] : toolsOf(turn);
    const uses = tools.map((name, place) => ({
      type: 'tool_use',
      id: `toolu_${mark}_${turn}_${place}`,
      name,
      input: { query: `order ${turn}`, note: SECRET_WORD },
    }));
    const request = {
      model: 'claude-sonnet-5-5',
      max_tokens: 1024,
      system: options.system ?? SYSTEM,
      tools: [{ name: 'search_docs', description: 'Searches.', input_schema: { type: 'object' } }],
      messages: [...messages],
    };
    const content = isLast
      ? [
          { type: 'thinking', thinking: 'The order is on its way.', signature: 'x' },
          { type: 'text', text: `Your order is on its way. ${SECRET_WORD}` },
        ]
      : [{ type: 'text', text: `Looking, turn ${turn}.` }, ...uses];
    events.push({
      ...common,
      timestamp: atMs + 1000,
      'event.name': 'agent.model_call',
      span_id: spanOf(mark, turn),
      'agent.step_number': turn,
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': 'claude-sonnet-5-5',
      'gen_ai.response.model': 'claude-sonnet-5-5',
      'gen_ai.response.id': `msg_${mark}_${turn}`,
      'anthropic.request.id': `req_${mark}_${turn}`,
      'gen_ai.response.finish_reasons': [isLast ? 'end_turn' : 'tool_use'],
      duration_ms: 1000,
      ttft_ms: 300,
      attempts: turn === 2 ? 2 : 1,
      ...(turn === 2 ? { retried_status: ['529'] } : {}),
      tokens_input: 200,
      tokens_cache_read: 1800,
      tokens_cache_write_5m: 100,
      tokens_cache_write_1h: 0,
      tokens_output: 60,
      'gen_ai.usage.input_tokens': 2100,
      'gen_ai.usage.output_tokens': 60,
      cost_nano_usd: CALL_COST,
      cost_input_nano_usd: 600_000,
      cost_cache_read_nano_usd: 540_000,
      cost_cache_write_5m_nano_usd: 375_000,
      cost_output_nano_usd: 1_485_000,
      'tallyspan.cost.status': 'priced',
      'tallyspan.price.row': 'claude-sonnet-5-5@2026-01-01',
      'tallyspan.price.table': '2026-11-21.1',
      ...(hasContent
        ? {
            'tallyspan.request_json': JSON.stringify(request),
            'tallyspan.response_json': JSON.stringify({
              id: `msg_${mark}_${turn}`,
              type: 'message',
              role: 'assistant',
              content,
            }),
          }
        : {}),
    });
    costs += CALL_COST;
    for (const [owner, share] of [
      ['(system)', 0.2],
      ['(tools)', 0.1],
      ['search_docs', 0.4],
      ['(output)', 0.3],
    ] as const)
      events.push({
        ...common,
        timestamp: atMs + 1000,
        'event.name': 'agent.tool_cost',
        span_id: spanOf(mark, turn),
        'agent.step_number': turn,
        'gen_ai.tool.name': owner,
        'gen_ai.response.model': 'claude-sonnet-5-5',
        cost_nano_usd: CALL_COST * share,
        cost_cache_read_nano_usd: CALL_COST * share,
        tokens: 100,
      });
    const failsAt = turn === 2 ? 0 : -1;
    tools.forEach((name, place) =>
      events.push({
        ...common,
        timestamp: atMs + 1900,
        'event.name': 'agent.tool_call',
        span_id: spanOf(mark, turn * 1000 + place),
        'agent.step_number': turn,
        'gen_ai.tool.name': name,
        'gen_ai.tool.call.id': `toolu_${mark}_${turn}_${place}`,
        duration_ms: 800,
        'tool.ok': place !== failsAt,
        ...(place === failsAt ? { 'error.type': 'timeout' } : {}),
        'tool.input_keys': ['note', 'query'],
        'tool.result_len': 40,
      }),
    );
    messages.push(
      { role: 'assistant', content },
      {
        role: 'user',
        content: uses.map(({ id }, place) => ({
          type: 'tool_result',
          tool_use_id: id,
          content: place === failsAt ? 'timed out after 30 s' : `Order ${turn}: sent on Monday.`,
          ...(place === failsAt ? { is_error: true } : {}),
        })),
      },
    );
  }
  if (options.isOpen !== true)
    events.push({
      ...common,
      timestamp: endMs,
      'event.name': 'agent.run',
      span_id: spanOf(mark, 0xfffff),
      'agent.status': options.status ?? 'ok',
      ...(options.status === undefined ? {} : { 'error.type': 'timeout' }),
      duration_ms: endMs - startMs,
      'agent.turns': turns,
      'agent.tool_calls': turns - 1,
      'agent.tokens_in': 2100 * turns,
      'agent.tokens_out': 60 * turns,
      'agent.cost_nano_usd': costs,
    });
  return events.map((event, index) => ({ ...event, 'tallyspan.seq': index + 1 }));
}

/** Run `a0` has in its first tool call run `a1`, which has `a2`, which has `a3`, which has `a4`. */
export function nestedRuns(endMs: number): EventRecord[] {
  return ['a0', 'a1', 'a2', 'a3', 'a4'].flatMap((mark, depth, marks) =>
    toldRun({
      mark,
      endMs: endMs + depth,
      agent: depth === 0 ? 'support' : `helper-${depth}`,
      ...(depth === 0
        ? {}
        : { parent: { mark: marks[depth - 1] as string, spanId: spanOf(marks[depth - 1] as string, 1000) } }),
      ...(depth === 4 ? { status: 'error' } : {}),
    }),
  );
}

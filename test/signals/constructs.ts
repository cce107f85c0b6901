// Signals that nobody asks for: one for each thing that a definition can say, so that each can be got wrong.

import { DAY_MS } from '../../core/time/time.ts';
import {
  isCount,
  type Filter,
  type Fold,
  type Signal,
  type Value,
  type Window,
} from '../../signals/signal.ts';
import {
  count,
  days,
  distinct,
  mean,
  per,
  quantile,
  range,
  ratio,
  sum,
  sumOf,
  total,
} from '../../signals/values.ts';

const CALL = 'agent.model_call';
const TOOL = 'agent.tool_call';
const RUN = 'agent.run';
const COST = 'cost_nano_usd';
const TOOL_DIMENSIONS = ['tool', 'agent', 'user', 'step'] as const;
const CALL_DIMENSIONS = ['model', 'agent', 'user', 'step', 'service'] as const;

/** What a value is of nothing: a count is 0, and so is a multiple of one. */
function emptyOf(value: Value): 0 | null {
  if (value.kind === 'total') return value.parts.every((part) => isCount(part.value)) ? 0 : null;
  return isCount(value) ? 0 : null;
}

function construct(
  id: string,
  value: Value,
  dimensions: Signal['dimensions'] = CALL_DIMENSIONS,
  window: Window = range(),
): Signal {
  return {
    id,
    title: id,
    unit: '1',
    help: '',
    value,
    window,
    dimensions,
    whenEmpty: emptyOf(value),
    better: 'neither',
    bad: '',
    action: '',
  };
}

const FILTERS: Readonly<Record<string, readonly [Fold['of'], Filter]>> = {
  is_text: [CALL, { field: 'gen_ai.agent.name', is: 'support' }],
  is_true: [TOOL, { field: 'tool.ok', is: true }],
  is_false: [TOOL, { field: 'tool.ok', is: false }],
  is_not_text: [RUN, { field: 'agent.status', isNot: 'ok' }],
  is_not_true: [TOOL, { field: 'tool.ok', isNot: true }],
  is_not_false: [TOOL, { field: 'tool.ok', isNot: false }],
  one_of: [RUN, { field: 'agent.status', oneOf: ['ok', 'lost', "it's (.*)"] }],
  holds: [CALL, { field: 'retried_status', holds: ['529', 'connection_error'] }],
  over: [CALL, { field: 'tokens_output', over: 150 }],
  starts_not_with: ['agent.tool_cost', { field: 'gen_ai.tool.name', startsNotWith: '(' }],
  is_present: [CALL, { field: 'error.type', isPresent: true }],
  any_of: [
    RUN,
    {
      anyOf: [
        { field: 'agent.status', is: 'error' },
        { field: 'agent.status', is: 'lost' },
      ],
    },
  ],
};

const SPANS = ['window', 'settled', 'today', 'earlierDays', 'earlierDaysSoFar'] as const;

/** Every kind of filter, aggregate, span, value and window. */
export const CONSTRUCTS: readonly Signal[] = [
  ...Object.entries(FILTERS).map(([name, [of, filter]]) =>
    construct(`filter_${name}`, count(of, [filter]), ['agent', 'user']),
  ),
  ...SPANS.map((span) => construct(`span_${span}`, sum(CALL, COST, [], { span }))),
  ...SPANS.map((span) => construct(`days_${span}`, days(CALL, COST, { span }))),
  construct('count', count(CALL)),
  // What a correction replaces is marked in the store alone, and Loki has no bill.
  construct(
    'count_all',
    count(
      '*',
      (['agent.score', 'billing.cost', 'judge.call'] as const).map((name) => ({
        field: 'event.name',
        isNot: name,
      })),
    ),
    ['service', 'agent'],
  ),
  construct('sum', sum(TOOL, 'duration_ms'), TOOL_DIMENSIONS),
  construct('max', { kind: 'fold', of: CALL, aggregate: 'max', field: 'duration_ms' }),
  construct('median', quantile(0.5, CALL, 'duration_ms')),
  construct('quantile', quantile(0.9, CALL, 'ttft_ms', [{ field: 'gen_ai.agent.name', isNot: 'triage' }])),
  construct('distinct', distinct(CALL, 'user.id')),
  construct(
    'latest_count',
    count('agent.score', [{ field: 'score_passed', is: true }], { onlyLatest: true }),
    ['label', 'agent'],
  ),
  construct('latest_sum', sum('agent.score', 'score_millionths', [], { onlyLatest: true }), ['score']),
  construct('latest_distinct', distinct('agent.score', 'agent.run_id', [], { onlyLatest: true }), ['scorer']),
  construct('max_age', { kind: 'fold', of: CALL, aggregate: 'maxAge', field: 'tallyspan.price.table' }),
  construct('gaps', { kind: 'fold', of: '*', aggregate: 'gaps', field: 'tallyspan.seq' }, ['service']),
  construct('places', { kind: 'fold', of: '*', aggregate: 'places', field: 'tallyspan.seq' }, ['service']),
  construct('terms', sumOf(CALL, ['tokens_input', 'tokens_cache_read'], ['tokens_output'])),
  construct('terms_added', sumOf(CALL, ['tokens_cache_write_5m', 'tokens_cache_write_1h'])),
  construct('mean', mean(CALL, 'duration_ms')),
  construct(
    'ratio_of_counts',
    ratio(count(TOOL, [{ field: 'tool.ok', is: false }]), count(TOOL)),
    TOOL_DIMENSIONS,
  ),
  construct('ratio_of_sums', ratio(sum(CALL, 'tokens_output'), sum(CALL, 'tokens_input'))),
  construct('share', ratio(count(CALL), count(CALL), ['model'])),
  construct('share_of_cost', ratio(sum(CALL, COST), sum(CALL, COST), ['user', 'model'])),
  construct('total', total([2, sum(CALL, 'tokens_input')], [-1, sum(CALL, 'tokens_output')])),
  construct('total_of_other_events', total([1, sum(CALL, 'duration_ms')], [0.5, sum(TOOL, 'duration_ms')]), [
    'agent',
    'user',
  ]),
  construct('part', per(sum(CALL, COST), 7)),
  construct('times', { kind: 'total', parts: [{ times: 3, over: 2, value: count(CALL) }] }),
  construct('guarded', {
    kind: 'guarded',
    value: ratio(sum(CALL, COST), count(CALL)),
    needs: count(CALL, [{ field: 'gen_ai.agent.name', is: 'support' }]),
    atLeast: 2,
  }),
  construct(
    'unless_by',
    sum('agent.tool_cost', COST, [], {
      unlessBy: { dimension: 'tool', where: [{ field: 'gen_ai.tool.name', startsNotWith: '(' }] },
    }),
    TOOL_DIMENSIONS,
  ),
  construct('began', count(RUN, [], { instant: 'start', span: 'settled' }), ['agent', 'user']),
  construct(
    'unless_run_has',
    distinct('*', 'agent.run_id', [], {
      span: 'aftermath',
      unlessRunHas: [
        { of: RUN, span: 'aroundSettled' },
        { of: '*', span: 'before' },
      ],
    }),
    ['agent', 'user'],
  ),
  construct('with_duplicates', count(CALL, [], { withDuplicates: true })),
  construct('rolling', sum(CALL, COST), CALL_DIMENSIONS, { kind: 'rolling', lengthMs: 3 * DAY_MS }),
  construct('day', sum(CALL, COST), CALL_DIMENSIONS, { kind: 'day' }),
];

// Model calls: how many, and how they stop.

import type { Filter, Signal } from '../signal.ts';
import { CALL_DIMENSIONS, count, IS_ONE_CALL, range, ratio } from '../values.ts';

const CALL = 'agent.model_call';
const CALLS = count(CALL, [IS_ONE_CALL]);

/** Ended in 429 or 529, under the API's names and as bare statuses, or was retried after one. */
const OVER_LIMIT: Filter = {
  anyOf: [
    { field: 'error.type', oneOf: ['rate_limit_error', 'overloaded_error', '429', '529'] },
    { field: 'retried_status', holds: ['429', '529'] },
  ],
};

function stopRate(reason: string): Signal['value'] {
  return ratio(count(CALL, [{ field: 'gen_ai.response.finish_reasons', holds: [reason] }]), CALLS);
}

export const CALL_SIGNALS = [
  {
    id: 'model_calls',
    title: 'Model calls',
    unit: '1',
    help: 'Model calls that ended, each counted once however often it was retried. What Claude Code counted beyond the calls of its transcripts is none.',
    value: CALLS,
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: 0,
    better: 'neither',
    bad: 'Grows faster than run_count: runs take more turns.',
    action: 'See turns_per_run by agent and version.',
  },
  {
    id: 'model_error_rate',
    title: 'Model error rate',
    unit: 'ratio',
    help: 'Model calls that ended in an error after all retries, of all model calls. By error: the share of each in all calls.',
    value: ratio(count(CALL, [{ field: 'error.type', isPresent: true }]), CALLS, ['error']),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'down',
    bad: 'Calls fail for good, and most runs with them.',
    action:
      'Group by error: invalid_request_error is a fault of the caller, authentication_error a key, api_error the other side.',
  },
  {
    id: 'api_error_rate',
    title: 'Rate-limit and overload rate',
    unit: 'ratio',
    help: 'Model calls that ended in, or were retried after, 429 or 529, of all model calls.',
    value: ratio(count(CALL, [OVER_LIMIT]), CALLS),
    window: range(),
    dimensions: CALL_DIMENSIONS.filter((dimension) => dimension !== 'error'),
    whenEmpty: null,
    better: 'down',
    bad: 'Above 0.01 the account runs into its limits or the API is overloaded; calls wait and then fail.',
    action: 'Group by model: lower the concurrency, spread the load, or ask for a higher limit.',
  },
  {
    id: 'max_tokens_rate',
    title: 'Stops at max_tokens',
    unit: 'ratio',
    help: 'Model calls whose answer was cut at max_tokens, of all model calls.',
    value: stopRate('max_tokens'),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'down',
    bad: 'Answers and tool calls are cut off and asked for again.',
    action: 'Raise max_tokens for the agent concerned, or ask for shorter answers.',
  },
  {
    id: 'refusal_rate',
    title: 'Refusals',
    unit: 'ratio',
    help: 'Model calls that the model refused, of all model calls.',
    value: stopRate('refusal'),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'down',
    bad: 'Users or tool results bring in what the model will not answer.',
    action: 'Group by agent and user; read one refused run.',
  },
] as const satisfies readonly Signal[];

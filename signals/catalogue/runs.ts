// Runs: how many, how they ended, how long the conversations are.

import type { Filter, Signal } from '../signal.ts';
import { count, distinct, mean, range, ratio, RUN_DIMENSIONS, sum, total } from '../values.ts';

const OK: Filter = { field: 'agent.status', is: 'ok' };
const NOT_OK: Filter = { field: 'agent.status', isNot: 'ok' };
const NOT_LOST: Filter = { field: 'agent.status', isNot: 'lost' };
const STARTED = count('agent.run.started', [], { span: 'settled' });
const ENDED = count('agent.run', [NOT_LOST], { span: 'settled', instant: 'start' });
/**
 * Runs that began in the settled part and go on: something was seen of them since, and neither a start nor an end.
 * One that began before the window was seen in the hour before it, or else was lost. A score may come whenever it likes.
 */
const GOING_ON = distinct('*', 'agent.run_id', [{ field: 'event.name', isNot: 'agent.score' }], {
  span: 'aftermath',
  unlessRunHas: [
    { of: 'agent.run.started', span: 'aftermath' },
    { of: 'agent.run', span: 'aroundSettled' },
    { of: '*', span: 'before' },
  ],
});
const ENDED_DIMENSIONS = [...RUN_DIMENSIONS, 'error', 'status'] as const;

export const RUN_SIGNALS = [
  {
    id: 'run_count',
    title: 'Runs',
    unit: '1',
    help: 'Runs started.',
    value: count('agent.run.started'),
    window: range(),
    dimensions: RUN_DIMENSIONS,
    whenEmpty: 0,
    better: 'neither',
    bad: 'A sudden drop means that callers stopped coming or that telemetry does not arrive; a jump means a loop or a new caller.',
    action: 'Group by agent and user; compare with lost_events before trusting a drop.',
  },
  {
    id: 'run_ended_count',
    title: 'Runs ended',
    unit: '1',
    help: 'Runs that ended, however they ended; abandoned ones are ended.',
    value: count('agent.run'),
    window: range(),
    dimensions: ENDED_DIMENSIONS,
    whenEmpty: 0,
    better: 'neither',
    bad: 'Far fewer than run_count: runs hang or their process is killed.',
    action: 'Group by status and look at run_loss_rate.',
  },
  {
    id: 'run_failures',
    title: 'Failed runs',
    unit: '1',
    help: 'Runs that ended in any other way than ok.',
    value: count('agent.run', [NOT_OK]),
    window: range(),
    dimensions: ENDED_DIMENSIONS,
    whenEmpty: 0,
    better: 'down',
    bad: 'Users did not get what they asked for.',
    action: 'Group by status and error, then open the newest failed run.',
  },
  {
    id: 'run_success_rate',
    title: 'Success rate',
    unit: 'ratio',
    help: 'Runs that ended ok, of all runs that ended; abandoned runs are ended and not ok.',
    value: ratio(count('agent.run', [OK]), count('agent.run')),
    window: range(),
    dimensions: RUN_DIMENSIONS,
    whenEmpty: null,
    better: 'up',
    bad: 'More runs than usual end in an error, are stopped, refused, or lost with their process.',
    action:
      'See run_failure_rate by status and by error; open the newest failed run and read its last tool call.',
  },
  {
    id: 'run_failure_rate',
    title: 'Failure rate',
    unit: 'ratio',
    help: 'Runs that ended in any other way than ok, of all runs that ended. By error or status: the share of each kind in all ended runs.',
    value: ratio(count('agent.run', [NOT_OK]), count('agent.run'), ['error', 'status']),
    window: range(),
    dimensions: ENDED_DIMENSIONS,
    whenEmpty: null,
    better: 'down',
    bad: 'One kind of failure grows: an API error, a budget or turn limit, a refusal, a crash.',
    action: 'Group by error; the largest share names what to repair first.',
  },
  {
    id: 'run_loss_rate',
    title: 'Loss rate',
    unit: 'ratio',
    help: 'Runs that started, did not end by themselves and of which nothing was seen for an hour, of all runs started, up to an hour before now. A run that goes on is not among them, however long it takes.',
    value: ratio(total([1, STARTED], [-1, ENDED], [-1, GOING_ON]), STARTED),
    window: range(),
    dimensions: RUN_DIMENSIONS,
    whenEmpty: null,
    better: 'down',
    bad: 'Processes die within a run (killed, out of memory, deployed over) or their last events are not delivered.',
    action: 'Group by service; look for restarts at those times, then at lost_events.',
  },
  {
    id: 'turns_per_run',
    title: 'Turns per run',
    unit: '1',
    help: 'Mean number of model calls of a run, over the runs that ended.',
    value: mean('agent.run', 'agent.turns'),
    window: range(),
    dimensions: ENDED_DIMENSIONS,
    whenEmpty: null,
    better: 'down',
    bad: 'Above 15 the agent circles: a tool fails and is tried again, or its answer does not help.',
    action: 'See tool_failure_rate and tool_retry_rate by tool; open the run with most turns.',
  },
  {
    id: 'turns_per_conversation',
    title: 'Turns per conversation',
    unit: '1',
    help: 'Model calls of ended runs, divided by the conversations that they belong to.',
    value: ratio(
      sum('agent.run', 'agent.turns', [{ field: 'gen_ai.conversation.id', isPresent: true }]),
      distinct('agent.run', 'gen_ai.conversation.id', [{ field: 'agent.turns', isPresent: true }]),
    ),
    window: range(),
    dimensions: ['agent', 'version', 'user', 'task', 'service'],
    whenEmpty: null,
    better: 'down',
    bad: 'Conversations grow; each further turn carries all earlier ones.',
    action: 'Shorten the context (compaction, smaller tool results) or close conversations earlier.',
  },
] as const satisfies readonly Signal[];

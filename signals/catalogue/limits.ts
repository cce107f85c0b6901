// Limits: whom they refuse, and how much of them is used.

import type { Filter, Signal } from '../signal.ts';
import { count, range, RUN_DIMENSIONS } from '../values.ts';

const LIMIT = 'agent.limit';
const REFUSED: Filter = { field: 'limit.action', oneOf: ['refused', 'stopped'] };

export const LIMIT_SIGNALS = [
  {
    id: 'limit_refusals',
    title: 'Refused by limits',
    unit: '1',
    help: 'Requests that a limit refused before they left, and streams that it ended.',
    value: count(LIMIT, [REFUSED]),
    window: range(),
    dimensions: ['limit', ...RUN_DIMENSIONS],
    whenEmpty: 0,
    better: 'down',
    bad: 'Users did not get what they asked for: the limit is too low for the work, or a loop was stopped in time.',
    action: 'Group by limit and user; open a run that ended as budget_exceeded, turn_limit or loop.',
  },
  {
    id: 'limit_used_ratio',
    title: 'Limit used, most',
    unit: 'ratio',
    help: 'The greatest share of a limit that was spent and reserved, among the warnings and refusals of the time.',
    value: { kind: 'fold', of: LIMIT, aggregate: 'max', field: 'limit.used_ratio' },
    window: range(),
    dimensions: ['limit', ...RUN_DIMENSIONS],
    whenEmpty: null,
    better: 'down',
    bad: 'From 0.8 the next requests may be refused.',
    action: 'Group by limit and user; raise the limit, or find out what is more expensive than usual.',
  },
] as const satisfies readonly Signal[];

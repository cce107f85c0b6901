// Findings: what fixes would recover. The server that looks for them stores the open ones once an hour.

import { HOUR_MS } from '../../core/time/time.ts';
import type { Signal } from '../signal.ts';
import { sum } from '../values.ts';

export const FINDING_SIGNALS = [
  {
    id: 'recoverable_cost',
    title: 'Recoverable a week',
    unit: 'nanoUsd',
    help: 'What the fixes of the open findings would have recovered in the last seven days; of the findings of the last two hours.',
    value: sum('agent.finding', 'finding_weekly_nano_usd'),
    window: { kind: 'rolling', lengthMs: 2 * HOUR_MS },
    dimensions: ['agent'],
    whenEmpty: null,
    better: 'down',
    bad: 'Money is spent that a known fix would save.',
    action: 'Run `tallyspan findings`: it has the fix of each, most money first.',
  },
] as const satisfies readonly Signal[];

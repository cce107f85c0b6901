// Rules about limits: they are nearly used up, or refuse requests.

import type { Rule } from './rule.ts';

const MINUTE = 60_000;

export const LIMIT_RULES: readonly Rule[] = [
  {
    id: 'limit-refusals',
    title: 'Requests refused by limits',
    severity: 'critical',
    signal: 'limit_refusals',
    by: 'limit',
    window: '15m',
    unit: 'count',
    comparison: 'above',
    threshold: 'limitRefusals',
    everyMs: MINUTE,
    forMs: 0,
    resolveAfterMs: 10 * MINUTE,
    noData: 'ok',
    causes: [
      { signal: 'limit_refusals', by: 'user', label: 'user', unit: 'count' },
      { signal: 'limit_refusals', by: 'agent', label: 'agent', unit: 'count' },
    ],
    runs: 'cost',
    subject: 'Requests refused in 15 minutes',
    action: 'Open a run that was stopped. A loop: fix its tool. Real work: raise the limit.',
  },
  {
    id: 'limit-used',
    title: 'A limit is nearly used up',
    severity: 'warning',
    signal: 'limit_used_ratio',
    by: 'limit',
    window: '15m',
    unit: 'ratio',
    comparison: 'above',
    threshold: 'limitUsedRatio',
    everyMs: MINUTE,
    forMs: 0,
    resolveAfterMs: 15 * MINUTE,
    noData: 'ok',
    causes: [{ signal: 'limit_used_ratio', by: 'user', label: 'user', unit: 'ratio' }],
    runs: 'cost',
    subject: 'Most used limit in 15 minutes',
    action: 'Raise the limit before it refuses requests, or see what costs more than usual.',
  },
];

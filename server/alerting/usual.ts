// The usual: what a rule's window is compared with, the same for its headline and for the reasons beneath it.
// It is a share of what some earlier stretches of time held together.

import { DAY_MS, dayOf, type Interval } from '../../core/time/time.ts';
import type { Rule } from '../../alerts/rules/rule.ts';
import { EARLIER_DAYS } from '../../signals/signal.ts';
import { intervalsOf } from '../../signals/spans.ts';

export interface Usual {
  readonly stretches: readonly Interval[];
  readonly share: number;
}

/**
 * One of the seven days before: the whole day for a spike, for other rules of the calendar day as much of it as today
 * has had so far. A shorter window is compared with its share of those days.
 */
export function usualOf(rule: Rule, interval: Interval, timezone: string): Usual {
  const earlier = earlierInterval(rule, interval, timezone);
  if (rule.window !== 'day')
    return { stretches: [earlier], share: (interval.to - interval.from) / (earlier.to - earlier.from) };
  const span = rule.signal === 'cost_spike' ? 'earlierDays' : 'earlierDaysSoFar';
  return { stretches: intervalsOf(span, interval, { timezone }), share: 1 / EARLIER_DAYS };
}

/** The seven days before: whole days for a rule of the calendar day. */
export function earlierInterval(rule: Rule, { from, to }: Interval, timezone: string): Interval {
  if (rule.window !== 'day') return { from: from - EARLIER_DAYS * DAY_MS, to: from };
  return { from: dayOf(to, timezone, -EARLIER_DAYS).from, to: from };
}

// Contributors: the user, tool and model with the largest part of an increase. What is now is compared
// with what the same length of time usually held in the seven days before.

import type { Dimension } from '../../core/schema.ts';
import { DAY_MS, dayOf, type Interval } from '../../core/time.ts';
import type { Contributor } from '../../alerts/rules/notice.ts';
import { readingOf } from '../../alerts/rules/reading.ts';
import type { Cause, Rule } from '../../alerts/rules/rule.ts';
import type { SignalResult } from '../../signals/result.ts';
import { EARLIER_DAYS, type SignalRequest } from '../../signals/signal.ts';
import type { GroupOf } from './run-behind.ts';

export type ReadSignalOf = (id: string, request: SignalRequest) => Promise<SignalResult>;

export interface ContributorQuestion {
  readonly rule: Rule;
  readonly interval: Interval;
  readonly group: GroupOf | undefined;
  readonly timezone: string;
  readonly pageUrl: string;
}

/** The top contributor of each cause of the rule, the one with the most dollars first; a cause where nothing increased has none. */
export async function findContributors(
  read: ReadSignalOf,
  question: ContributorQuestion,
): Promise<readonly Contributor[]> {
  const found: { contributor: Contributor; rank: number }[] = [];
  for (const cause of question.rule.causes) {
    const contributor = await findTop(read, cause, question);
    if (contributor !== undefined) found.push({ contributor, rank: rankOf(cause, contributor) });
  }
  return found.toSorted((a, b) => b.rank - a.rank).map(({ contributor }) => contributor);
}

/** Larger first. Every call has a model, so a model says least of why, whatever its part; counts keep their place. */
function rankOf(cause: Cause, { increase }: Contributor): number {
  return cause.unit === 'usd' && cause.by !== 'model' ? increase : 0;
}

async function findTop(
  read: ReadSignalOf,
  cause: Cause,
  { rule, interval, group, timezone, pageUrl }: ContributorQuestion,
): Promise<Contributor | undefined> {
  const where = group === undefined ? {} : { where: { [group.by]: group.key } };
  const ask = async ({ from, to }: Interval): Promise<ReadonlyMap<string, number | null>> =>
    readingOf(await read(cause.signal, { from, to, by: cause.by, timezone, now: interval.to, ...where }));
  const now = await ask(interval);
  const earlier = earlierInterval(rule, interval, timezone);
  const usual = await ask(earlier);
  const scale = usualShare(rule, interval, earlier);
  let total = 0;
  let top: { key: string; increase: number } | undefined;
  for (const key of new Set([...now.keys(), ...usual.keys()])) {
    const increase = (now.get(key) ?? 0) - (usual.get(key) ?? 0) * scale;
    total += increase;
    if (isTool(cause, key) && increase > (top?.increase ?? 0)) top = { key, increase };
  }
  if (top === undefined) return undefined;
  return {
    label: cause.label,
    key: top.key,
    unit: cause.unit,
    increase: cause.unit === 'count' ? Math.round(top.increase) : top.increase,
    // More than the whole is possible when others fell; a part of the increase it is then not.
    share: total > 0 ? Math.min(1, top.increase / total) : null,
    url: pageUrl + pathOf(cause.by, top.key),
  };
}

/** Pseudo-tools such as `(system)` are no tool that anybody could mend. */
function isTool(cause: Cause, key: string): boolean {
  return cause.by !== 'tool' || !key.startsWith('(');
}

/** The seven days before: whole days for a rule of the calendar day. */
export function earlierInterval(rule: Rule, { from, to }: Interval, timezone: string): Interval {
  if (rule.window !== 'day') return { from: from - EARLIER_DAYS * DAY_MS, to: from };
  return { from: dayOf(to, timezone, -EARLIER_DAYS).from, to: from };
}

/** What one window is of the earlier stretch; the spike rule compares with whole days. */
function usualShare(rule: Rule, interval: Interval, earlier: Interval): number {
  if (rule.signal === 'cost_spike') return 1 / EARLIER_DAYS;
  return (interval.to - interval.from) / (earlier.to - earlier.from);
}

function pathOf(by: Dimension, key: string): string {
  const value = encodeURIComponent(key);
  switch (by) {
    case 'session':
      return `/sessions/${value}`;
    case 'tool':
      return `/tools#${value}`;
    case 'model':
      return `/models#${value}`;
    case 'user':
    case 'agent':
    case 'task':
    case 'error':
      return `/runs?${by}=${value}`;
    default:
      return '/runs';
  }
}

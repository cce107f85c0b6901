// Contributors: the user, tool and model with the largest part of an increase. What is now is compared
// with what is usual, as in the headline.

import type { Dimension } from '../../core/schema.ts';
import type { Interval } from '../../core/time/time.ts';
import type { Contributor } from '../../alerts/rules/notice.ts';
import { readingOfResult } from '../../alerts/rules/reading.ts';
import type { CauseSignal, Rule } from '../../alerts/rules/rule.ts';
import type { SignalResult } from '../../signals/result.ts';
import type { SignalRequest } from '../../signals/signal.ts';
import { groupPath } from '../thing-path.ts';
import type { GroupOf } from './run-behind.ts';
import { usualOf } from './usual.ts';

export type ReadSignalOf = (id: string, request: SignalRequest) => Promise<SignalResult>;

export interface ContributorQuestion {
  readonly rule: Rule;
  readonly interval: Interval;
  readonly group: GroupOf | undefined;
  readonly timezone: string;
  readonly pageUrl: string;
}

/** Who has a smaller part of the increase does not explain it. */
const LEAST_SHARE = 0.05;

/** The top contributor of each cause of the rule, the one with the most dollars first; a cause that explains nothing has none. */
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
function rankOf(cause: CauseSignal, { increase }: Contributor): number {
  return cause.unit === 'usd' && cause.by !== 'model' ? increase : 0;
}

async function findTop(
  read: ReadSignalOf,
  cause: CauseSignal,
  question: ContributorQuestion,
): Promise<Contributor | undefined> {
  const groups = await readIncreases(read, cause.signal, cause.by, question);
  let top: { key: string; increase: number } | undefined;
  for (const [key, increase] of groups)
    if (isTool(cause, key) && increase > (top?.increase ?? 0)) top = { key, increase };
  if (top === undefined) return undefined;
  // Money is a part of all money, also of that which has no user or tool.
  const whole = await readIncreases(read, cause.unit === 'usd' ? 'cost' : cause.signal, undefined, question);
  const total = whole.get('') ?? 0;
  const increase = cause.unit === 'count' ? Math.round(top.increase) : top.increase;
  const share = total > 0 ? top.increase / total : null;
  if (increase === 0 || (share !== null && share < LEAST_SHARE)) return undefined;
  const url = question.pageUrl + (groupPath(cause.by, top.key) ?? '/runs');
  return { label: cause.label, key: top.key, unit: cause.unit, increase, share, url };
}

/** What each group has more than is usual; without a dimension the one group is `''`. */
async function readIncreases(
  read: ReadSignalOf,
  signal: string,
  by: Dimension | undefined,
  { rule, interval, group, timezone }: ContributorQuestion,
): Promise<ReadonlyMap<string, number>> {
  const where = group === undefined ? {} : { where: { [group.by]: group.key } };
  const sums = async (stretches: readonly Interval[]): Promise<Map<string, number>> => {
    const byKey = new Map<string, number>();
    for (const { from, to } of stretches) {
      const request = { from, to, timezone, now: interval.to, ...(by && { by }), ...where };
      for (const [key, value] of readingOfResult(await read(signal, request)))
        byKey.set(key, (byKey.get(key) ?? 0) + (value ?? 0));
    }
    return byKey;
  };
  const now = await sums([interval]);
  const { stretches, share } = usualOf(rule, interval, timezone);
  const usual = await sums(stretches);
  return new Map(
    [...new Set([...now.keys(), ...usual.keys()])].map((key) => [
      key,
      (now.get(key) ?? 0) - (usual.get(key) ?? 0) * share,
    ]),
  );
}

/** Pseudo-tools such as `(system)` are no tool that anybody could mend. */
function isTool(cause: CauseSignal, key: string): boolean {
  return cause.by !== 'tool' || !key.startsWith('(');
}

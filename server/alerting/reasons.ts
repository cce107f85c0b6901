// Reasons: what changed against the week before, from the split of the difference in cost.

import type { Interval } from '../../core/time/time.ts';
import type { Reason } from '../../alerts/rules/notice.ts';
import { readingOfResult } from '../../alerts/rules/reading.ts';
import type { Rule } from '../../alerts/rules/rule.ts';
import { readDiagnosis } from '../queries/diagnosis/read-diagnosis.ts';
import type { ChunkQueryable } from '../store/file/database.ts';
import type { ReadSignalOf } from './contributors.ts';
import { earlierInterval, usualOf } from './usual.ts';

export interface ReasonQuestion {
  readonly rule: Rule;
  readonly interval: Interval;
  readonly timezone: string;
}

/** What made the window of the rule more expensive than usual, largest first. */
export async function findReasons(
  database: ChunkQueryable,
  read: ReadSignalOf,
  question: ReasonQuestion,
): Promise<readonly Reason[]> {
  const { rule, interval, timezone } = question;
  const earlier = earlierInterval(rule, interval, timezone);
  const { causes } = await readDiagnosis(database, {
    from: interval.from,
    to: interval.to,
    againstFrom: earlier.from,
    againstTo: earlier.to,
    scale: await readScale(read, question),
  });
  return causes
    .filter((cause) => cause.cost_nano_usd > 0)
    .map(({ title, cost_nano_usd: costNanoUsd, fix }) => ({ title, costNanoUsd, fix }));
}

/** The earlier days are taken for what is usual of them, so that the reasons sum to what the headline tells. */
async function readScale(
  read: ReadSignalOf,
  { rule, interval, timezone }: ReasonQuestion,
): Promise<number | undefined> {
  const costOf = async ({ from, to }: Interval): Promise<number> =>
    readingOfResult(await read('cost', { from, to, timezone, now: interval.to })).get('') ?? 0;
  const { stretches, share } = usualOf(rule, interval, timezone);
  let usual = 0;
  for (const stretch of stretches) usual += await costOf(stretch);
  const whole = await costOf(earlierInterval(rule, interval, timezone));
  return usual === 0 || whole === 0 ? undefined : (usual * share) / whole;
}

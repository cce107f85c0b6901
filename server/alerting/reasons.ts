// Reasons: what changed against the week before, from the split of the difference in cost.

import type { Interval } from '../../core/time.ts';
import type { Reason } from '../../alerts/rules/notice.ts';
import { readDiagnosis } from '../queries/read-diagnosis.ts';
import type { Queryable } from '../store/database.ts';

/** The split holds its events in memory, beside the intake of a running server. */
const EVENTS_LIMIT = 20_000;

/** What made the stretch dearer than the earlier one, largest first. */
export async function findReasons(
  database: Queryable,
  interval: Interval,
  earlier: Interval,
): Promise<readonly Reason[]> {
  const { causes } = await readDiagnosis(database, {
    from: interval.from,
    to: interval.to,
    againstFrom: earlier.from,
    againstTo: earlier.to,
    eventsLimit: EVENTS_LIMIT,
  });
  return causes
    .filter((cause) => cause.cost_nano_usd > 0)
    .map(({ title, cost_nano_usd: costNanoUsd, fix }) => ({ title, costNanoUsd, fix }));
}

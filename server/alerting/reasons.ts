// Reasons: what changed against the week before, from the split of the difference in cost.

import type { Interval } from '../../core/time.ts';
import type { Reason } from '../../alerts/rules/notice.ts';
import { readDiagnosis } from '../queries/read-diagnosis.ts';
import type { ChunkQueryable } from '../store/database.ts';

/** What made the stretch dearer than the earlier one, largest first. */
export async function findReasons(
  database: ChunkQueryable,
  interval: Interval,
  earlier: Interval,
): Promise<readonly Reason[]> {
  const { causes } = await readDiagnosis(database, {
    from: interval.from,
    to: interval.to,
    againstFrom: earlier.from,
    againstTo: earlier.to,
  });
  return causes
    .filter((cause) => cause.cost_nano_usd > 0)
    .map(({ title, cost_nano_usd: costNanoUsd, fix }) => ({ title, costNanoUsd, fix }));
}

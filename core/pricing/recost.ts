// Recost: what the present table says of a call that was recorded under an earlier one.
// The recorded cost never changes; where the two disagree, the signed difference is an adjustment.

import { priceCall, type CallCost, type PriceOverrides } from './cost.ts';
import type { EventRecord } from '../event.ts';
import { requestOfEvent, type EventGap } from './price-request.ts';

export interface Adjustment {
  /** Recorded cost, nano-USD; null when the call was unpriced. */
  readonly beforeNanoUsd: number | null;
  readonly afterNanoUsd: number;
  /** What to add to the recorded costs, nano-USD; negative when the call was too expensive. */
  readonly deltaNanoUsd: number;
  readonly cost: CallCost;
}

/** Why a call is left as it is: nothing differs, it cannot be rebuilt, or the table has no price for it. */
export type RecostSkip = EventGap | 'same_cost' | 'still_unpriced';

/**
 * Prices a recorded `agent.model_call` again by its own fields. A call of several steps on different rows is
 * skipped, since its event holds only the sums.
 */
export function recostCall(
  event: EventRecord,
  overrides?: PriceOverrides,
): Adjustment | { readonly skipped: RecostSkip } {
  const request = requestOfEvent(event);
  if (typeof request === 'string') return { skipped: request };
  const cost = priceCall(request.reading, request.circumstances, overrides);
  if (cost.status === 'unpriced') return { skipped: 'still_unpriced' };
  if (isOnlyLongAsSum(event, cost.row)) return { skipped: 'several_steps' };
  const beforeNanoUsd = event.cost_nano_usd ?? null;
  const deltaNanoUsd = cost.costNanoUsd - (beforeNanoUsd ?? 0);
  if (beforeNanoUsd !== null && deltaNanoUsd === 0) return { skipped: 'same_cost' };
  return { beforeNanoUsd, afterNanoUsd: cost.costNanoUsd, deltaNanoUsd, cost };
}

// Steps are priced one by one, so the prompt of a call may be long only as the sum that its event holds.
function isOnlyLongAsSum({ 'tallyspan.price.row': recorded }: EventRecord, row: string): boolean {
  return recorded !== undefined && recorded !== row && recorded === row.replace(/\+over_\d+/, '');
}

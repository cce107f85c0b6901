// Billed rows as events (`billing.cost`): one for each row, which a later report of the same row replaces.

import type { EventRecord } from '../event.ts';
import { BILLED_KINDS, type BilledKind, type BilledRow } from './billed-row.ts';
import { driftNanoUsdOf, type ReconciledRow } from './reconcile.ts';

const DAY_MS = 86_400_000;

/** `fetchedAtMs` says which of two reports of a row is the later one. */
export function billingEventOf(row: ReconciledRow, fetchedAtMs: number): EventRecord {
  const startMs = Date.parse(`${row.day}T00:00:00Z`);
  return {
    // A day that goes on ends now.
    timestamp: Math.min(startMs + DAY_MS - 1, fetchedAtMs),
    'event.name': 'billing.cost',
    'tallyspan.key': [row.day, row.model, row.kind, row.tier, row.speed, row.geo, row.apiKeyId].join('|'),
    'tallyspan.revision': fetchedAtMs,
    ...(row.model === '' ? {} : { 'gen_ai.response.model': row.model }),
    service_tier: row.tier,
    speed: row.speed,
    inference_geo: row.geo,
    'billing.day': row.day,
    'billing.kind': row.kind,
    'billing.api_key_id': row.apiKeyId,
    'billing.workspace_id': row.workspaceId,
    'billing.product': row.product,
    billing_list_nano_usd: row.listNanoUsd,
    billing_amount_nano_usd: row.amountNanoUsd,
    ...(row.quantity === undefined ? {} : { billing_quantity: row.quantity }),
    billing_covered_nano_usd: row.coveredNanoUsd,
    billing_drift_nano_usd: driftNanoUsdOf(row),
  };
}

/** The billed row of an event; undefined where it is not whole. */
export function billedRowOf(event: Partial<EventRecord>): BilledRow | undefined {
  const kind = event['billing.kind'];
  const day = event['billing.day'];
  const listNanoUsd = event.billing_list_nano_usd;
  if (day === undefined || listNanoUsd === undefined || !BILLED_KINDS.includes(kind as BilledKind))
    return undefined;
  return {
    day,
    kind: kind as BilledKind,
    model: event['gen_ai.response.model'] ?? '',
    tier: event.service_tier ?? 'standard',
    speed: event.speed ?? 'standard',
    geo: event.inference_geo ?? 'global',
    apiKeyId: event['billing.api_key_id'] ?? '',
    workspaceId: event['billing.workspace_id'] ?? '',
    product: event['billing.product'] ?? '',
    listNanoUsd,
    amountNanoUsd: event.billing_amount_nano_usd ?? listNanoUsd,
    quantity: event.billing_quantity,
  };
}

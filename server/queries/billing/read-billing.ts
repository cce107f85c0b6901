// The bill and the ledger of a time, as the store has them.

import { billedRowOf } from '../../../core/billing/billing-event.ts';
import {
  billedGeoOf,
  billedModelOf,
  standardOf,
  type BilledKind,
  type BilledRow,
  type LedgerCell,
} from '../../../core/billing/billed-row.ts';
import type { EventRecord } from '../../../core/event.ts';
import { DAY_MS } from '../../../core/time/time.ts';
import { IS_ONE_CALL_SQL } from '../../../signals/sql-text.ts';
import type { Queryable } from '../../store/file/database.ts';
import { numberOrNull, textOrNull } from '../field-values.ts';
import { listValueSql, type PlanQueryable } from '../list-value.ts';
import { eventOf } from '../read-events.ts';

/** Days from the first to before the last, as Unix days. */
export interface BillingDays {
  readonly fromDay: number;
  readonly toDay: number;
}

export function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Where a kind of usage stands in a model call: its count and its share of the cost. */
const COLUMNS: readonly (readonly [BilledKind, string, string])[] = [
  ['input', 'tokens_input', 'cost_input_nano_usd'],
  ['cache_read', 'tokens_cache_read', 'cost_cache_read_nano_usd'],
  ['cache_write_5m', 'tokens_cache_write_5m', 'cost_cache_write_5m_nano_usd'],
  ['cache_write_1h', 'tokens_cache_write_1h', 'cost_cache_write_1h_nano_usd'],
  ['output', 'tokens_output', 'cost_output_nano_usd'],
  ['web_search', 'web_searches', 'cost_web_search_nano_usd'],
];

/**
 * What was observed of Anthropic's own API and is billed to its user: calls of other platforms are billed by those, some to
 * another organisation, calls under a plan and refusals without an answer to nobody.
 */
export async function readLedger(
  database: PlanQueryable,
  { fromDay, toDay }: BillingDays,
): Promise<readonly LedgerCell[]> {
  const sums = COLUMNS.map(
    ([kind, quantity, cost]) =>
      `sum(${quantity})::BIGINT AS ${kind}_quantity, sum(${cost})::BIGINT AS ${kind}_cost,
       count(*) FILTER (${quantity} > 0)::BIGINT AS ${kind}_calls`,
  );
  const rows = await database.all(
    `SELECT epoch_ms(timestamp) // ${DAY_MS} AS day, gen_ai_response_model AS model, service_tier AS tier, speed,
       inference_geo AS geo, service_name AS service, ${sums.join(', ')}
     FROM agent_model_call
     WHERE tallyspan_duplicate IS NOT TRUE AND coalesce(gen_ai_provider_name, 'anthropic') = 'anthropic'
       AND ${IS_ONE_CALL_SQL} AND (${listValueSql(database)}) IS NOT TRUE
       AND tallyspan_cost_reason IS DISTINCT FROM 'refusal_not_billed'
       AND tallyspan_cost_unpriced_reason IS DISTINCT FROM 'user_profile_billed'
       AND epoch_ms(timestamp) >= $from AND epoch_ms(timestamp) < $to
     GROUP BY ALL ORDER BY ALL`,
    { from: fromDay * DAY_MS, to: toDay * DAY_MS },
  );
  return rows.flatMap((row) =>
    COLUMNS.flatMap(([kind]) => {
      const quantity = numberOrNull(row[`${kind}_quantity`]) ?? 0;
      if (quantity === 0) return [];
      return [
        {
          day: dayText(Number(row['day'])),
          model: billedModelOf(textOrNull(row['model'])),
          // A search costs the same whichever model asked for it.
          kind,
          tier: standardOf(textOrNull(row['tier'])),
          speed: standardOf(textOrNull(row['speed'])),
          geo: billedGeoOf(textOrNull(row['geo'])),
          service: textOrNull(row['service']) ?? '',
          quantity,
          costNanoUsd: numberOrNull(row[`${kind}_cost`]) ?? 0,
          calls: numberOrNull(row[`${kind}_calls`]) ?? 0,
        },
      ];
    }),
  );
}

export interface StoredBill {
  readonly rows: readonly BilledRow[];
  /** The rows as they are stored, with their coverage. */
  readonly events: readonly Partial<EventRecord>[];
  /** When the newest of them was fetched, Unix milliseconds; undefined without any. */
  readonly fetchedAtMs: number | undefined;
  /** When each day with rows was fetched last, Unix milliseconds. */
  readonly fetchedAtMsByDay: Readonly<Record<string, number>>;
}

export async function readBill(database: Queryable, { fromDay, toDay }: BillingDays): Promise<StoredBill> {
  const rows = await database.all(
    `SELECT *, 'billing.cost' AS event_name FROM billing_cost
     WHERE billing_day >= $from AND billing_day < $to ORDER BY billing_day, tallyspan_key`,
    { from: dayText(fromDay), to: dayText(toDay) },
  );
  const byDay: Record<string, number> = {};
  for (const row of rows) {
    const day = textOrNull(row['billing_day']) ?? '';
    byDay[day] = Math.max(byDay[day] ?? 0, numberOrNull(row['tallyspan_revision']) ?? 0);
  }
  const times = Object.values(byDay);
  const events = rows.map(eventOf);
  return {
    rows: events.flatMap((event) => billedRowOf(event) ?? []),
    events,
    fetchedAtMs: times.length === 0 ? undefined : Math.max(...times),
    fetchedAtMsByDay: byDay,
  };
}

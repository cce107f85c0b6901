// The Admin API: what Anthropic billed, by day, model, kind, tier, speed, region and API key: from the analytics reports
// where the key may read them, else from the usage and cost reports.

import {
  billedGeoOf,
  billedModelOf,
  cellKeyOf,
  standardOf,
  type BilledKind,
  type BilledRow,
} from '../../core/billing/billed-row.ts';
import { ServerError } from '../process/server-error.ts';
import { AdminAnswerError, AdminClient, type AdminApiOptions } from './admin-client.ts';
import { reportedAmount, reportedKind } from './reported-cost.ts';
import { fetchClassicBill } from './classic-reports.ts';

export interface AdminBill {
  readonly rows: readonly BilledRow[];
  /** Up to when the report is complete, Unix milliseconds; undefined where it does not say. */
  readonly refreshedAtMs: number | undefined;
  /** What is known less well than it could be, for people. */
  readonly note: string | undefined;
}

const BETA = 'analytics-usage-cost-2026-08-24';
const ROWS_PER_PAGE = '1000';
const CELL_GROUPS = ['model', 'service_tier', 'speed', 'inference_geo', 'api_key_id'];

interface Group {
  readonly api_key_id?: string | null;
  readonly workspace_id?: string | null;
  readonly product?: string | null;
  readonly model?: string | null;
  readonly service_tier?: string | null;
  readonly speed?: string | null;
  readonly inference_geo?: string | null;
  readonly cost_type?: string | null;
  readonly token_type?: string | null;
}

interface ReportRow {
  readonly starting_at: string;
  readonly group: Group;
  readonly cost?: { readonly amount: string; readonly list_amount?: string; readonly currency: string };
  readonly usage?: {
    readonly uncached_input_tokens: number;
    readonly cache_read_input_tokens: number;
    readonly cache_creation?: {
      readonly ephemeral_5m_input_tokens?: number;
      readonly ephemeral_1h_input_tokens?: number;
    };
    readonly output_tokens: number;
    readonly server_tool_use?: { readonly web_search_requests?: number };
  };
}

/** Answers after which the older reports are asked: not for this key, this organisation, or not there. */
const NOT_ALLOWED: ReadonlySet<number> = new Set([400, 403, 404]);
const LESS_KNOWN =
  'the analytics reports of the Admin API are not open to this key, so the usage and cost reports were used: what a key cost is shared out by its tokens, and no list price beside a contract price is known.';

/** The bill of whole days, from the first to before the last; at most 31 of them. @throws ServerError */
export async function fetchBill(
  options: AdminApiOptions,
  range: { readonly from: string; readonly to: string },
): Promise<AdminBill> {
  try {
    return await fetchFrom(new AdminClient(options), range);
  } catch (error) {
    // What is read is of others: a row without what every row has.
    if (error instanceof TypeError)
      throw new ServerError('the Admin API reports rows that are none: nothing was taken.');
    throw error;
  }
}

async function fetchFrom(
  client: AdminClient,
  range: { readonly from: string; readonly to: string },
): Promise<AdminBill> {
  try {
    return await fetchAnalyticsBill(client, range);
  } catch (error) {
    if (!(error instanceof AdminAnswerError) || !NOT_ALLOWED.has(error.status)) throw error;
    try {
      return {
        rows: united(await fetchClassicBill(client, range)),
        refreshedAtMs: undefined,
        note: LESS_KNOWN,
      };
    } catch (classic) {
      // Neither may be read: what the first said is what has to be mended.
      throw classic instanceof AdminAnswerError ? error : classic;
    }
  }
}

async function fetchAnalyticsBill(
  client: AdminClient,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<AdminBill> {
  const report = (name: 'cost' | 'usage', groups: readonly string[]) => {
    const query = new URLSearchParams({
      starting_at: `${from}T00:00:00Z`,
      ending_at: `${to}T00:00:00Z`,
      time_bucket_width: '1d',
      order_by: 'time',
      order: 'asc',
      limit: ROWS_PER_PAGE,
    });
    for (const group of groups) query.append('group_by[]', group);
    return client.report<ReportRow>(`/v1/organizations/analytics/${name}`, query, BETA);
  };
  const costs = await report('cost', [...CELL_GROUPS, 'cost_type', 'token_type']);
  const usages = await report('usage', CELL_GROUPS);
  const surroundings = await report('cost', ['api_key_id', 'workspace_id', 'product', 'model']);
  const quantities = quantitiesOf(usages.rows);
  const places = placesOf(surroundings.rows);
  return {
    rows: united(costs.rows.map((row) => billedRow(row, quantities, places))),
    refreshedAtMs: costs.refreshedAtMs,
    note: undefined,
  };
}

/** Rows that differ only in what is charged alike are one. */
function united(rows: readonly BilledRow[]): readonly BilledRow[] {
  const byKey = new Map<string, BilledRow>();
  for (const row of rows) {
    const key = `${cellKeyOf(row)}|${row.apiKeyId}`;
    const other = byKey.get(key);
    byKey.set(
      key,
      other === undefined
        ? row
        : {
            ...row,
            listNanoUsd: row.listNanoUsd + other.listNanoUsd,
            amountNanoUsd: row.amountNanoUsd + other.amountNanoUsd,
            quantity:
              row.quantity === undefined || other.quantity === undefined
                ? undefined
                : row.quantity + other.quantity,
          },
    );
  }
  return [...byKey.values()];
}

function dayOf(row: ReportRow): string {
  return row.starting_at.slice(0, 10);
}

function cellText(row: ReportRow, kind: BilledKind): string {
  const { model, service_tier: tier, speed, inference_geo: geo, api_key_id: key } = row.group;
  return JSON.stringify([dayOf(row), model ?? '', tier ?? '', speed ?? '', geo ?? '', key ?? '', kind]);
}

function quantitiesOf(usages: readonly ReportRow[]): ReadonlyMap<string, number> {
  const quantities = new Map<string, number>();
  for (const row of usages) {
    const { usage } = row;
    if (usage === undefined) continue;
    const counts: Readonly<Partial<Record<BilledKind, number>>> = {
      input: usage.uncached_input_tokens,
      cache_read: usage.cache_read_input_tokens,
      cache_write_5m: usage.cache_creation?.ephemeral_5m_input_tokens ?? 0,
      cache_write_1h: usage.cache_creation?.ephemeral_1h_input_tokens ?? 0,
      output: usage.output_tokens,
      web_search: usage.server_tool_use?.web_search_requests ?? 0,
    };
    for (const [kind, count] of Object.entries(counts)) {
      const cell = cellText(row, kind as BilledKind);
      quantities.set(cell, (quantities.get(cell) ?? 0) + count);
    }
  }
  return quantities;
}

interface Places {
  readonly workspaceOf: ReadonlyMap<string, string>;
  readonly productsOf: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Workspaces of keys, and the products of each key, model and day. */
function placesOf(rows: readonly ReportRow[]): Places {
  const workspaceOf = new Map<string, string>();
  const productsOf = new Map<string, Set<string>>();
  for (const row of rows) {
    const { api_key_id: key, workspace_id: workspace, product } = row.group;
    if (workspace) workspaceOf.set(key ?? '', workspace);
    const place = placeText(row);
    productsOf.set(place, (productsOf.get(place) ?? new Set()).add(product ?? ''));
  }
  return { workspaceOf, productsOf };
}

function placeText(row: ReportRow): string {
  return JSON.stringify([dayOf(row), row.group.api_key_id ?? '', row.group.model ?? '']);
}

/** @throws ServerError on another currency, or an amount that is no number */
function billedRow(row: ReportRow, quantities: ReadonlyMap<string, number>, places: Places): BilledRow {
  const { cost, group } = row;
  const kind = reportedKind(group);
  if (cost === undefined)
    throw new ServerError('the Admin API reports a cost without an amount: nothing was taken.');
  const amountNanoUsd = reportedAmount(cost.amount, cost.currency);
  const listNanoUsd = reportedAmount(cost.list_amount ?? cost.amount, cost.currency);
  const products = places.productsOf.get(placeText(row));
  return {
    day: dayOf(row),
    model: billedModelOf(group.model),
    kind,
    tier: standardOf(group.service_tier),
    speed: standardOf(group.speed),
    geo: billedGeoOf(group.inference_geo),
    apiKeyId: group.api_key_id ?? '',
    workspaceId: places.workspaceOf.get(group.api_key_id ?? '') ?? '',
    product: products?.size === 1 ? ([...products][0] ?? '') : '',
    listNanoUsd,
    amountNanoUsd,
    quantity: quantities.get(cellText(row, kind)),
  };
}

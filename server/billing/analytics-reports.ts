// The analytics reports of the Admin API: costs and usages by the same groups, and which workspaces and products they are
// from. A report has at most five groups beside the kinds of cost.

import {
  billedGeoOf,
  billedModelOf,
  standardOf,
  type BilledKind,
  type BilledRow,
} from '../../core/billing/billed-row.ts';
import { ServerError } from '../process/server-error.ts';
import type { AdminClient } from './admin-client.ts';
import { groupText, reportedDay, rowsOfPages, type ReportRange } from './report-rows.ts';
import { reportedAmount, reportedKind } from './reported-cost.ts';

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

/** @throws ServerError */
export async function fetchAnalyticsBill(
  client: AdminClient,
  { from, to }: ReportRange,
): Promise<BilledRow[]> {
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
  const used = rowsOfPages(usages, identityOf);
  const quantities = quantitiesOf(used);
  const places = placesOf(rowsOfPages(surroundings, identityOf));
  return rowsOfPages(costs, identityOf).flatMap((row) => {
    const billed = billedRow(row, quantities, places);
    return billed.kind === 'web_search' && billed.quantity === undefined
      ? sharedSearches(row, billed, used)
      : [billed];
  });
}

function identityOf(row: ReportRow): string {
  return groupText(row.starting_at, row.group);
}

function dayOf(row: ReportRow): string {
  return reportedDay(row.starting_at);
}

function searchesOf({ usage }: ReportRow): number {
  return usage?.server_tool_use?.web_search_requests ?? 0;
}

/**
 * A search costs the same whichever model asked for it, so that its cost may stand without a model: as the rows of the
 * usages that it is for, together exactly as much.
 */
function sharedSearches(row: ReportRow, billed: BilledRow, used: readonly ReportRow[]): readonly BilledRow[] {
  const uses = used.filter(
    (one) =>
      searchesOf(one) > 0 &&
      dayOf(one) === billed.day &&
      (one.group.api_key_id ?? '') === billed.apiKeyId &&
      (['model', 'service_tier', 'speed', 'inference_geo'] as const).every(
        (name) => !row.group[name] || row.group[name] === one.group[name],
      ),
  );
  const total = uses.reduce((sum, one) => sum + searchesOf(one), 0);
  let before = 0;
  const partOf = (amount: number, from: number, to: number): number =>
    Math.round((amount * to) / total) - Math.round((amount * from) / total);
  if (total === 0) return [billed];
  return uses.map((one) => {
    const from = before;
    before += searchesOf(one);
    return {
      ...billed,
      ...cellOfGroup(one.group),
      listNanoUsd: partOf(billed.listNanoUsd, from, before),
      amountNanoUsd: partOf(billed.amountNanoUsd, from, before),
      quantity: searchesOf(one),
    };
  });
}

function cellOfGroup(group: Group): Pick<BilledRow, 'model' | 'tier' | 'speed' | 'geo'> {
  return {
    model: billedModelOf(group.model),
    tier: standardOf(group.service_tier),
    speed: standardOf(group.speed),
    geo: billedGeoOf(group.inference_geo),
  };
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

/** What a key, a model and a day are from. */
interface Places {
  readonly workspacesOf: ReadonlyMap<string, ReadonlySet<string>>;
  readonly productsOf: ReadonlyMap<string, ReadonlySet<string>>;
}

function addName(names: Map<string, Set<string>>, place: string, name: string): void {
  names.set(place, (names.get(place) ?? new Set()).add(name));
}

function placesOf(rows: readonly ReportRow[]): Places {
  const workspacesOf = new Map<string, Set<string>>();
  const productsOf = new Map<string, Set<string>>();
  for (const row of rows) {
    const { workspace_id: workspace, product } = row.group;
    addName(workspacesOf, placeText(row), workspace ?? '');
    addName(productsOf, placeText(row), product ?? '');
  }
  return { workspacesOf, productsOf };
}

/** Empty where there are several, of which the report does not say how much is whose. */
function onlyOne(names: ReadonlySet<string> | undefined): string {
  const [name = '', ...others] = names ?? [];
  return others.length === 0 ? name : '';
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
  return {
    day: dayOf(row),
    kind,
    ...cellOfGroup(group),
    apiKeyId: group.api_key_id ?? '',
    workspaceId: onlyOne(places.workspacesOf.get(placeText(row))),
    product: onlyOne(places.productsOf.get(placeText(row))),
    listNanoUsd,
    amountNanoUsd,
    quantity: quantities.get(cellText(row, kind)),
  };
}

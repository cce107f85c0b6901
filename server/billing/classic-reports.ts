// The usage and cost reports (`usage_report/messages`, `cost_report`), for keys that may not read the analytics. A cost
// names no API key and no speed, and in some reports no region: the costs of a cell are shared out together over its usages,
// by tokens at the price of their speed and region. Which speed a cost is for stands in its description alone.

import {
  billedGeoOf,
  billedModelOf,
  standardOf,
  type BilledKind,
  type BilledRow,
} from '../../core/billing/billed-row.ts';
import { tokenPricesOf } from '../../core/billing/token-prices.ts';
import { addToGroup } from '../../core/group-by.ts';
import type { AdminClient } from './admin-client.ts';
import { groupText, reportedDay, rowsOfPages, type ReportRange } from './report-rows.ts';
import { reportedAmount, reportedKind } from './reported-cost.ts';

const DAYS_PER_PAGE = '31';
/** Without it the report of usage does not tell speeds apart. */
const SPEED_BETA = 'fast-mode-2026-02-01';
const USAGE_GROUPS = [
  'api_key_id',
  'workspace_id',
  'model',
  'service_tier',
  'context_window',
  'inference_geo',
  'speed',
];

interface Bucket<Result> {
  readonly starting_at: string;
  readonly results: readonly Result[];
}

interface Named {
  readonly workspace_id?: string | null;
  readonly model?: string | null;
  readonly service_tier?: string | null;
  readonly context_window?: string | null;
  readonly inference_geo?: string | null;
}

interface CostResult extends Named {
  readonly amount: string;
  readonly currency: string;
  readonly cost_type?: string | null;
  readonly token_type?: string | null;
}

interface UsageResult extends Named {
  readonly api_key_id?: string | null;
  readonly speed?: string | null;
  readonly uncached_input_tokens?: number;
  readonly cache_read_input_tokens?: number;
  readonly cache_creation?: {
    readonly ephemeral_5m_input_tokens?: number;
    readonly ephemeral_1h_input_tokens?: number;
  };
  readonly output_tokens?: number;
  readonly server_tool_use?: { readonly web_search_requests?: number };
}

/** What is billed for a cell, under the names of one of its lines. */
interface CellCost {
  readonly day: string;
  readonly kind: BilledKind;
  readonly named: Named;
  readonly amountNanoUsd: number;
}

/** Usage of one kind by one key, with its share of the cost of its cell. */
interface Used {
  readonly usage: UsageResult;
  readonly quantity: number;
  readonly weight: number;
}

/** @throws ServerError */
export async function fetchClassicBill(client: AdminClient, { from, to }: ReportRange): Promise<BilledRow[]> {
  const report = async <Result extends object>(path: string, groups: readonly string[]) => {
    const query = new URLSearchParams({
      starting_at: `${from}T00:00:00Z`,
      ending_at: `${to}T00:00:00Z`,
      bucket_width: '1d',
      limit: DAYS_PER_PAGE,
    });
    for (const group of groups) query.append('group_by[]', group);
    const pages = await client.report<Bucket<Result>>(path, query, SPEED_BETA);
    return rowsOfPages(pages.map(resultsOf), ([day, result]) => groupText(day, namesOf(result)));
  };
  const costs = await report<CostResult>('/v1/organizations/cost_report', ['workspace_id', 'description']);
  const usages = await report<UsageResult>('/v1/organizations/usage_report/messages', USAGE_GROUPS);
  const isByGeo = costs.some(([, { inference_geo: geo }]) => Boolean(geo));
  const byCell = usesByCell(usages, isByGeo);
  return [...costsByCell(costs, isByGeo)].flatMap(([cell, cost]) => shareOut(cost, byCell.get(cell) ?? []));
}

/** What a bucket holds, with its day. */
function resultsOf<Result>(buckets: readonly Bucket<Result>[]): (readonly [day: string, result: Result])[] {
  return buckets.flatMap(({ starting_at: at, results }) =>
    results.map((result) => [reportedDay(at), result] as const),
  );
}

/** What a result is about: all that is no figure. */
function namesOf(result: object): object {
  return Object.fromEntries(
    Object.entries(result).filter(
      ([name, value]) => name !== 'amount' && (value === null || typeof value === 'string'),
    ),
  );
}

/** What a cell cost: a report has several lines of it where speeds differ. */
function costsByCell(
  results: readonly (readonly [day: string, cost: CostResult])[],
  isByGeo: boolean,
): ReadonlyMap<string, CellCost> {
  const byCell = new Map<string, CellCost>();
  for (const [day, named] of results) {
    const kind = reportedKind(named);
    const cell = cellOf(day, kind, named, isByGeo);
    const amountNanoUsd =
      reportedAmount(named.amount, named.currency) + (byCell.get(cell)?.amountNanoUsd ?? 0);
    byCell.set(cell, { day, kind, named, amountNanoUsd });
  }
  return byCell;
}

function usesByCell(
  results: readonly (readonly [day: string, usage: UsageResult])[],
  isByGeo: boolean,
): ReadonlyMap<string, readonly Used[]> {
  const byCell = new Map<string, Used[]>();
  for (const [day, usage] of results)
    for (const [kind, quantity] of quantitiesOf(usage)) {
      if (quantity === 0) continue;
      const cell = cellOf(day, kind, usage, isByGeo);
      const weight = quantity * priceOf(day, kind, usage);
      addToGroup(byCell, cell, { usage, quantity, weight });
    }
  return byCell;
}

function quantitiesOf(usage: UsageResult): [BilledKind, number][] {
  return [
    ['input', usage.uncached_input_tokens ?? 0],
    ['cache_read', usage.cache_read_input_tokens ?? 0],
    ['cache_write_5m', usage.cache_creation?.ephemeral_5m_input_tokens ?? 0],
    ['cache_write_1h', usage.cache_creation?.ephemeral_1h_input_tokens ?? 0],
    ['output', usage.output_tokens ?? 0],
    ['web_search', usage.server_tool_use?.web_search_requests ?? 0],
  ];
}

/** What a cost and the usages that it is for have in common. A search has no model in the report of costs. */
function cellOf(day: string, kind: BilledKind, named: Named, isByGeo: boolean): string {
  const place = [day, kind, named.workspace_id ?? ''];
  if (kind === 'web_search') return JSON.stringify(place);
  return JSON.stringify([
    ...place,
    billedModelOf(named.model),
    standardOf(named.service_tier),
    named.context_window ?? '',
    isByGeo ? billedGeoOf(named.inference_geo) : '',
  ]);
}

/** What a token costs beside others of its cell, which differ in speed and region; 1 where the table has no price. */
function priceOf(day: string, kind: BilledKind, { model, speed, inference_geo: geo }: UsageResult): number {
  const cell = {
    day,
    kind,
    model: model ?? '',
    tier: 'standard',
    speed: standardOf(speed),
    geo: billedGeoOf(geo),
  };
  return tokenPricesOf(cell)?.usual ?? 1;
}

/** The cost as a row of each usage that it is for, together exactly as much; one row without a key where there is none. */
function shareOut(
  { day, kind, named, amountNanoUsd }: CellCost,
  uses: readonly Used[],
): readonly BilledRow[] {
  const whole = uses.reduce((sum, { weight }) => sum + weight, 0);
  if (whole === 0) return [rowOf(day, kind, named, amountNanoUsd, undefined)];
  let shared = 0;
  let before = 0;
  return uses.map(({ usage, quantity, weight }, index) => {
    before += weight;
    const until = index === uses.length - 1 ? amountNanoUsd : Math.round((amountNanoUsd * before) / whole);
    const row = rowOf(day, kind, { ...named, ...usage }, until - shared, quantity);
    shared = until;
    return row;
  });
}

function rowOf(
  day: string,
  kind: BilledKind,
  named: Named & Pick<UsageResult, 'api_key_id' | 'speed'>,
  amountNanoUsd: number,
  quantity: number | undefined,
): BilledRow {
  return {
    day,
    model: billedModelOf(named.model),
    kind,
    tier: standardOf(named.service_tier),
    speed: standardOf(named.speed),
    geo: billedGeoOf(named.inference_geo),
    apiKeyId: named.api_key_id ?? '',
    workspaceId: named.workspace_id ?? '',
    product: '',
    listNanoUsd: amountNanoUsd,
    amountNanoUsd,
    quantity,
  };
}

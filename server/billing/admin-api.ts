// The Admin API: what Anthropic billed, by day, model, kind, tier, speed, region and API key. Asked page by page, not
// faster than allowed. The key goes to the configured host only, with no redirect followed, and into no text.

import { setTimeout } from 'node:timers/promises';
import {
  billedGeoOf,
  billedModelOf,
  cellKeyOf,
  nanoUsdOfCents,
  standardOf,
  type BilledKind,
  type BilledRow,
} from '../../core/billing/billed-row.ts';
import { ServerError, messageOf } from '../process/server-error.ts';
import { maskSecrets } from '../process/secrets.ts';

export interface AdminApiOptions {
  /** Address of the API, such as https://api.anthropic.com. */
  readonly url: string;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
  /** Least time between requests, in milliseconds. */
  readonly paceMs?: number | undefined;
}

export interface AdminBill {
  readonly rows: readonly BilledRow[];
  /** Up to when the report is complete, Unix milliseconds; undefined where it does not say. */
  readonly refreshedAtMs: number | undefined;
}

export const ADMIN_API_URL = 'https://api.anthropic.com';

const BETA = 'analytics-usage-cost-2026-08-24';
const ROWS_PER_PAGE = '1000';
const PACE_MS = 250;
const ATTEMPTS = 6;
const WAIT_LIMIT_MS = 60_000;
const REQUEST_LIMIT_MS = 60_000;
const PAGES_LIMIT = 10_000;
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

interface Page {
  readonly data: readonly ReportRow[];
  readonly next_page: string | null;
  readonly has_more: boolean;
  readonly data_refreshed_at?: string | null;
}

const KINDS: Readonly<Record<string, BilledKind>> = {
  uncached_input_tokens: 'input',
  cache_read_input_tokens: 'cache_read',
  'cache_creation.ephemeral_5m_input_tokens': 'cache_write_5m',
  'cache_creation.ephemeral_1h_input_tokens': 'cache_write_1h',
  output_tokens: 'output',
};
const SERVICES: Readonly<Record<string, BilledKind>> = {
  web_search: 'web_search',
  code_execution: 'code_execution',
  session_usage: 'session_usage',
};

/** The bill of whole days, from the first to before the last; at most 31 of them. @throws ServerError */
export async function fetchBill(
  options: AdminApiOptions,
  range: { readonly from: string; readonly to: string },
): Promise<AdminBill> {
  const api = new AdminApi(options);
  const costs = await api.report('cost', range, [...CELL_GROUPS, 'cost_type', 'token_type']);
  const usages = await api.report('usage', range, CELL_GROUPS);
  const surroundings = await api.report('cost', range, ['api_key_id', 'workspace_id', 'product', 'model']);
  const quantities = quantitiesOf(usages.rows);
  const places = placesOf(surroundings.rows);
  return {
    rows: united(costs.rows.map((row) => billedRow(row, quantities, places))),
    refreshedAtMs: costs.refreshedAtMs,
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

class AdminApi {
  readonly #options: AdminApiOptions;
  readonly #url: URL;
  #nextMs = 0;

  constructor(options: AdminApiOptions) {
    this.#options = options;
    this.#url = adminUrl(options.url);
  }

  /** All rows of a report by day. */
  async report(
    name: 'cost' | 'usage',
    { from, to }: { readonly from: string; readonly to: string },
    groups: readonly string[],
  ): Promise<{ rows: ReportRow[]; refreshedAtMs: number | undefined }> {
    const rows: ReportRow[] = [];
    let page: string | undefined;
    for (let count = 0; count < PAGES_LIMIT; count++) {
      const query = new URLSearchParams({
        starting_at: `${from}T00:00:00Z`,
        ending_at: `${to}T00:00:00Z`,
        time_bucket_width: '1d',
        order_by: 'time',
        order: 'asc',
        limit: ROWS_PER_PAGE,
      });
      for (const group of groups) query.append('group_by[]', group);
      if (page !== undefined) query.set('page', page);
      const answer = await this.#ask(`/v1/organizations/analytics/${name}?${query.toString()}`);
      rows.push(...answer.data);
      if (!answer.has_more || answer.next_page === null) {
        const refreshed = Date.parse(answer.data_refreshed_at ?? '');
        return { rows, refreshedAtMs: Number.isNaN(refreshed) ? undefined : refreshed };
      }
      page = answer.next_page;
    }
    throw new ServerError(
      `the Admin API at ${this.#url.host} answers with ever more pages: nothing was taken`,
    );
  }

  async #ask(address: string): Promise<Page> {
    const { key, signal, paceMs = PACE_MS } = this.#options;
    for (let attempt = 1; ; attempt++) {
      await pause(this.#nextMs - performance.now(), signal);
      this.#nextMs = performance.now() + paceMs;
      let answer: Response;
      try {
        answer = await fetch(new URL(address, this.#url), {
          headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01', 'anthropic-beta': BETA },
          // Another host would get the key.
          redirect: 'manual',
          signal: AbortSignal.any([AbortSignal.timeout(REQUEST_LIMIT_MS), ...(signal ? [signal] : [])]),
        });
      } catch (error) {
        signal?.throwIfAborted();
        if (attempt < ATTEMPTS) {
          await pause(backoffMs(attempt, paceMs), signal);
          continue;
        }
        const { cause } = error as { cause?: { code?: string } };
        throw this.#fault(`does not answer: ${cause?.code ?? messageOf(error)}`);
      }
      if (answer.ok) return pageOf(await answer.json().catch(() => undefined)) ?? this.#unreadable();
      const isPassing = answer.status === 429 || answer.status >= 500;
      const said = await answer.text();
      if (!isPassing || attempt >= ATTEMPTS) throw this.#fault(faultText(answer.status, said));
      const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
      const waitMs = Number.isFinite(seconds) ? seconds * 1000 : backoffMs(attempt, paceMs);
      await pause(Math.min(waitMs, WAIT_LIMIT_MS), signal);
    }
  }

  #unreadable(): never {
    throw this.#fault('answered with something that is no report');
  }

  #fault(text: string): ServerError {
    return new ServerError(maskSecrets(`the Admin API at ${this.#url.host} ${text}`, [this.#options.key]));
  }
}

/** @throws ServerError on an address that is none, or that would send the key unencrypted over a network */
export function adminUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url?.hostname ?? '');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback)) return url;
  throw new ServerError(
    `TALLYSPAN_ADMIN_API_URL is "${text}": write an https:// address; http:// is for this machine only.`,
  );
}

function faultText(status: number, body: string): string {
  if (status >= 300 && status < 400)
    return `sends elsewhere (${status}), and the key goes to no other host. Set TALLYSPAN_ADMIN_API_URL to where it is.`;
  let detail = '';
  try {
    detail = (JSON.parse(body) as { error?: { message?: string } }).error?.message ?? '';
  } catch {
    // Whatever stands there is no message of the API.
  }
  const why = detail === '' ? '' : `: ${detail.slice(0, 200)}`;
  if (status === 401 || status === 403)
    return `refused the key (${status}${why}). ANTHROPIC_ADMIN_KEY has to be an Admin API key, or one with the scope read:analytics.`;
  return `answered ${status}${why}`;
}

function backoffMs(attempt: number, paceMs: number): number {
  return Math.min(WAIT_LIMIT_MS, paceMs * 2 ** attempt);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms > 0) await setTimeout(ms, undefined, signal ? { signal } : {});
}

function pageOf(body: unknown): Page | undefined {
  const { data } = (body ?? {}) as Partial<Page>;
  return Array.isArray(data) ? (body as Page) : undefined;
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
  const kind = KINDS[group.token_type ?? ''] ?? SERVICES[group.cost_type ?? ''];
  if (cost === undefined || kind === undefined)
    throw new ServerError(
      `the Admin API reports a kind of cost that this version does not know (${group.cost_type ?? 'none'}, ${group.token_type ?? 'none'}): nothing was taken. Upgrade tallyspan.`,
    );
  if (cost.currency !== 'USD')
    throw new ServerError(
      `the bill is in ${cost.currency}, and costs are counted in USD: nothing was taken, as the two cannot be compared.`,
    );
  const amountNanoUsd = nanoUsdOfCents(cost.amount);
  const listNanoUsd = nanoUsdOfCents(cost.list_amount ?? cost.amount);
  if (amountNanoUsd === undefined || listNanoUsd === undefined)
    throw new ServerError('the Admin API reports an amount that is no number: nothing was taken.');
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

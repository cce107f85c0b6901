// A fake of Anthropic's Admin API: a real HTTP server that sums what it was given by the dimensions that are asked for, in
// the shapes of the documented reports, page by page, with the faults that a test wants.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Usage of one day by one key, with its prices in USD for a million tokens (a thousand searches). */
export interface BilledUsage {
  readonly day: string;
  readonly model: string;
  readonly key?: string | null;
  readonly workspace?: string | null;
  readonly product?: string;
  readonly tier?: string;
  readonly speed?: string;
  readonly geo?: string | null;
  readonly counts: Readonly<Partial<Record<TokenType | 'web_search', number>>>;
  readonly prices: Readonly<Partial<Record<TokenType | 'web_search', number>>>;
  /** What is paid of the list price. */
  readonly paid?: number;
}

type TokenType =
  | 'uncached_input_tokens'
  | 'cache_read_input_tokens'
  | 'cache_creation.ephemeral_5m_input_tokens'
  | 'cache_creation.ephemeral_1h_input_tokens'
  | 'output_tokens';

export interface AdminFault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The connection ends before the body does. */
  readonly isCut?: boolean;
}

export interface FakeAdminApi {
  readonly url: string;
  readonly key: string;
  usages: BilledUsage[];
  /** Answered first, one for each request. */
  readonly faults: AdminFault[];
  currency: string;
  pageSize: number;
  /** A page that asks for more rows or days than this is refused as too large. */
  largestPage: number;
  /** How the beginning of a day (UTC) is written. */
  startOf: (day: string) => string;
  /** Whether a cost of searches names the model that made them. */
  namesModelOfSearches: boolean;
  /** Whether a cost of the older report names its region. */
  namesRegionOfCosts: boolean;
  /** Whether the key may read the analytics reports; else only the older ones answer. */
  allowsAnalytics: boolean;
  readonly requests: { readonly url: string; readonly key: string | undefined }[];
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;
const MAX_RANGE_DAYS = 31;
const MAX_GROUPS = 5;

export async function startAdminApi(): Promise<FakeAdminApi> {
  const server = createServer((request, response) => answer(api, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const api: FakeAdminApi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key: 'sk-ant-admin01-fake-key-of-the-test',
    usages: [],
    faults: [],
    currency: 'USD',
    pageSize: 1000,
    largestPage: Infinity,
    startOf: (day) => `${day}T00:00:00Z`,
    namesModelOfSearches: true,
    namesRegionOfCosts: true,
    allowsAnalytics: true,
    requests: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return api;
}

function answer(api: FakeAdminApi, request: IncomingMessage, response: ServerResponse): void {
  const { 'x-api-key': key, 'anthropic-beta': beta } = request.headers;
  api.requests.push({ url: request.url ?? '', key: key as string | undefined });
  const send = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(body));
  const refuse = (status: number, message: string): void =>
    send(status, { type: 'error', error: { type: 'invalid_request_error', message } });
  const fault = api.faults.shift();
  if (fault?.isCut === true) {
    response.writeHead(fault.status, { 'content-length': '9999' }).write('{"data":[{"starting_at":');
    return void setTimeout(() => response.destroy(), 5);
  }
  if (fault !== undefined)
    return void response.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? '');
  if (key !== api.key) return refuse(401, `invalid x-api-key ${String(key)}`);
  const url = new URL(request.url ?? '', api.url);
  if (Number(url.searchParams.get('limit')) > api.largestPage)
    return send(400, {
      type: 'error',
      error: {
        type: 'invalid_request_error',
        message: 'too much usage for a page',
        details: { error_code: 'report_page_too_large' },
      },
    });
  if (/^\/v1\/organizations\/(cost_report|usage_report\/messages)$/.test(url.pathname)) {
    const page = classicPage(api, url, beta === 'fast-mode-2026-02-01');
    return typeof page === 'string' ? refuse(400, page) : send(200, page);
  }
  if (!api.allowsAnalytics) return refuse(403, 'the key may not read analytics');
  if (beta !== 'analytics-usage-cost-2026-08-24') return refuse(404, 'not found');
  const [, name] = /^\/v1\/organizations\/analytics\/(cost|usage)$/.exec(url.pathname) ?? [];
  if (name === undefined) return refuse(404, 'not found');
  const from = Date.parse(url.searchParams.get('starting_at') ?? '');
  const to = Date.parse(url.searchParams.get('ending_at') ?? '');
  if (!(to > from) || to - from > MAX_RANGE_DAYS * DAY_MS) return refuse(400, 'the range is at most 31 days');
  if (url.searchParams.get('time_bucket_width') !== '1d') return refuse(400, 'time_bucket_width');
  const groups = url.searchParams.getAll('group_by[]');
  if (groups.filter((group) => !group.endsWith('_type')).length > MAX_GROUPS)
    return refuse(400, 'too many groups');
  const within = api.usages.filter(({ day }) => Date.parse(day) >= from && Date.parse(day) < to);
  const rows = name === 'cost' ? costRows(within, groups, api) : usageRows(within, groups, api.startOf);
  const start = Number(url.searchParams.get('page') ?? 0);
  const size = Math.min(api.pageSize, Number(url.searchParams.get('limit') ?? 20));
  const next = start + size < rows.length ? String(start + size) : null;
  send(200, {
    data: rows.slice(start, start + size),
    has_more: next !== null,
    next_page: next,
    data_refreshed_at: new Date().toISOString(),
  });
}

const DIMENSIONS: Readonly<Record<string, (usage: BilledUsage) => string | null>> = {
  model: ({ model }) => model,
  service_tier: ({ tier = 'standard' }) => tier,
  speed: ({ speed = 'standard' }) => speed,
  inference_geo: ({ geo = 'global' }) => geo,
  api_key_id: ({ key = 'apikey_01' }) => key,
  workspace_id: ({ workspace = 'wrkspc_01' }) => workspace,
  product: ({ product = 'messages_api' }) => product,
};

function groupOf(usage: BilledUsage, groups: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(DIMENSIONS).map(([name, valueOf]) => [
      name,
      groups.includes(name) ? valueOf(usage) : null,
    ]),
  );
}

function headOf(day: string, startOf: FakeAdminApi['startOf']): { starting_at: string; ending_at: string } {
  const end = new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);
  return { starting_at: startOf(day), ending_at: startOf(end) };
}

function costRows(
  usages: readonly BilledUsage[],
  groups: readonly string[],
  { currency, startOf, namesModelOfSearches }: FakeAdminApi,
): object[] {
  const sums = new Map<string, { day: string; group: object; list: number; paid: number }>();
  for (const usage of usages)
    for (const [type, count] of Object.entries(usage.counts)) {
      const isSearch = type === 'web_search';
      const group = {
        ...groupOf(usage, groups),
        ...(isSearch && !namesModelOfSearches ? { model: null } : {}),
        cost_type: groups.includes('cost_type') ? (isSearch ? 'web_search' : 'tokens') : null,
        token_type: groups.includes('token_type') && !isSearch ? type : null,
      };
      const key = JSON.stringify([usage.day, group]);
      const sum = sums.get(key) ?? { day: usage.day, group, list: 0, paid: 0 };
      // Cents.
      const list = (count * (usage.prices[type as TokenType] ?? 0) * 100) / (isSearch ? 1e3 : 1e6);
      sum.list += list;
      sum.paid += list * (usage.paid ?? 1);
      sums.set(key, sum);
    }
  return [...sums.values()].map(({ day, group, list, paid }) => ({
    ...headOf(day, startOf),
    group,
    cost: { amount: paid.toFixed(10), list_amount: list.toFixed(10), currency, requests: null },
  }));
}

function usageRows(
  usages: readonly BilledUsage[],
  groups: readonly string[],
  startOf: FakeAdminApi['startOf'],
): object[] {
  const sums = new Map<string, { day: string; group: object; counts: Map<string, number> }>();
  for (const usage of usages) {
    const group = groupOf(usage, groups);
    const key = JSON.stringify([usage.day, group]);
    const sum = sums.get(key) ?? { day: usage.day, group, counts: new Map<string, number>() };
    for (const [type, count] of Object.entries(usage.counts))
      sum.counts.set(type, (sum.counts.get(type) ?? 0) + count);
    sums.set(key, sum);
  }
  return [...sums.values()].map(({ day, group, counts }) => {
    const of = (type: string): number => counts.get(type) ?? 0;
    return {
      ...headOf(day, startOf),
      group,
      usage: {
        uncached_input_tokens: of('uncached_input_tokens'),
        cache_read_input_tokens: of('cache_read_input_tokens'),
        cache_creation: {
          ephemeral_5m_input_tokens: of('cache_creation.ephemeral_5m_input_tokens'),
          ephemeral_1h_input_tokens: of('cache_creation.ephemeral_1h_input_tokens'),
        },
        output_tokens: of('output_tokens'),
        server_tool_use: { web_search_requests: of('web_search') },
        requests: 1,
        total_tokens: 0,
      },
    };
  });
}

const CLASSIC_GROUPS: Readonly<Record<string, readonly string[]>> = {
  cost_report: ['workspace_id', 'description'],
  messages: [
    'api_key_id',
    'workspace_id',
    'model',
    'service_tier',
    'context_window',
    'inference_geo',
    'speed',
  ],
};

/** A page of the older reports, by days; what is wrong with the question where it has none. */
function classicPage(api: FakeAdminApi, url: URL, hasSpeeds: boolean): object | string {
  const name = url.pathname.split('/').at(-1) ?? '';
  const groups = url.searchParams.getAll('group_by[]');
  if (groups.some((group) => CLASSIC_GROUPS[name]?.includes(group) !== true)) return 'group_by';
  if (groups.includes('speed') && !hasSpeeds) return 'speed needs a beta header';
  if (url.searchParams.get('bucket_width') !== '1d') return 'bucket_width';
  const from = Date.parse(url.searchParams.get('starting_at') ?? '');
  const to = Date.parse(url.searchParams.get('ending_at') ?? '');
  if (!(to > from)) return 'the range';
  const days = Array.from({ length: (to - from) / DAY_MS }, (_, index) =>
    new Date(from + index * DAY_MS).toISOString().slice(0, 10),
  );
  const start = Number(url.searchParams.get('page') ?? 0);
  const size = Math.min(api.pageSize, Number(url.searchParams.get('limit') ?? 7));
  const shown = days.slice(start, start + size);
  const next = start + size < days.length ? String(start + size) : null;
  const resultsOf = (usages: readonly BilledUsage[]): object[] =>
    name === 'cost_report' ? classicCosts(usages, api) : classicUsages(usages, groups, api.startOf);
  return {
    data: shown.map((day) => ({
      ...headOf(day, api.startOf),
      results: resultsOf(api.usages.filter((usage) => usage.day === day)),
    })),
    has_more: next !== null,
    next_page: next,
  };
}

/** Costs name no keys, and speeds in their description only; what a search cost names no model. */
function classicCosts(
  usages: readonly BilledUsage[],
  { currency, namesRegionOfCosts }: FakeAdminApi,
): object[] {
  const sums = new Map<string, { readonly named: object; cents: number }>();
  for (const usage of usages)
    for (const [type, count] of Object.entries(usage.counts)) {
      const isSearch = type === 'web_search';
      const named = {
        description: isSearch ? 'Web Search Usage' : `Usage, ${usage.speed ?? 'standard'} speed`,
        workspace_id: usage.workspace === undefined ? 'wrkspc_01' : usage.workspace,
        cost_type: isSearch ? 'web_search' : 'tokens',
        token_type: isSearch ? null : type,
        model: isSearch ? null : usage.model,
        service_tier: isSearch ? null : (usage.tier ?? 'standard'),
        context_window: isSearch ? null : '0-200k',
        inference_geo: isSearch || !namesRegionOfCosts ? null : (usage.geo ?? 'global'),
      };
      const key = JSON.stringify(named);
      const sum = sums.get(key) ?? { named, cents: 0 };
      const list = (count * (usage.prices[type as TokenType] ?? 0) * 100) / (isSearch ? 1e3 : 1e6);
      sum.cents += list * (usage.paid ?? 1);
      sums.set(key, sum);
    }
  return [...sums.values()].map(({ named, cents }) => ({
    ...named,
    amount: cents.toFixed(10),
    currency,
  }));
}

function classicUsages(
  usages: readonly BilledUsage[],
  groups: readonly string[],
  startOf: FakeAdminApi['startOf'],
): object[] {
  return (usageRows(usages, groups, startOf) as { group: object; usage: object }[]).map(
    ({ group, usage }) => ({
      ...group,
      context_window: groups.includes('context_window') ? '0-200k' : null,
      ...usage,
      requests: undefined,
      total_tokens: undefined,
    }),
  );
}

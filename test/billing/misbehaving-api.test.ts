// An Admin API that misbehaves: cut bodies, pages that overlap or lead nowhere, days in other zones, amounts as others write
// them. What can be understood is; the rest is refused whole.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { nanoUsdOfCents, type BilledRow } from '../../core/billing/billed-row.ts';
import { compareText } from '../../core/text/text-order.ts';
import { fetchBill } from '../../server/billing/admin-api.ts';
import { startAdminApi, type BilledUsage, type FakeAdminApi } from '../fakes/admin-api.ts';

let api: FakeAdminApi;
beforeAll(async () => {
  api = await startAdminApi();
});
afterAll(() => api.close());

const RANGE = { from: '2026-11-19', to: '2026-11-23' };
const usage = (more: Partial<BilledUsage> = {}): BilledUsage => ({
  day: '2026-11-20',
  model: 'claude-opus-5-5',
  counts: { uncached_input_tokens: 1_001, output_tokens: 333 },
  prices: { uncached_input_tokens: 4, output_tokens: 20, web_search: 10 },
  ...more,
});
const LIST_NANO_USD = 1_001 * 4_000 + 333 * 20_000;

beforeEach(() => {
  Object.assign(api, {
    usages: [usage()],
    pageSize: 1_000,
    largestPage: Infinity,
    allowsAnalytics: true,
    namesModelOfSearches: true,
    startOf: (day: string) => `${day}T00:00:00Z`,
  });
  api.faults.length = 0;
  api.requests.length = 0;
});

async function fetchRows(): Promise<readonly BilledRow[]> {
  return (await fetchBill({ url: api.url, key: api.key, paceMs: 0 }, RANGE)).rows;
}

const listOf = (rows: readonly BilledRow[]): number =>
  rows.reduce((sum, { listNanoUsd }) => sum + listNanoUsd, 0);

describe('a page that would be too large', () => {
  it.each([
    ['analytics', true, 3],
    ['analytics', true, 1],
    ['usage and cost', false, 2],
  ])('is asked for in parts: %s reports', async (_, allowsAnalytics, largestPage) => {
    const keys = Array.from({ length: 8 }, (_at, index) => usage({ key: `apikey_${index}` }));
    Object.assign(api, { usages: keys, allowsAnalytics });
    const whole = await fetchRows();
    Object.assign(api, { largestPage });
    expect(await fetchRows()).toEqual(whole);
  });

  it('and cannot be smaller is refused with what the API says', async () => {
    api.largestPage = 0;
    await expect(fetchRows()).rejects.toThrow('answered 400: too much usage for a page');
  });
});

describe('what passes is asked again', () => {
  it.each<[string, FakeAdminApi['faults'][number]]>([
    ['a body that ends too early', { status: 200, isCut: true }],
    ['the body of a refusal that ends too early', { status: 529, isCut: true }],
    ['a part of a report', { status: 200, body: '{"data":[{"starting_at":"2026' }],
    [
      'a date to wait for',
      { status: 429, headers: { 'retry-after': new Date(Date.now() - 5000).toUTCString() } },
    ],
  ])('%s', async (_, fault) => {
    api.faults.push(fault, fault);
    expect(listOf(await fetchRows())).toBe(LIST_NANO_USD);
    expect(api.requests).toHaveLength(5);
  });

  it('not for an hour', async () => {
    api.faults.push({ status: 429, headers: { 'retry-after': '3600' } });
    await expect(fetchRows()).rejects.toThrow('It asks to wait for 60 minutes');
    expect(api.requests).toHaveLength(1);
  });
});

function costRow(cents: string, key = 'apikey_01'): object {
  return {
    starting_at: '2026-11-20T00:00:00Z',
    group: { model: 'claude-opus-5-5', api_key_id: key, cost_type: 'tokens', token_type: 'output_tokens' },
    cost: { amount: cents, list_amount: cents, currency: 'USD' },
  };
}

function page(rows: readonly object[], rest: object): { status: number; body: string } {
  return { status: 200, body: JSON.stringify({ data: rows, ...rest }) };
}

function leadsTo(next: string): object {
  return { has_more: true, next_page: next };
}

const END = { has_more: false, next_page: null };

describe('pages', () => {
  it('that overlap count once', async () => {
    api.faults.push(
      page([costRow('1'), costRow('2', 'apikey_02')], leadsTo('2')),
      page([costRow('2', 'apikey_02'), costRow('4', 'apikey_03')], END),
    );
    expect(listOf(await fetchRows())).toBe(70_000_000);
  });

  it('of a report that changed meanwhile are read again', async () => {
    api.faults.push(page([costRow('1')], leadsTo('2')), page([costRow('1.5')], END));
    api.faults.push(page([], END), page([], END));
    expect(listOf(await fetchRows())).toBe(LIST_NANO_USD);
  });

  it('of a report that always changes are refused', async () => {
    for (let reading = 0; reading < 3; reading++)
      api.faults.push(
        page([costRow('1')], leadsTo('2')),
        page([costRow('1.5')], END),
        page([], END),
        page([], END),
      );
    await expect(fetchRows()).rejects.toThrow('changed while they were read');
  });

  it('go on where only the next one is named', async () => {
    api.faults.push(page([costRow('1')], { next_page: 'b' }), page([costRow('2', 'apikey_02')], {}));
    expect(listOf(await fetchRows())).toBe(30_000_000);
  });

  it.each<[string, readonly object[]]>([
    ['more pages, and not which', [{ has_more: true }]],
    ['names the same page', [leadsTo('a'), leadsTo('b'), leadsTo('a')]],
  ])('that lead nowhere are refused: %s', async (message, rests) => {
    api.faults.push(...rests.map((rest) => page([], rest)));
    await expect(fetchRows()).rejects.toThrow(message);
  });

  it('of the older reports that overlap count once', async () => {
    api.allowsAnalytics = false;
    const bucket = {
      starting_at: '2026-11-20T00:00:00Z',
      results: [
        { amount: '3', currency: 'USD', cost_type: 'code_execution', description: 'Code Execution Usage' },
      ],
    };
    api.faults.push(
      { status: 403, body: '{}' },
      page([bucket], leadsTo('2')),
      page([bucket, { ...bucket, starting_at: '2026-11-21T00:00:00Z' }], END),
    );
    expect(listOf(await fetchRows())).toBe(60_000_000);
  });
});

it.each<[string, (day: string) => string]>([
  ['with an offset', (day) => `${new Date(Date.parse(day) - 18_000_000).toISOString().slice(0, 19)}-05:00`],
  ['east of UTC', (day) => `${day}T05:30:00+05:30`],
  ['without a zone', (day) => `${day}T00:00:00`],
])('a day is that of UTC: %s', async (_, startOf) => {
  api.startOf = startOf;
  for (const allowsAnalytics of [true, false]) {
    api.allowsAnalytics = allowsAnalytics;
    const rows = await fetchRows();
    expect([listOf(rows), ...new Set(rows.map(({ day }) => day))]).toEqual([LIST_NANO_USD, '2026-11-20']);
  }
});

it('a day that is none is refused', async () => {
  api.startOf = () => 'yesterday';
  await expect(fetchRows()).rejects.toThrow('a day that is none');
});

function searchesOf(model: string, searches: number, key: string): BilledUsage {
  return usage({ model, key, counts: { web_search: searches }, prices: { web_search: 10 } });
}

it('searches without a model are those of the usages, together exactly as much', async () => {
  api.namesModelOfSearches = false;
  api.usages = [
    searchesOf('claude-opus-5-5', 3, 'apikey_01'),
    searchesOf('claude-haiku-5-5', 4, 'apikey_01'),
    searchesOf('claude-haiku-5-5', 5, 'apikey_02'),
  ];
  const found = (await fetchRows()).map(
    ({ model, apiKeyId, quantity, listNanoUsd }) => `${model} ${apiKeyId} ${quantity} ${listNanoUsd}`,
  );
  expect(found.toSorted(compareText)).toEqual([
    'claude-haiku-5-5 apikey_01 4 40000000',
    'claude-haiku-5-5 apikey_02 5 50000000',
    'claude-opus-5-5 apikey_01 3 30000000',
  ]);
});

it.each([true, false])(
  'usage without a key from two workspaces names none (analytics: %s)',
  async (allows) => {
    api.allowsAnalytics = allows;
    api.usages = [
      usage({ key: null, workspace: null }),
      usage({ key: null, workspace: 'wrkspc_02' }),
      usage({ key: 'apikey_03', workspace: 'wrkspc_03' }),
    ];
    const rows = await fetchRows();
    const places = rows.map(({ apiKeyId, workspaceId }) => `${apiKeyId}/${workspaceId}`);
    expect([listOf(rows), ...[...new Set(places)].toSorted(compareText)]).toEqual([
      3 * LIST_NANO_USD,
      '/',
      'apikey_03/wrkspc_03',
    ]);
  },
);

it.each([
  ['1E-7', 1],
  ['12.5e-2', 1_250_000],
  ['1e+2', undefined],
  ['-0.5', -5_000_000],
  ['0.00000004999999999999999999999999', 0],
  ['0.00000005', 1],
  ['123456.78901234567890123456789', 1_234_567_890_123],
  ['-0.00000001', 0],
  ['1e-400', undefined],
  ['0x10', undefined],
  ['', undefined],
  ['1,5', undefined],
  ['NaN', undefined],
])('%s cents are %p nano-USD', (cents, nanoUsd) => {
  expect(nanoUsdOfCents(cents)).toBe(nanoUsd);
});

it.each(['constructor', '__proto__', 'toString'])('a kind of cost named %s is not known', async (type) => {
  const row = {
    starting_at: '2026-11-20T00:00:00Z',
    group: { cost_type: type, token_type: type },
    cost: { amount: '1', currency: 'USD' },
  };
  const body = JSON.stringify({ data: [row] });
  api.faults.push({ status: 200, body });
  await expect(fetchRows()).rejects.toThrow('does not know');
});

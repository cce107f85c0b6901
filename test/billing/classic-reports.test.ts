// The usage and cost reports: what a cost is shared out by, against the analytics reports of the same bill.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { BilledRow } from '../../core/billing/billed-row.ts';
import { fetchBill } from '../../server/billing/admin-api.ts';
import { startAdminApi, type BilledUsage, type FakeAdminApi } from '../fakes/admin-api.ts';

let api: FakeAdminApi;
beforeAll(async () => {
  api = await startAdminApi();
});
afterAll(() => api.close());

const DAY = '2026-11-20';
const RANGE = { from: '2026-11-19', to: '2026-11-23' };
/** List prices of claude-opus-5-5, and where it is fast. */
const PRICES = { uncached_input_tokens: 4, cache_read_input_tokens: 0.2, output_tokens: 20, web_search: 10 };
const FAST = { uncached_input_tokens: 8, cache_read_input_tokens: 0.4, output_tokens: 40 };
const opus = (more: Partial<BilledUsage>): BilledUsage => ({
  day: DAY,
  model: 'claude-opus-5-5',
  counts: { uncached_input_tokens: 1_001, cache_read_input_tokens: 777, output_tokens: 333 },
  prices: PRICES,
  ...more,
});

async function billsOf(
  usages: readonly BilledUsage[],
): Promise<{ analytics: readonly BilledRow[]; classic: readonly BilledRow[]; note: string | undefined }> {
  api.usages = [...usages];
  const options = { url: api.url, key: api.key, paceMs: 0 };
  api.allowsAnalytics = true;
  const { rows: analytics } = await fetchBill(options, RANGE);
  api.allowsAnalytics = false;
  const { rows: classic, note } = await fetchBill(options, RANGE);
  return { analytics, classic, note };
}

const inOrder = (rows: readonly BilledRow[]): string[] =>
  rows
    .map((row) =>
      JSON.stringify(Object.entries({ ...row, product: '' }).toSorted(([a], [b]) => a.localeCompare(b))),
    )
    .toSorted();
const sumOf = (rows: readonly BilledRow[]): number =>
  rows.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0);

it.each<[string, readonly BilledUsage[]]>([
  ['one key', [opus({})]],
  ['keys of one workspace', [opus({}), opus({ key: 'apikey_02', counts: { output_tokens: 1_234 } })]],
  ['keys of two workspaces', [opus({}), opus({ key: 'apikey_02', workspace: 'wrkspc_02' })]],
  ['tiers', [opus({}), opus({ tier: 'batch', prices: { ...PRICES, output_tokens: 10 } })]],
  ['speeds', [opus({}), opus({ speed: 'fast', prices: FAST })]],
  ['regions', [opus({}), opus({ geo: 'us', prices: { ...PRICES, output_tokens: 22 } })]],
  ['the Console, without a key', [opus({}), opus({ key: null, workspace: null })]],
  ['days', [opus({}), opus({ day: '2026-11-21' }), opus({ day: '2026-11-22', key: 'apikey_02' })]],
  ['searches', [opus({ counts: { output_tokens: 5, web_search: 3 } })]],
])('%s: the rows of the analytics reports', async (_, usages) => {
  const { analytics, classic, note } = await billsOf(usages);
  expect(note).toContain('usage and cost reports');
  expect(inOrder(classic)).toEqual(inOrder(analytics));
});

it('regions that the costs do not name are told apart by what they cost', async () => {
  const inUs = Object.fromEntries(Object.entries(PRICES).map(([type, price]) => [type, price * 1.1]));
  api.namesRegionOfCosts = false;
  try {
    const { analytics, classic } = await billsOf([opus({}), opus({ geo: 'us', prices: inUs })]);
    expect(inOrder(classic)).toEqual(inOrder(analytics));
  } finally {
    api.namesRegionOfCosts = true;
  }
});

it('page by page', async () => {
  api.pageSize = 1;
  try {
    const { analytics, classic } = await billsOf([opus({}), opus({ day: '2026-11-22' })]);
    expect(inOrder(classic)).toEqual(inOrder(analytics));
  } finally {
    api.pageSize = 1_000;
  }
});

it('what is not told apart is shared out, together exactly as much', async () => {
  // Thirds of a nano-dollar, and a cost without any usage.
  const { analytics, classic } = await billsOf(
    ['01', '02', '03'].map((key) =>
      opus({ key: `apikey_${key}`, counts: { output_tokens: 1 }, prices: { output_tokens: 1 / 3 } }),
    ),
  );
  expect(classic.map(({ quantity, apiKeyId }) => [apiKeyId, quantity])).toEqual([
    ['apikey_01', 1],
    ['apikey_02', 1],
    ['apikey_03', 1],
  ]);
  expect(Math.abs(sumOf(classic) - sumOf(analytics))).toBeLessThanOrEqual(2);
});

it('another currency is refused as ever, and the first refusal is what is said where neither report is open', async () => {
  api.currency = 'EUR';
  await expect(billsOf([opus({})])).rejects.toThrow('EUR');
  api.allowsAnalytics = false;
  await expect(fetchBill({ url: api.url, key: api.key, paceMs: 0 }, RANGE)).rejects.toThrow('EUR');
  api.currency = 'USD';
  const refused = { status: 403, body: JSON.stringify({ error: { message: 'not you' } }) };
  api.faults.push(refused, { status: 403, body: '{}' });
  await expect(fetchBill({ url: api.url, key: api.key, paceMs: 0 }, RANGE)).rejects.toThrow('not you');
});

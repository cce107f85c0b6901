// Causes and sums of a reconciliation, from rows written by hand.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { billingEventOf } from '../../core/billing/billing-event.ts';
import { nanoUsdOfCents, type BilledRow, type LedgerCell } from '../../core/billing/billed-row.ts';
import { reconcile, type Reconciliation } from '../../core/billing/reconcile.ts';

const CELL = {
  day: '2026-11-20',
  model: 'claude-sonnet-5-5',
  kind: 'input',
  tier: 'standard',
  speed: 'standard',
  geo: 'global',
} as const;

function billed(quantity: number, more: Partial<BilledRow> = {}): BilledRow {
  const listNanoUsd = quantity * 2000;
  const row = {
    ...CELL,
    apiKeyId: 'apikey_a',
    workspaceId: '',
    product: 'messages_api',
    quantity,
    listNanoUsd,
  };
  return { ...row, amountNanoUsd: more.listNanoUsd ?? listNanoUsd, ...more };
}

function observed(quantity: number, more: Partial<LedgerCell> = {}): LedgerCell {
  return { ...CELL, service: 'support', quantity, costNanoUsd: quantity * 2000, calls: 10, ...more };
}

const BATCH = { tier: 'batch' };

/** A model with a rate of its own for long prompts: 100 and 500 nano-USD a token. */
const HAIKU = { model: 'claude-haiku-5-5' };

/** What each cause comes to, with its sign in the difference. */
function causesOf({ rows, extra }: Reconciliation): Record<string, number> {
  const sums: Record<string, number> = {};
  const add = (cause: string, nanoUsd: number): void => void (sums[cause] = (sums[cause] ?? 0) + nanoUsd);
  for (const row of rows) {
    if (row.missingCause !== undefined) add(row.missingCause, -row.missingNanoUsd);
    if (row.priceCause !== undefined) add(row.priceCause, row.priceDifferenceNanoUsd);
  }
  for (const { cause, costNanoUsd } of extra) add(`extra ${cause}`, costNanoUsd);
  return sums;
}

describe('causes of a difference', () => {
  it.each<[string, BilledRow[], LedgerCell[], Record<string, number>]>([
    ['nothing', [billed(700)], [observed(700)], {}],
    [
      'a key that is not observed',
      [billed(700), billed(300, { apiKeyId: 'apikey_b' })],
      [observed(700)],
      { uncovered_key: -600_000 },
    ],
    [
      'one of two keys, and the counts could be either',
      [billed(300), billed(300, { apiKeyId: 'apikey_b' })],
      [observed(300)],
      { unknown: -600_000 },
    ],
    ['some calls of the only key', [billed(700)], [observed(400)], { unknown: -600_000 }],
    [
      'batches',
      [billed(700), billed(100, { tier: 'batch', listNanoUsd: 100_000 })],
      [observed(700)],
      { batch_not_observed: -100_000 },
    ],
    [
      'Claude Code',
      [billed(700), billed(50, { model: 'claude-haiku-4-5', product: 'claude_code', listNanoUsd: 50_000 })],
      [observed(700)],
      { claude_code: -50_000 },
    ],
    [
      'code execution',
      [
        billed(700),
        billed(1, { kind: 'code_execution', model: '', quantity: undefined, listNanoUsd: 9_000 }),
      ],
      [observed(700)],
      { not_by_call: -9_000 },
    ],
    [
      'midnight',
      [billed(700), billed(100, { day: '2026-11-21' })],
      [observed(650), observed(150, { day: '2026-11-21' })],
      { day_boundary: -100_000, 'extra day_boundary': 100_000 },
    ],
    [
      'a contract',
      [billed(700, { amountNanoUsd: 1_120_000 })],
      [observed(700, { costNanoUsd: 1_120_000 })],
      { contract_rate: -280_000 },
    ],
    ['rounding', [billed(700)], [observed(700, { costNanoUsd: 1_400_004 })], { rounding: 4 }],
    ['another price', [billed(700)], [observed(700, { costNanoUsd: 1_500_000 })], { unknown: 100_000 }],
    [
      'a day before the first call that was observed',
      [
        billed(700),
        billed(300, { day: '2026-11-19' }),
        billed(9, { day: '2026-11-19', apiKeyId: 'apikey_b' }),
      ],
      [observed(700)],
      { day_not_observed: -618_000 },
    ],
    [
      'batches whose results are read on the days after',
      [billed(700), billed(100, BATCH), billed(50, { ...BATCH, day: '2026-11-21' })],
      [
        observed(700),
        observed(90, { ...BATCH, day: '2026-11-21' }),
        observed(60, { ...BATCH, day: '2026-11-24' }),
      ],
      {},
    ],
    [
      'batches of which more was read than is billed, a part of it too late',
      [
        billed(10, { ...BATCH, day: '2026-10-01' }),
        billed(100, BATCH),
        billed(50, { ...BATCH, day: '2026-11-21' }),
      ],
      [observed(200, { ...BATCH, day: '2026-11-21' })],
      { day_not_observed: -20_000, 'extra unknown': 100_000 },
    ],
    [
      'a batch that is read before it is billed',
      [billed(700), billed(100, { ...BATCH, day: '2026-11-21' })],
      [observed(700), observed(100, BATCH)],
      { day_boundary: -200_000, 'extra day_boundary': 200_000 },
    ],
    ['calls without a price', [billed(700)], [observed(700, { costNanoUsd: 0 })], { unpriced: -1_400_000 }],
    ['calls that are not billed', [billed(700)], [observed(800)], { 'extra unknown': 200_000 }],
    [
      'long prompts of one key, at five times the rate of the other key',
      [billed(400), billed(300, { apiKeyId: 'apikey_b', listNanoUsd: 3_000_000 })],
      [observed(700, { costNanoUsd: 3_800_000 })],
      {},
    ],
    [
      'keys that together are observed in part',
      [billed(3), billed(5, { apiKeyId: 'apikey_b' })],
      [observed(7)],
      { unknown: -2000 },
    ],
    [
      'a key that is not observed, beside a day that goes on',
      [billed(700), billed(300, { apiKeyId: 'apikey_b' }), billed(100, { day: '2026-11-21' })],
      [observed(700), observed(150, { day: '2026-11-21' })],
      { uncovered_key: -600_000, 'extra unknown': 100_000 },
    ],
    [
      'a key that is not observed, beside one whose usage was taken back',
      [
        billed(700),
        billed(300, { apiKeyId: 'apikey_b' }),
        billed(0, { apiKeyId: 'apikey_c', day: '2026-11-21' }),
      ],
      [observed(700)],
      { uncovered_key: -600_000 },
    ],
    [
      'midnight of a day with nothing else',
      [billed(100), billed(700, { day: '2026-11-21' })],
      [observed(800, { day: '2026-11-21' })],
      { day_boundary: -200_000, 'extra day_boundary': 200_000 },
    ],
  ])('%s', (_, bill, ledger, expected) => {
    const found = reconcile(bill, ledger);
    expect(causesOf(found)).toEqual(expected);
    expect(sumOf(expected)).toBe(observedNanoUsd(found) - billedNanoUsd(found));
  });

  it.each<[string, number, number, number, number, number[]]>([
    ['missing, and long', 1000, 180_000, 800, 80_000, [100_000, 0]],
    ['missing, and short beside long ones', 1000, 420_000, 800, 400_000, [20_000, 0]],
    ['not billed yet, and long', 800, 80_000, 1000, 180_000, [0, 0]],
    ['missing, and all at another price', 1000, 300_000, 800, 80_000, [60_000, -160_000]],
    ['all there, at another price', 1000, 180_000, 1000, 100_000, [0, -80_000]],
  ])('tells prices from tokens of prompts that are %s', (_, quantity, list, seen, cost, expected) => {
    const found = reconcile(
      [billed(quantity, { ...HAIKU, listNanoUsd: list })],
      [observed(seen, { ...HAIKU, costNanoUsd: cost })],
    );
    expect(found.rows.flatMap((row) => [row.missingNanoUsd, row.priceDifferenceNanoUsd])).toEqual(expected);
  });

  it('compares a key with its service where the user says whose it is', () => {
    const bill = [billed(300), billed(300, { apiKeyId: 'apikey_b' })];
    const ledger = [observed(300), observed(200, { service: 'search' })];
    const serviceOfKey = new Map([['apikey_b', 'search']]);
    const { rows } = reconcile(bill, ledger, { serviceOfKey });
    expect(rows.map(({ apiKeyId, missingNanoUsd }) => [apiKeyId, missingNanoUsd])).toEqual([
      ['apikey_a', 0],
      ['apikey_b', 200_000],
    ]);
  });

  it('leaves out days that are not billed yet', () => {
    const found = reconcile([billed(700)], [observed(700), observed(500, { day: '2026-11-21' })]);
    expect([causesOf(found), found.unreportedDays]).toEqual([{}, ['2026-11-21']]);
  });

  it('loses nothing of batches, whenever they are read', () => {
    const day = fc.integer({ min: 10, max: 14 }).map((one) => `2026-11-${one}`);
    const quantity = fc.integer({ min: 1, max: 9 });
    const cells = fc.array(fc.tuple(day, quantity, quantity), { minLength: 1 });
    fc.assert(
      fc.property(cells, cells, (bill, ledger) => {
        // Of each day something is billed, so that every day counts.
        const rows = [10, 11, 12, 13, 14].map((one) => billed(1, { day: `2026-11-${one}` }));
        const batches = new Map(bill.map(([at, size]) => [at, billed(size, { ...BATCH, day: at })]));
        const seen = ledger.map(([at, size, cost]) =>
          observed(size, { ...BATCH, day: at, costNanoUsd: cost }),
        );
        const found = reconcile([...rows, ...batches.values()], seen);
        expect(observedNanoUsd(found)).toBe(seen.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0));
        expect(sumOf(causesOf(found))).toBe(observedNanoUsd(found) - billedNanoUsd(found));
      }),
      { seed: 29, numRuns: 300 },
    );
  });

  it('divides every difference, whatever was billed and observed', () => {
    const size = fc.integer({ min: 0, max: 5 });
    const row = fc
      .tuple(size, fc.constantFrom('apikey_a', 'apikey_b', 'apikey_c'), fc.constantFrom('input', 'output'))
      .map(([quantity, apiKeyId, kind]) => billed(quantity, { apiKeyId, kind: kind as 'input' }));
    const cell = fc
      .tuple(size, fc.integer({ min: 0, max: 9999 }), fc.constantFrom('input', 'output'))
      .map(([quantity, costNanoUsd, kind]) => observed(quantity, { costNanoUsd, kind: kind as 'input' }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), fc.array(cell), (bill, ledger) => {
        const unique = [...new Map(bill.map((one) => [`${one.apiKeyId}${one.kind}`, one])).values()];
        const found = reconcile(
          unique,
          ledger.filter(({ quantity }) => quantity > 0),
        );
        expect(sumOf(causesOf(found))).toBe(observedNanoUsd(found) - billedNanoUsd(found));
        const seen = ledger.filter(({ quantity }) => quantity > 0);
        expect(observedNanoUsd(found)).toBe(seen.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0));
      }),
      { seed: 28, numRuns: 300 },
    );
  });
});

it.each([
  ['0', 0],
  ['1', 10_000_000],
  ['12.345678901', 123_456_789],
  ['0.00000004', 0],
  ['0.00000005', 1],
  ['99999999.99', 999_999_999_900_000],
  ['-2.5', -25_000_000],
  ['1e3', undefined],
  ['', undefined],
])('%s cents', (text, expected) => {
  expect(nanoUsdOfCents(text)).toBe(expected);
});

function sumOf(sums: Record<string, number>): number {
  return Object.values(sums).reduce((sum, one) => sum + one, 0);
}

function observedNanoUsd({ rows, extra }: Reconciliation): number {
  return (
    rows.reduce((sum, { observedNanoUsd: one }) => sum + one, 0) +
    extra.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0)
  );
}

function billedNanoUsd({ rows }: Reconciliation): number {
  return rows.reduce((sum, { listNanoUsd }) => sum + listNanoUsd, 0);
}

describe('drift', () => {
  it.each([
    ['of another price', 1_500_000, 100_000],
    ['of a lower price', 1_300_000, 100_000],
    ['of the rate of the contract is none', 1_120_000, 0],
    ['of rounding is none', 1_400_004, 0],
    ['of the same price is none', 1_400_000, 0],
  ])('%s', (_, costNanoUsd, drift) => {
    const bill = [billed(700, { amountNanoUsd: 1_120_000 })];
    const [row] = reconcile(bill, [observed(700, { costNanoUsd })]).rows;
    if (row === undefined) throw new Error('no row');
    expect(billingEventOf(row, 0).billing_drift_nano_usd).toBe(drift);
  });
});

// Periods and blocks of usage reports.

import { expect, test } from '@jest/globals';
import { usageByBlock } from '../../core/usage-report/blocks.ts';
import { periodOf, startOfPeriod, usageByPeriod } from '../../core/usage-report/periods.ts';
import { newSums, type UsageRow } from '../../core/usage-report/usage-row.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/time/time.ts';

function row(at: string, costNanoUsd: number, model = 'claude-opus-5-5'): UsageRow {
  const atMs = Date.parse(at);
  return {
    atMs,
    firstMs: atMs,
    lastMs: atMs,
    session: null,
    project: null,
    model,
    sums: { ...newSums(), calls: 1, tokensOutput: 100, costNanoUsd },
  };
}

test.each([
  ['daily', '2026-11-29T23:30:00Z', 'UTC', '2026-11-29'],
  ['daily', '2026-11-29T23:30:00Z', 'Asia/Kolkata', '2026-11-30'],
  ['weekly', '2026-11-29T23:30:00Z', 'UTC', '2026-11-23'],
  ['weekly', '2026-11-29T23:30:00Z', 'Asia/Kolkata', '2026-11-30'],
  ['monthly', '2026-11-30T23:30:00Z', 'Europe/Berlin', '2026-12'],
] as const)('%s of %s in %s is %s', (period, at, zone, name) => {
  expect(periodOf(Date.parse(at), period, zone)).toBe(name);
});

test.each([
  ['daily', '2026-11-29T23:30:00Z', 'Asia/Kolkata', '2026-11-29T18:30:00.000Z'],
  ['weekly', '2026-11-29T23:30:00Z', 'UTC', '2026-11-23T00:00:00.000Z'],
  ['monthly', '2026-11-15T12:00:00Z', 'America/New_York', '2026-11-01T04:00:00.000Z'],
] as const)('the %s period of %s in %s begins at %s', (period, at, zone, begin) => {
  expect(new Date(startOfPeriod(Date.parse(at), period, zone)).toISOString()).toBe(begin);
});

test('periods come in order, with the models of each, the most expensive first', () => {
  const groups = usageByPeriod(
    [
      row('2026-11-30T01:00:00Z', 5),
      row('2026-11-29T01:00:00Z', 1),
      row('2026-11-29T02:00:00Z', 7, 'claude-sonnet-5-5'),
    ],
    'daily',
    'UTC',
  );
  expect([...groups.keys()]).toEqual(['2026-11-29', '2026-11-30']);
  const [first] = groups.values();
  expect(first?.sums).toMatchObject({ calls: 2, costNanoUsd: 8 });
  expect(first?.models.map(({ model }) => model)).toEqual(['claude-sonnet-5-5', 'claude-opus-5-5']);
});

test('a block begins with the hour of its first call and lasts five; the current one has a rate and an end', () => {
  const nowMs = Date.parse('2026-11-30T12:30:00Z');
  const blocks = usageByBlock(
    [
      row('2026-11-30T01:40:00Z', 10),
      row('2026-11-30T05:59:00Z', 20),
      row('2026-11-30T06:00:00Z', 40),
      row('2026-11-30T11:30:00Z', 6_000),
      row('2026-11-30T12:29:00Z', 3_000),
    ],
    nowMs,
  );
  expect(
    blocks.map((block) => [new Date(block.startMs).toISOString().slice(11, 16), block.sums.costNanoUsd]),
  ).toEqual([
    ['01:00', 30],
    ['06:00', 40],
    ['11:00', 9_000],
  ]);
  expect(blocks.map(({ isActive }) => isActive)).toEqual([false, false, true]);
  // An hour so far, three and a half to go.
  expect(blocks[2]).toMatchObject({
    endMs: Date.parse('2026-11-30T16:00:00Z'),
    burn: { nanoUsdPerHour: 9_000, tokensPerMinute: 200 / 60 },
    projection: { costNanoUsd: 9_000 + 3.5 * 9_000, leftMs: 3.5 * HOUR_MS, tokens: 900 },
  });
  expect(usageByBlock([row('2026-11-30T12:30:00Z', 1)], nowMs + MINUTE_MS / 2)[0]?.burn).toBeUndefined();
});

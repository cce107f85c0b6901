// Cost shares: what a call paid for each part of its context comes out of the list as it went in, and sums of shares are
// sums of each part.

import { describe, expect, it } from '@jest/globals';
import {
  array,
  assert,
  constant,
  constantFrom,
  integer,
  oneof,
  property,
  record,
  sample,
  string,
} from 'fast-check';
import type { ToolCost } from '../../core/attribution/attribution.ts';
import { decodeShares, encodeShares, endOfStretch, ShareSums } from '../../core/attribution/cost-shares.ts';
import type { EventRecord } from '../../core/event.ts';
import { factsOfRuns } from '../../core/scores/run-facts.ts';
import { DAY_MS, startOfDate } from '../../core/time/time.ts';

const amount = oneof(constant(0), integer({ min: 0, max: 1e12 }));
const share = record({
  tool: string({ maxLength: 100 }),
  firstReadNanoUsd: amount,
  cacheWriteNanoUsd: amount,
  cacheReadNanoUsd: amount,
  carryNanoUsd: amount,
  outputNanoUsd: amount,
  webSearchNanoUsd: amount,
  tokens: amount,
  rule: constantFrom('prefix' as const, 'counted' as const, 'mixed' as const),
}).map((parts): ToolCost => ({
  ...parts,
  costNanoUsd:
    parts.firstReadNanoUsd +
    parts.cacheWriteNanoUsd +
    parts.cacheReadNanoUsd +
    parts.carryNanoUsd +
    parts.outputNanoUsd +
    parts.webSearchNanoUsd,
}));

function total(part: keyof ToolCost, of: readonly ToolCost[]): number {
  return of.reduce((sum, one) => sum + Number(one[part]), 0);
}

describe('the list of shares', () => {
  it('gives back what went in', () => {
    assert(
      property(array(share, { minLength: 1, maxLength: 20 }), (shares) => {
        expect(decodeShares(encodeShares(shares) ?? [])).toEqual(shares);
      }),
    );
  });

  it.each([
    'search',
    'search=',
    'search=x f1',
    'search=p f',
    'search=p f1 ',
    'search=p f1  t2',
    'search=p f-1',
    'search=p f1.5',
    'search=p q1',
    'search=pf1',
    'search=p f99999999999999999999',
  ])('leaves out %j, which is no share', (item) => {
    expect(decodeShares([item, 'a=b=p t3']).map(({ tool, tokens }) => [tool, tokens])).toEqual([['a=b', 3]]);
  });

  it('is not there where a field could not hold it whole', () => {
    const [one] = sample(share, 1) as [ToolCost];
    expect(encodeShares([])).toBeUndefined();
    expect(encodeShares([{ ...one, tool: 'a'.repeat(300) }])).toBeUndefined();
    expect(encodeShares(Array.from({ length: 600 }, (_, n) => ({ ...one, tool: `t${n}` })))).toBeUndefined();
    expect(
      encodeShares(Array.from({ length: 500 }, (_, n) => ({ ...one, tool: `${'a'.repeat(100)}${n}` }))),
    ).toBeUndefined();
  });

  it.each([
    '',
    'search',
    'search=',
    'search=x t1',
    'search=p q1',
    'search=p t',
    'search=p f-1',
    'search=p f1.5',
  ])('leaves out %j', (item) => {
    expect(decodeShares([item, 'read=p f5'])).toMatchObject([{ tool: 'read', costNanoUsd: 5 }]);
  });
});

describe('a stretch', () => {
  it('ends where days end, in whatever zone, and holds its end', () => {
    const date = Math.floor(Date.UTC(2026, 10, 30) / DAY_MS);
    for (const zone of ['UTC', 'America/New_York', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe']) {
      const start = startOfDate(date, zone);
      expect(endOfStretch(start)).toBe(start);
      expect(endOfStretch(start + 1)).toBe(start + 300_000);
    }
  });
});

describe('the most expensive tool of a run', () => {
  it('is that of the shares, whether rows sum them up yet or not', () => {
    const call: EventRecord = {
      timestamp: 1,
      'event.name': 'agent.model_call',
      'agent.run_id': 'a',
      'tallyspan.cost_shares': ['search=p f5', 'read=p f7', '(output)=c o900'],
    };
    const row: EventRecord = {
      timestamp: 1,
      'event.name': 'agent.tool_cost',
      'agent.run_id': 'a',
      'gen_ai.tool.name': 'search',
      cost_nano_usd: 5,
      'tallyspan.calls': 1,
    };
    for (const events of [[call], [call, row]])
      expect(factsOfRuns(events)[0]?.mostExpensiveTool).toEqual({ name: 'read', costNanoUsd: 7 });
    const { 'tallyspan.calls': _calls, ...own } = row;
    expect(factsOfRuns([own])[0]?.mostExpensiveTool).toEqual({ name: 'search', costNanoUsd: 5 });
  });
});

describe('sums of shares', () => {
  it('are those of each part, however the calls are divided', () => {
    assert(
      property(array(array(share, { maxLength: 5 }), { maxLength: 6 }), (calls) => {
        const sums = new ShareSums();
        for (const shares of calls) sums.add(shares);
        const rows = sums.rows().map(({ sum }) => sum);
        for (const part of ['costNanoUsd', 'carryNanoUsd', 'outputNanoUsd', 'tokens'] as const)
          expect(total(part, rows)).toBe(total(part, calls.flat()));
        expect(new Set(rows.map(({ tool }) => tool)).size).toBe(rows.length);
      }),
    );
  });
});

// The ledger of an agent session, by itself: what is left of the totals beside the calls.

import { describe, expect, it } from '@jest/globals';
import { NO_USAGE, type Usage } from '../../core/pricing/usage.ts';
import { addToCounts, countsByModel, type ByModel } from '../../core/transcripts/ledger.ts';
import { goesOn, restsOf } from '../../instrumentation/claude-agent/agent-ledger.ts';

const MODEL = 'claude-opus-5-5';

function called(...usages: Partial<Usage>[]): ByModel {
  const counts: ByModel = new Map();
  for (const usage of usages) addToCounts(counts, MODEL, { ...NO_USAGE, ...usage });
  return counts;
}

const rest = (totals: Record<string, unknown>, calls: ByModel, before: ByModel = new Map()): unknown =>
  restsOf(countsByModel({ [MODEL]: totals }), before, calls).map(({ counts, isWhole }) => [
    Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    isWhole,
  ]);

describe('what is left of the totals', () => {
  it('is nothing where calls count all of it', () => {
    const calls = called({ input: 10, output: 5, cacheWrite5m: 3, cacheWrite1h: 4, cacheRead: 2 });
    const totals = { inputTokens: 10, outputTokens: 5, cacheReadInputTokens: 2, cacheCreationInputTokens: 7 };
    expect(rest({ ...totals, cacheCreationEphemeral1hInputTokens: 4 }, calls)).toEqual([]);
    // Without any lifetime, those of the calls hold.
    expect(rest(totals, calls)).toEqual([]);
  });

  it('voids nothing when lifetimes are not told: only what no call wrote has none', () => {
    const calls = called({ input: 10, output: 5, cacheWrite1h: 40 });
    const totals = { inputTokens: 15, outputTokens: 25, cacheCreationInputTokens: 50 };
    expect(rest(totals, calls)).toEqual([[{ input: 5, output: 20, cacheWriteUnknown: 10 }, true]]);
    expect(rest({ ...totals, cacheCreationEphemeral1hInputTokens: 40 }, calls)).toEqual([
      [{ input: 5, output: 20, cacheWrite5m: 10 }, true],
    ]);
  });

  it('is without those before, by the model of the price table, whatever its name carries', () => {
    const before = countsByModel({ [`${MODEL}[1m]`]: { inputTokens: 100, outputTokens: 7 } });
    expect(rest({ inputTokens: 130, outputTokens: 9 }, called({ input: 30, output: 1 }), before)).toEqual([
      [{ output: 1 }, true],
    ]);
  });

  it('is reported, and no less than nothing, where calls count more', () => {
    expect(rest({ inputTokens: 5, outputTokens: 9 }, called({ input: 10, output: 5 }))).toEqual([
      [{ output: 4 }, false],
    ]);
  });
});

it('totals that are lower than before have begun again', () => {
  const before = countsByModel({ [MODEL]: { inputTokens: 10 } });
  expect(goesOn(countsByModel({ [MODEL]: { inputTokens: 10, outputTokens: 1 } }), before)).toBe(true);
  expect(goesOn(countsByModel({ [MODEL]: { inputTokens: 9 } }), before)).toBe(false);
  expect(goesOn(countsByModel({}), before)).toBe(false);
});

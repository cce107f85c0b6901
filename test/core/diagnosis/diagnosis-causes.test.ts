// Which causes are named for which atoms: each from its evidence and its least dollars on, and not without.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { findCauses } from '../../../core/diagnosis/causes.ts';
import { AtomPool } from '../../../core/diagnosis/pool.ts';
import {
  broken,
  causesOf,
  CASES,
  comparisonOf,
  COST,
  FAST,
  kindsOf,
  LEAST,
  LEAST_BY_CHANCE,
  mix,
  PRICE,
  size,
  USUAL,
} from './cause-cases.ts';

describe('a cause', () => {
  it.each(CASES)('%s of %j is named from %p nano-dollars on, either way', (kind, label, least, setting) => {
    for (const sign of [1, -1]) {
      expect(causesOf([[label, sign * least]], setting)).toMatchObject([{ kind, nanoUsd: sign * least }]);
      expect(causesOf([[label, sign * (least - 1)]], setting)).toEqual([]);
    }
  });

  it.each(CASES.filter(([kind]) => !/_grew$|more_turns/.test(kind)))(
    '%s of %j is not named without its evidence',
    (kind, label) => {
      expect(kindsOf([[label, COST]])).not.toContain(kind);
    },
  );

  it('is measured against the more expensive period', () => {
    const twice = 2 * LEAST;
    for (const costs of [
      [2 * COST, COST],
      [COST, 2 * COST],
    ] as const) {
      expect(kindsOf([[PRICE, twice]], { after: FAST, costs })).toEqual(['tier_changed']);
      expect(kindsOf([[PRICE, twice - 1]], { after: FAST, costs })).toEqual([]);
    }
    expect(kindsOf([[PRICE, 0]], { after: FAST, costs: [0, 0] })).toEqual([]);
    expect(kindsOf([[PRICE, 1]], { after: FAST, costs: [0, 0] })).toEqual(['tier_changed']);
  });

  it('without a mark of its own must be more than runs differ by chance', () => {
    const before = { runCostDeviation: 1_000 };
    const chance = 3.5 * 1_000 * Math.sqrt(200);
    const least = Math.ceil(chance);
    expect(kindsOf([[{ part: 'turns_per_run' }, least]], { before })).toEqual(['more_turns']);
    expect(kindsOf([[{ part: 'turns_per_run' }, least - 1]], { before })).toEqual([]);
  });

  it.each([
    ['(system)', 'systemPrompts', 'system_prompt_grew'],
    ['(tools)', 'toolDefinitions', 'tool_definitions_grew'],
  ] as const)('of %s is seen in another hash and in first calls of another size', (owner, key, kind) => {
    const other = { before: { [key]: new Set(['a']) }, after: { [key]: new Set(['b']) } };
    const same = { before: { [key]: new Set(['a']) }, after: { [key]: new Set(['a']) } };
    expect(kindsOf([[size(owner), LEAST]], { ...other, openings: 1 })).toEqual([kind]);
    expect(kindsOf([[size(owner), -LEAST]], { ...other, openings: -1 })).toEqual([kind]);
    for (const openings of [0, -1] as const)
      expect(kindsOf([[size(owner), LEAST_BY_CHANCE - 1]], { ...other, openings })).toEqual([]);
    expect(kindsOf([[size(owner), LEAST]], { ...same, openings: 1 })).toEqual([]);
    expect(kindsOf([[size('(user)'), LEAST]], { ...other, openings: 1 })).toEqual([]);
  });

  it('is not half of another lifetime of writes: fewer expired caches without what the writes cost more', () => {
    const setting = {
      before: {
        tokensWritten5m: 100,
        tokensWritten1h: 0,
        callsByCacheCause: new Map([['ttl_expired', 100]]),
      },
      after: { tokensWritten5m: 0, tokensWritten1h: 100 },
    };
    const atoms = [
      [broken('ttl_expired'), -3 * LEAST],
      [mix('(all)'), 3 * LEAST],
    ] as const;
    expect(kindsOf(atoms, setting)).toEqual([]);
    expect(kindsOf(atoms.slice(0, 1), setting)).toEqual(['ttl_changed']);
  });

  it.each([
    ['more_runs', 'run_count'],
    ['workload_changed', 'workload_mix'],
  ] as const)('%s must be more than the number of runs differs by chance', (kind, part) => {
    const least = Math.ceil(3.5 * USUAL.meanRunCost * Math.sqrt(200));
    expect(causesOf([[{ part }, least]])).toMatchObject([{ kind, nanoUsd: least }]);
    expect(causesOf([[{ part }, least - 1]])).toEqual([]);
    const cheap = { before: { meanRunCost: 0 } };
    expect(kindsOf([[{ part }, 2 * LEAST]], cheap)).toEqual([kind]);
    expect(kindsOf([[{ part }, 2 * LEAST - 1]], cheap)).toEqual([]);
  });

  it('takes its atoms, so that causes and what is left sum to the difference', () => {
    const labels = [...CASES.map(([, label]) => label), { part: 'run_count' }, { part: 'other' }] as const;
    const anAtom = fc.tuple(fc.constantFrom(...labels), fc.integer({ min: -COST, max: COST }));
    const settings = CASES.map(([, , , setting]) => setting);
    fc.assert(
      fc.property(fc.array(anAtom), fc.constantFrom(...settings), (atoms, setting) => {
        const pool = new AtomPool(atoms.map(([label, nanoUsd]) => ({ label, nanoUsd })));
        const total = pool.peek(() => true);
        const causes = findCauses(pool, comparisonOf(setting), new Set(setting.users ?? []));
        const named = causes.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
        expect(named + pool.peek(() => true)).toBe(total);
      }),
      { numRuns: 60 },
    );
  });
});

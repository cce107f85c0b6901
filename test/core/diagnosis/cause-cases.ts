// Measures, atoms and cases from which the tests of causes start: a hundred usual runs, and what differs from them.

import { findCauses, type PeriodComparison, type FoundCause } from '../../../core/diagnosis/causes.ts';
import { measurePeriod, type Measures } from '../../../core/diagnosis/measures.ts';
import { readPeriod } from '../../../core/diagnosis/period.ts';
import { AtomPool } from '../../../core/diagnosis/pool.ts';
import type { Atom, AtomLabel } from '../../../core/diagnosis/split.ts';

const NOTHING = measurePeriod(readPeriod([]));
/** A hundred runs of five calls that all cost the same: nothing varies by chance but their number. */
export const USUAL: Measures = {
  ...NOTHING,
  runs: 100,
  squaredWeights: 100,
  calls: 500,
  meanRunCost: 1_000,
  callsByModel: new Map([['m', 500]]),
  tiers: new Map([['standard standard global', 500]]),
  priceRows: new Set(['row']),
};
export const COST = 100_000;
/** A hundredth and a fiftieth of the more expensive period. */
export const LEAST = COST / 100;
export const LEAST_BY_CHANCE = COST / 50;

export interface Case {
  readonly before?: Partial<Measures>;
  readonly after?: Partial<Measures>;
  readonly users?: readonly string[];
  readonly costs?: readonly [before: number, after: number];
  readonly openings?: PeriodComparison['openings'];
}

export function comparisonOf({
  before = {},
  after = {},
  costs = [COST, COST],
  openings = 0,
}: Case): PeriodComparison {
  const [earlier, later] = [
    { ...USUAL, ...before },
    { ...USUAL, ...after },
  ];
  return {
    before: earlier,
    after: later,
    beforeCostNanoUsd: costs[0],
    afterCostNanoUsd: costs[1],
    beforeRuns: earlier.runs,
    afterRuns: later.runs,
    scale: 1,
    openings,
  };
}

export function causesOf(atoms: readonly (readonly [AtomLabel, number])[], setting: Case = {}): FoundCause[] {
  const pool = new AtomPool(atoms.map(([label, nanoUsd]): Atom => ({ label, nanoUsd })));
  return findCauses(pool, comparisonOf(setting), new Set(setting.users ?? []));
}

export const kindsOf = (...found: Parameters<typeof causesOf>): string[] =>
  causesOf(...found).map(({ kind }) => kind);

export const PRICE: AtomLabel = { part: 'price', model: 'm' };
export const MIX: AtomLabel = { part: 'model_mix', model: 'n' };
export const OUTPUT: AtomLabel = { part: 'tokens', bucket: 'output' };
export const size = (owner: string): AtomLabel => ({
  part: owner.startsWith('(') ? 'tokens' : 'tool_carry',
  bucket: 'input',
  via: 'size',
  owner,
});
export const mix = (owner: string): AtomLabel => ({ ...size(owner), via: 'mix' });
export const broken = (cause: string): AtomLabel => ({ part: 'cache_breaks', cause });
export const of = (count: number, entries: Record<string, number> = {}): ReadonlyMap<string, number> =>
  new Map(Object.entries({ x: count, ...entries }));
export const FAST = { tiers: new Map([['standard fast global', 500]]) };
export const OTHER_ROW = { priceRows: new Set(['row', 'new']) };
export const tools = (failed: number, length: number | undefined): Pick<Measures, 'tools'> => ({
  tools: new Map([['search', { calls: 100, failed, meanResultLen: length }]]),
});

/** Kind, atoms that are worth exactly the least, and the evidence. */
export const CASES: readonly (readonly [string, AtomLabel, number, Case])[] = [
  ['tier_changed', PRICE, LEAST, { after: FAST }],
  ['price_changed', PRICE, LEAST, { after: OTHER_ROW }],
  ['model_changed', MIX, LEAST, { after: { callsByModel: new Map([['n', 500]]) } }],
  [
    'ttl_changed',
    mix('(user)'),
    LEAST,
    {
      before: { tokensWritten5m: 100, tokensWritten1h: 0 },
      after: { tokensWritten5m: 79, tokensWritten1h: 21 },
    },
  ],
  [
    'ttl_changed',
    broken('ttl_expired'),
    LEAST,
    {
      before: { tokensWritten5m: 0, tokensWritten1h: 100 },
      after: { tokensWritten5m: 100, tokensWritten1h: 0 },
    },
  ],
  [
    'caching_off',
    mix('(user)'),
    LEAST,
    {
      before: { callsWithoutBreakpoint: 0, callsWithKnownBreakpoints: 100 },
      after: { callsWithoutBreakpoint: 21, callsWithKnownBreakpoints: 100 },
    },
  ],
  [
    'caching_off',
    broken('caching_off'),
    LEAST,
    {
      before: { callsWithoutBreakpoint: 100, callsWithKnownBreakpoints: 100 },
      after: { callsWithoutBreakpoint: 0, callsWithKnownBreakpoints: 100 },
    },
  ],
  [
    'cache_tools_reordered',
    broken('tools_reordered'),
    LEAST,
    { after: { callsByCacheCause: new Map([['tools_reordered', 100]]) } },
  ],
  ['compaction', { part: 'compaction' }, LEAST, { after: { compactedCalls: 100 } }],
  ['user_dominates', { part: 'user_mix', user: 'u' }, LEAST_BY_CHANCE / 2, { users: ['u'] }],
  ['user_dominates', { part: 'turns_per_run', user: 'u' }, LEAST_BY_CHANCE / 2, { users: ['u'] }],
  ['user_dominates', { ...OUTPUT, user: 'u' }, LEAST_BY_CHANCE / 2, { users: ['u'] }],
  ['user_dominates', { ...size('search'), user: 'u' }, LEAST_BY_CHANCE / 2, { users: ['u'] }],
  ['user_dominates', { part: 'web_search', user: 'u' }, LEAST_BY_CHANCE / 2, { users: ['u'] }],
  ['tool_failing', { part: 'failures_and_retries' }, LEAST, { before: tools(0, 10), after: tools(50, 10) }],
  ['web_search', { part: 'web_search' }, LEAST, { after: { webSearches: 500 } }],
  ['web_search', size('web_search'), LEAST, { before: { webSearches: 500 } }],
  ['output_grew', OUTPUT, LEAST_BY_CHANCE / 2, {}],
  ['system_prompt_grew', size('(system)'), LEAST_BY_CHANCE, {}],
  ['tool_definitions_grew', size('(tools)'), LEAST_BY_CHANCE, {}],
  ['user_input_grew', size('(user)'), LEAST_BY_CHANCE, {}],
  ['history_grew', size('(history)'), LEAST_BY_CHANCE, {}],
  ['input_grew', size('(all)'), LEAST_BY_CHANCE, {}],
  ['input_grew', size('(unknown)'), LEAST_BY_CHANCE, {}],
  ['tool_results_grew', size('search'), LEAST_BY_CHANCE, { before: tools(0, 10), after: tools(0, 10) }],
  ['tool_results_grew', size('search'), LEAST_BY_CHANCE / 2, { before: tools(0, 10), after: tools(0, 12) }],
  ['tool_results_grew', size('search'), LEAST_BY_CHANCE / 2, { after: tools(0, 10) }],
  ['more_turns', { part: 'turns_per_run' }, LEAST_BY_CHANCE, {}],
];

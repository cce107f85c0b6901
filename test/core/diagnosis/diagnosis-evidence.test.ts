// Evidence: what a cause needs beside its dollars, and which atoms it takes with it.

import { describe, expect, it } from '@jest/globals';
import type { Measures, ToolMeasures } from '../../../core/diagnosis/measures.ts';
import type { AtomLabel } from '../../../core/diagnosis/split.ts';
import {
  COST,
  type Case,
  causesOf,
  kindsOf,
  PRICE,
  MIX,
  OUTPUT,
  size,
  mix,
  broken,
  OTHER_ROW,
  tools,
} from './cause-cases.ts';

const written = (tokensWritten5m: number, tokensWritten1h: number): Partial<Measures> => ({
  tokensWritten5m,
  tokensWritten1h,
});

const asked = (callsWithoutBreakpoint: number): Partial<Measures> => ({
  callsWithoutBreakpoint,
  callsWithKnownBreakpoints: 100,
});

const seen = (count: number): Case => ({
  after: {
    callsByCacheCause: new Map([
      ['unknown', count],
      ['tools_changed', count],
    ]),
  },
});

const some = (fast: number): Case => ({
  after: {
    tiers: new Map([
      ['standard standard global', 500 - fast],
      ['fast', fast],
    ]),
    ...OTHER_ROW,
  },
});

const tool = (calls: number, failed: number): ToolMeasures => ({ calls, failed, meanResultLen: 10 });

const searched = (count: number): Partial<Measures> => ({ webSearches: count });

const hashes = (system: string[], definitions: string[], length?: number): Partial<Measures> => ({
  systemPrompts: new Set(system),
  toolDefinitions: new Set(definitions),
  meanUserInputLen: length,
});

describe('evidence', () => {
  it('of a tier is a share of the calls beyond chance, and comes before a new price row', () => {
    expect(kindsOf([[PRICE, COST]], some(1))).toEqual(['price_changed']);
    expect(kindsOf([[PRICE, COST]], some(100))).toEqual(['tier_changed']);
    const fewer = { before: OTHER_ROW, after: { priceRows: new Set(['new']) } };
    expect(kindsOf([[PRICE, COST]], fewer)).toEqual([]);
  });

  it('of a model is the one whose share grew most, beyond chance', () => {
    const after = {
      callsByModel: new Map([
        ['m', 100],
        ['a', 150],
        ['b', 240],
        ['c', 10],
      ]),
    };
    expect(causesOf([[MIX, COST]], { after })).toMatchObject([{ kind: 'model_changed', subject: 'b' }]);
    const few = {
      callsByModel: new Map([
        ['m', 495],
        ['a', 5],
      ]),
    };
    expect(kindsOf([[MIX, COST]], { after: few })).toEqual([]);
    const shrunk = {
      before: {
        callsByModel: new Map([
          ['m', 400],
          ['n', 100],
        ]),
      },
    };
    expect(causesOf([[MIX, COST]], shrunk)).toMatchObject([{ subject: 'm' }]);
  });

  it('of a lifetime needs writes in both periods, and a fifth of them at least', () => {
    const atoms = [[mix('(user)'), COST]] as const;
    expect(kindsOf(atoms, { before: written(100, 0), after: written(80, 20) })).toEqual([]);
    expect(kindsOf(atoms, { before: written(0, 0), after: written(0, 100) })).toEqual([]);
    expect(kindsOf(atoms, { before: written(0, 100), after: written(0, 0) })).toEqual([]);
    expect(kindsOf(atoms, { before: written(0, 100), after: written(100, 0) })).toEqual(['ttl_changed']);
  });

  it('of caching is a fifth of the calls that tell', () => {
    expect(kindsOf([[mix('(user)'), COST]], { before: asked(0), after: asked(20) })).toEqual([]);
    const both = [
      [mix('(user)'), COST],
      [broken('caching_off'), COST],
    ] as const;
    expect(causesOf(both, { before: asked(0), after: asked(21) })).toMatchObject([{ nanoUsd: 2 * COST }]);
  });

  it('of a broken cache is a share of the calls beyond chance; an unknown reason is never named', () => {
    const atoms = [
      [broken('unknown'), COST],
      [broken('tools_changed'), COST],
    ] as const;
    expect(causesOf(atoms, seen(100))).toMatchObject([{ kind: 'cache_tools_changed', nanoUsd: COST }]);
    expect(kindsOf(atoms, seen(3))).toEqual([]);
  });

  it('of compaction is a share of the calls beyond chance', () => {
    expect(kindsOf([[{ part: 'compaction' }, COST]], { after: { compactedCalls: 3 } })).toEqual([]);
  });

  it('of a failing tool is the one whose failures changed most, beyond chance', () => {
    const atoms = [[{ part: 'failures_and_retries' }, COST]] as const;
    const before = {
      tools: new Map([
        ['a', tool(100, 0)],
        ['b', tool(100, 90)],
        ['d', tool(0, 0)],
      ]),
    };
    const subjectOf = (entries: [string, ReturnType<typeof tool>][]): string | undefined =>
      causesOf(atoms, { before, after: { tools: new Map(entries) } })[0]?.subject;
    expect(
      subjectOf([
        ['a', tool(100, 40)],
        ['b', tool(100, 40)],
      ]),
    ).toBe('b');
    expect(
      subjectOf([
        ['a', tool(100, 60)],
        ['b', tool(100, 40)],
      ]),
    ).toBe('a');
    expect(
      subjectOf([
        ['a', tool(100, 2)],
        ['b', tool(100, 90)],
      ]),
    ).toBeUndefined();
    // A tool that was not used before has no rate to compare with.
    expect(subjectOf([['c', tool(2, 1)]])).toBe('c');
    expect(subjectOf([['c', tool(2, 0)]])).toBeUndefined();
    expect(subjectOf([['d', tool(2, 1)]])).toBe('d');
  });

  it('of web searches is a hundredth more or fewer a call', () => {
    const atoms = [[{ part: 'web_search' }, COST]] as const;
    expect(kindsOf(atoms, { before: searched(1_000), after: searched(1_009) })).toEqual([]);
    expect(kindsOf(atoms, { before: searched(1_000), after: searched(1_011) })).toEqual(['web_search']);
    expect(kindsOf(atoms, { before: searched(1_011), after: searched(1_000) })).toEqual(['web_search']);
    const all = [...atoms, [size('web_search'), 5]] as const;
    expect(causesOf(all, { after: searched(500) })).toMatchObject([
      { kind: 'web_search', subject: 'web_search', nanoUsd: COST + 5 },
    ]);
  });
});

describe('what belongs to a cause', () => {
  it('of a failing tool are its errors and the answers to them, unless results or answers grew by themselves', () => {
    const failing = { before: tools(0, 10), after: tools(50, 10) };
    const grown = { before: tools(0, 10), after: tools(50, 90) };
    const atoms = [
      [{ part: 'failures_and_retries' }, COST],
      [size('search'), 700],
      [size('(history)'), 30],
    ] as const;
    expect(causesOf(atoms, failing)).toMatchObject([{ kind: 'tool_failing', nanoUsd: COST + 730 }]);
    expect(causesOf(atoms, grown)).toMatchObject([{ kind: 'tool_failing', nanoUsd: COST + 30 }]);
    const said = (output: number) => [...atoms, [OUTPUT, output]] as const;
    expect(causesOf(said(COST / 10 - 1), failing)[0]).toMatchObject({ nanoUsd: COST + 730 });
    expect(causesOf(said(COST / 10), failing)[0]).toMatchObject({ nanoUsd: COST + 700 });
    expect(causesOf(said(-COST / 10), failing)[0]).toMatchObject({ nanoUsd: COST + 700 });
  });

  it('of output is the history that grew with it, not one that shrank', () => {
    const grew = [
      [OUTPUT, COST],
      [size('(history)'), 40],
    ] as const;
    expect(causesOf(grew)).toMatchObject([{ kind: 'output_grew', nanoUsd: COST + 40 }]);
    const against = [
      [OUTPUT, COST],
      [size('(history)'), -40],
    ] as const;
    expect(causesOf(against)).toMatchObject([{ kind: 'output_grew', nanoUsd: COST }]);
  });

  it('of a user is nothing of another, and nothing that happened to everybody', () => {
    const atoms = [
      [{ part: 'user_mix', user: 'u' }, COST],
      [{ part: 'user_mix', user: 'v' }, COST],
      [{ part: 'model_mix', model: 'n', user: 'u' }, COST],
    ] as const;
    expect(causesOf(atoms, { users: ['u'] })).toEqual([
      { kind: 'user_dominates', nanoUsd: COST, subject: 'u' },
    ]);
  });

  it('of an owner is not what only moved to another bucket', () => {
    for (const owner of ['(history)', 'search']) {
      const settings = { before: tools(0, 10), after: tools(0, 10) };
      expect(
        kindsOf(
          [
            [size(owner), COST],
            [mix(owner), COST],
          ],
          settings,
        ),
      ).toHaveLength(1);
      expect(
        kindsOf(
          [
            [size(owner), COST],
            [mix(owner), COST + 1],
          ],
          settings,
        ),
      ).toHaveLength(0);
      expect(
        kindsOf(
          [
            [size(owner), COST],
            [mix(owner), -COST - 1],
          ],
          settings,
        ),
      ).toHaveLength(0);
    }
  });

  it('of input without known parts is not what has known parts in the other time', () => {
    const settings = { before: tools(0, 10), after: tools(0, 10) };
    for (const [nanoUsd, kind] of [
      [COST - 10, 'tool_results_grew'],
      [-10, 'input_grew'],
    ] as const)
      expect(
        kindsOf(
          [
            [size('(all)'), -COST],
            [size('search'), nanoUsd],
          ],
          settings,
        ),
      ).toEqual([kind]);
    // The answers of the model are no input.
    expect(
      kindsOf([
        [size('(all)'), -COST],
        [OUTPUT, COST],
      ]),
    ).toEqual(['output_grew', 'input_grew']);
  });
});

describe('what a cause leaves', () => {
  const other = [PRICE, 70_000] as const;

  it.each<readonly [AtomLabel, Case]>([
    [
      mix('(user)'),
      {
        before: { tokensWritten5m: 100, tokensWritten1h: 0 },
        after: { tokensWritten5m: 0, tokensWritten1h: 100 },
      },
    ],
    [mix('(user)'), { after: { callsWithoutBreakpoint: 100, callsWithKnownBreakpoints: 100 } }],
    [{ part: 'web_search' }, { after: { webSearches: 500 } }],
  ])('by %j is what it is not about', (label, setting) => {
    expect(causesOf([[label, COST], other], setting)).toMatchObject([{ nanoUsd: COST }]);
  });

  it('named once for a setting that is the same in both periods is nothing', () => {
    const writes = { tokensWritten5m: 10, tokensWritten1h: 90 };
    expect(causesOf([[mix('(user)'), COST]], { before: writes, after: writes })).toEqual([]);
    const asks = { callsWithoutBreakpoint: 90, callsWithKnownBreakpoints: 100 };
    expect(causesOf([[mix('(user)'), COST]], { before: asks, after: asks })).toEqual([]);
  });
});

describe('what opens a run', () => {
  const opening = [
    [size('(tools)'), 60_000],
    [size('(system)'), 30_000],
    [size('(user)'), 5_000],
  ] as const;

  it('grew by the largest, which has the small ones with it, where no hash tells', () => {
    expect(causesOf(opening)).toMatchObject([
      { kind: 'tool_definitions_grew', nanoUsd: 65_000 },
      { kind: 'system_prompt_grew', nanoUsd: 30_000 },
    ]);
  });

  it('grew by the one that hashes do not show to be the same, which has all of it', () => {
    const before = hashes(['s'], ['t'], 100);
    expect(causesOf(opening, { before, after: hashes(['new'], ['t'], 101) })).toEqual([
      { kind: 'system_prompt_grew', nanoUsd: 95_000, subject: undefined },
    ]);
    expect(causesOf(opening, { before, after: hashes(['s'], ['t'], 103) })).toMatchObject([
      { kind: 'user_input_grew', nanoUsd: 95_000 },
    ]);
    expect(causesOf(opening, { before, after: hashes(['s'], ['t', 'u'], 98) })).toMatchObject([
      { kind: 'tool_definitions_grew', nanoUsd: 95_000 },
    ]);
  });

  it('is not the same by hashes that nobody has, nor by a length of one side', () => {
    const own = [
      [size('(system)'), 60_000],
      [size('(user)'), 30_000],
    ] as const;
    expect(causesOf(own, { before: hashes([], []), after: hashes([], []) })).toMatchObject([
      { kind: 'system_prompt_grew', nanoUsd: 60_000 },
      { kind: 'user_input_grew' },
    ]);
    for (const [earlier, later] of [
      [undefined, 5],
      [5, undefined],
    ])
      expect(causesOf(own, { before: hashes([], [], earlier), after: hashes([], [], later) })).toHaveLength(
        2,
      );
  });
});

// Laws of a diagnosis: the parts sum to the difference; the cause that was put in is named first, with its
// dollars; where nothing changed nothing is blamed.

import { describe, expect, it } from '@jest/globals';
import { diagnose, type Diagnosis } from '../../core/diagnosis/diagnose.ts';
import type { EventRecord } from '../../core/event.ts';
import { costOf, generatePeriod as generateFresh, USUAL, type Setting } from './generate-period.ts';

const generated = new Map<string, EventRecord[]>();
/** The usual periods are the same for every scenario: made once. */
function stamped(events: readonly EventRecord[], revision: string, version: string): EventRecord[] {
  return events.map((event) => ({
    ...event,
    'vcs.ref.head.revision': revision,
    'tallyspan.sdk.version': version,
  }));
}

function generatePeriod(change: Partial<Setting> = {}): EventRecord[] {
  const key = JSON.stringify(change);
  const events = generated.get(key) ?? generateFresh(change);
  generated.set(key, events);
  return events;
}

const LATER_MS = USUAL.fromMs + 2 * 86_400_000;

interface Scenario {
  readonly name: string;
  readonly cause: string;
  readonly subject?: string;
  /** What both periods have in common, and what only the later one has. */
  readonly both?: Partial<Setting>;
  readonly change: Partial<Setting>;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'tools in another order in each call',
    cause: 'cache_tools_reordered',
    change: { breaks: 'tools_reordered' },
  },
  { name: 'tool definitions that change', cause: 'cache_tools_changed', change: { breaks: 'tools_changed' } },
  {
    name: 'the time in the system prompt',
    cause: 'cache_system_changed',
    change: { breaks: 'system_changed' },
  },
  {
    name: 'the API says that the system changed',
    cause: 'cache_system_changed',
    change: { breaks: 'api_says_system' },
  },
  {
    name: 'the first message rewritten',
    cause: 'cache_messages_changed',
    change: { breaks: 'messages_changed' },
  },
  { name: 'a provider that forgets', cause: 'cache_provider_side', change: { breaks: 'provider' } },
  { name: 'calls too far apart', cause: 'cache_ttl_expired', change: { gapMs: 400_000 } },
  {
    name: 'two models in one conversation',
    cause: 'cache_model_changed',
    change: { alternateModel: 'claude-sonnet-5-5' },
  },
  {
    name: 'another model',
    cause: 'model_changed',
    subject: 'claude-fable-5-2',
    change: { model: 'claude-fable-5-2' },
  },
  { name: 'fast mode', cause: 'tier_changed', change: { speed: 'fast' } },
  { name: 'writes for an hour', cause: 'ttl_changed', change: { cache: '1h' } },
  {
    name: 'writes for five minutes that were for an hour',
    cause: 'ttl_changed',
    both: { gapMs: 400_000, cache: '1h' },
    change: { cache: '5m' },
  },
  { name: 'caching switched off', cause: 'caching_off', change: { cache: 'off' } },
  {
    name: 'a search tool that returns whole pages',
    cause: 'tool_results_grew',
    subject: 'search_docs',
    change: { resultChars: { ...USUAL.resultChars, search_docs: 32_000 } },
  },
  { name: 'more tool definitions', cause: 'tool_definitions_grew', change: { toolCount: 40 } },
  { name: 'a longer system prompt', cause: 'system_prompt_grew', change: { systemChars: 40_000 } },
  { name: 'longer user input', cause: 'user_input_grew', change: { userChars: 9_000 } },
  { name: 'output that balloons', cause: 'output_grew', change: { outputChars: 1_500, answerChars: 7_000 } },
  { name: 'more turns per run', cause: 'more_turns', change: { meanTurns: 8 } },
  {
    name: 'a tool that fails',
    cause: 'tool_failing',
    subject: 'search_docs',
    change: { toolFailureRate: 0.4 },
  },
  {
    name: 'one user who dominates',
    cause: 'user_dominates',
    subject: 'user-0',
    change: { extraRunsOfFirstUser: 60 },
  },
  { name: 'more runs', cause: 'more_runs', change: { runs: 160 } },
  { name: 'a compaction before every call', cause: 'compaction', change: { compactFromTurn: 3 } },
  { name: 'web searches', cause: 'web_search', subject: 'web_search', change: { webSearchesPerCall: 2 } },
];

function expectExact(
  diagnosis: Diagnosis,
  now: readonly EventRecord[],
  before: readonly EventRecord[],
): void {
  expect(diagnosis.differenceNanoUsd).toBe(costOf(now) - costOf(before));
  expect(diagnosis.parts.reduce((sum, part) => sum + part.nanoUsd, 0)).toBe(diagnosis.differenceNanoUsd);
  const causes = diagnosis.causes.reduce((sum, cause) => sum + cause.nanoUsd, 0);
  expect(causes + diagnosis.unexplainedNanoUsd).toBe(diagnosis.differenceNanoUsd);
}

describe('the cause that was put in', () => {
  it.each(SCENARIOS)(
    '$name: is named first, within 1 % of its dollars',
    ({ cause, subject, both, change }) => {
      for (const seed of [1, 7, 42]) {
        const before = generatePeriod({ ...both, seed });
        const now = generatePeriod({ ...both, ...change, seed, fromMs: LATER_MS });
        const truth = costOf(now) - costOf(before);
        const diagnosis = diagnose(now, before);
        expectExact(diagnosis, now, before);
        const [first] = diagnosis.causes;
        expect(first?.kind).toBe(cause);
        expect(first?.subject).toBe(subject);
        expect(Math.abs((first?.nanoUsd ?? 0) - truth)).toBeLessThan(truth * 0.01);
        expect(first?.runIds.length).toBeGreaterThan(0);
        expect(first?.fix).not.toBe('');
      }
    },
  );

  it.each(SCENARIOS.filter(({ change }) => change.toolFailureRate === undefined))(
    '$name: is named first among other work too',
    ({ cause, both, change }) => {
      const before = generatePeriod({ ...both, seed: 3 });
      const now = generatePeriod({ ...both, ...change, seed: 4, fromMs: LATER_MS });
      const diagnosis = diagnose(now, before);
      expectExact(diagnosis, now, before);
      expect(diagnosis.causes[0]?.kind).toBe(cause);
    },
  );

  it('undone, it is named as what made the later period cheaper', () => {
    const costlier = generatePeriod({ breaks: 'tools_reordered' });
    const cheap = generatePeriod({ fromMs: LATER_MS });
    const diagnosis = diagnose(cheap, costlier);
    expectExact(diagnosis, cheap, costlier);
    expect(diagnosis.differenceNanoUsd).toBeLessThan(0);
    expect(diagnosis.causes[0]).toMatchObject({ kind: 'cache_tools_reordered' });
  });

  it('a price cut is named with the rows before and after it', () => {
    const both = { model: 'claude-sonnet-5-5', runs: 40, spacingMs: 600_000 };
    const before = generatePeriod({ ...both, fromMs: Date.UTC(2026, 9, 2) });
    const now = generatePeriod({ ...both, fromMs: Date.UTC(2026, 9, 12) });
    const diagnosis = diagnose(now, before);
    expectExact(diagnosis, now, before);
    expect(diagnosis.causes.map(({ kind }) => kind)).toEqual(['price_changed']);
    expect(diagnosis.causes[0]?.nanoUsd).toBe(diagnosis.differenceNanoUsd);
  });
});

describe('nothing changed', () => {
  it.each([11, 12, 13, 14, 15, 16])('the same work: no cause (seed %i)', (seed) => {
    const before = generatePeriod({ seed });
    const now = generatePeriod({ seed, fromMs: LATER_MS });
    const diagnosis = diagnose(now, before);
    expect(diagnosis).toMatchObject({ differenceNanoUsd: 0, causes: [], unexplainedNanoUsd: 0 });
  });

  it.each([21, 22, 23, 24, 25, 26, 27, 28])('other work of the same kind: no cause (seed %i)', (seed) => {
    const before = generatePeriod({ seed, variation: 0.6 });
    const now = generatePeriod({ seed: seed + 100, variation: 0.6, fromMs: LATER_MS });
    const diagnosis = diagnose(now, before);
    expectExact(diagnosis, now, before);
    expect(diagnosis.causes).toEqual([]);
    expect(diagnosis.unexplainedNanoUsd).toBe(diagnosis.differenceNanoUsd);
  });

  it('a cache that is broken in both periods is no cause of a difference', () => {
    const before = generatePeriod({ seed: 5, breaks: 'system_changed' });
    const now = generatePeriod({ seed: 6, breaks: 'system_changed', fromMs: LATER_MS });
    expect(diagnose(now, before).causes).toEqual([]);
  });
});

describe('two causes at once', () => {
  it('are both named, with dollars that sum up', () => {
    const before = generatePeriod();
    const now = generatePeriod({ breaks: 'tools_reordered', runs: 160, fromMs: LATER_MS });
    const diagnosis = diagnose(now, before);
    expectExact(diagnosis, now, before);
    expect(diagnosis.causes.map(({ kind }) => kind).toSorted()).toEqual([
      'cache_tools_reordered',
      'more_runs',
    ]);
  });
});

/** The events as another instrumentation would leave them. */
function strip(events: readonly EventRecord[]): EventRecord[] {
  return events
    .filter((event) => event['event.name'] !== 'agent.tool_cost')
    .map((event) => {
      const bare: Record<string, unknown> = { ...event };
      for (const key of Object.keys(bare)) if (key.startsWith('tallyspan.prefix')) delete bare[key];
      return bare as unknown as EventRecord;
    });
}

describe('edges', () => {
  it('a day is compared with the share of a week', () => {
    const week = [1, 2, 3, 4, 5, 6, 7].flatMap((seed) =>
      generatePeriod({ seed, runs: 20, spacingMs: 3_600_000, fromMs: USUAL.fromMs + seed * 86_400_000 }),
    );
    const day = generatePeriod({
      seed: 8,
      runs: 20,
      spacingMs: 3_600_000,
      fromMs: USUAL.fromMs + 8 * 86_400_000,
    });
    const diagnosis = diagnose(day, week, { scale: 1 / 7 });
    expect(diagnosis.againstNanoUsd).toBe(Math.round(costOf(week) / 7));
    expect(diagnosis.parts.reduce((sum, part) => sum + part.nanoUsd, 0)).toBe(diagnosis.differenceNanoUsd);
    expect(diagnosis.againstRuns).toBeCloseTo(20);
    expect(diagnosis.causes).toEqual([]);
  });

  it('without an earlier period there is a difference and no cause', () => {
    const now = generatePeriod({ runs: 5 });
    const diagnosis = diagnose(now, []);
    expect(diagnosis.differenceNanoUsd).toBe(costOf(now));
    expect(diagnosis.parts.reduce((sum, part) => sum + part.nanoUsd, 0)).toBe(diagnosis.differenceNanoUsd);
    expect(diagnosis.causes).toEqual([]);
    expect(diagnose([], [])).toMatchObject({ differenceNanoUsd: 0, parts: [], causes: [] });
  });

  it('without attribution rows and hashes the split is as exact, and no cache cause is invented', () => {
    const before = strip(generatePeriod());
    const now = strip(generatePeriod({ breaks: 'tools_reordered', fromMs: LATER_MS }));
    const diagnosis = diagnose(now, before);
    expectExact(diagnosis, now, before);
    expect(diagnosis.causes).toEqual([]);
    expect(diagnosis.parts[0]).toMatchObject({ part: 'cache_breaks', detail: 'unknown' });
  });

  it('a change of commit and of the SDK is stamped, without being a cause', () => {
    const before = stamped(generatePeriod({ runs: 5 }), 'aaaaaaa', '1.10.0');
    const now = stamped(generatePeriod({ runs: 5, fromMs: LATER_MS }), 'bbbbbbb', '1.11.0');
    const { changes, causes } = diagnose(now, before);
    expect(changes.map(({ kind, value }) => `${kind} ${value}`).toSorted()).toEqual([
      'revision bbbbbbb',
      'sdk_version 1.11.0',
    ]);
    expect(causes).toEqual([]);
  });

  it('a change of version, prompt and tools is stamped with its first sight', () => {
    const before = generatePeriod({ runs: 10 });
    const now = generatePeriod({ runs: 10, systemChars: 7_000, serviceVersion: '1.14.2', fromMs: LATER_MS });
    const { changes } = diagnose(now, before);
    expect(changes.map(({ kind }) => kind).toSorted()).toEqual(['service_version', 'system_prompt']);
    expect(changes.every(({ sinceMs }) => sinceMs >= LATER_MS && sinceMs < LATER_MS + 60_000)).toBe(true);
  });
});

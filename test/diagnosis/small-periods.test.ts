// What a diagnosis says of small periods: the cause that was put in, in words, with its figures and its place;
// and laws of the split that need no cause.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { diagnose } from '../../core/diagnosis/diagnose.ts';
import type { EventRecord } from '../../core/event.ts';
import { expectExact } from '../core/diagnosis/exact-diagnosis.ts';
import { costOf, generatePeriod, USUAL, type Setting } from './generate-period.ts';
import { READINGS, RUNS } from './readings.ts';

const LATER_MS = USUAL.fromMs + 2 * 86_400_000;

const generated = new Map<string, EventRecord[]>();
function periodOf(change: Partial<Setting>): EventRecord[] {
  const setting = { runs: RUNS, ...change };
  const key = JSON.stringify(setting);
  const events = generated.get(key) ?? generatePeriod(setting);
  generated.set(key, events);
  return events;
}

describe('a small period', () => {
  it.each(READINGS)('with %s is read so', (_, change, reading, both = {}) => {
    const before = periodOf(both);
    const now = periodOf({ ...both, ...change, fromMs: LATER_MS });
    const diagnosis = diagnose(now, before);
    expectExact(diagnosis);
    const [cause] = diagnosis.causes;
    expect(cause).toMatchObject({ kind: reading.kind, title: reading.title });
    expect(cause?.subject).toBe(reading.subject);
    expect(cause?.isEstimated).toBe(reading.isEstimated === true);
    expect(cause?.evidence).toHaveLength(reading.evidence.length);
    for (const [index, line] of reading.evidence.entries()) expect(cause?.evidence[index]).toMatch(line);
    expect(diagnosis.parts[0]).toMatchObject({ part: reading.part });
    expect(diagnosis.parts[0]?.detail).toBe(reading.detail);
    expect(diagnosis).toMatchObject({
      costNanoUsd: costOf(now),
      againstNanoUsd: costOf(before),
      differenceNanoUsd: costOf(now) - costOf(before),
      againstRuns: both.runs ?? RUNS,
    });
    const runIds = new Set(now.map((event) => event['agent.run_id']));
    expect(cause?.runIds).toHaveLength(3);
    for (const id of cause?.runIds ?? []) expect(runIds.has(id)).toBe(true);
  });

  it.each(READINGS)('without %s again is cheaper by as much', (_, change, reading, both = {}) => {
    const costlier = periodOf({ ...both, ...change });
    const cheap = periodOf({ ...both, fromMs: LATER_MS });
    const diagnosis = diagnose(cheap, costlier);
    expectExact(diagnosis);
    expect(diagnosis.differenceNanoUsd).toBe(costOf(cheap) - costOf(costlier));
    expect(diagnosis.differenceNanoUsd).toBeLessThan(0);
    const largest = diagnosis.causes[0];
    for (const cause of diagnosis.causes)
      expect(cause.nanoUsd).toBeGreaterThanOrEqual(largest?.nanoUsd ?? Number.NEGATIVE_INFINITY);
    expect(largest?.title).toBe(reading.undone);
  });
});

/** Without rows of attribution. */
const reported = (change: Partial<Setting>): EventRecord[] =>
  periodOf(change).filter((event) => event['event.name'] !== 'agent.tool_cost');

describe('calls that were reported without their requests', () => {
  it.each([
    ['longer user input', { userChars: 40_000 }],
    ['a longer system prompt', { systemChars: 40_000 }],
    ['longer results', { resultChars: { ...USUAL.resultChars, search_docs: 32_000 } }],
  ])('with %s have more input', (_, change) => {
    const [before, now] = [reported({}), reported({ ...change, fromMs: LATER_MS })];
    const diagnosis = diagnose(now, before);
    expectExact(diagnosis);
    const [cause] = diagnosis.causes;
    expect(cause).toMatchObject({ kind: 'input_grew', isEstimated: true });
    expect(cause?.title).toMatch(/^input grew: [\d,]+ → [\d,]+ tokens per call$/);
    const difference = costOf(now) - costOf(before);
    expect(Math.abs((cause?.nanoUsd ?? 0) - difference)).toBeLessThan(difference * 0.02);
  });

  it('as many as before have no cause', () => {
    expect(diagnose(reported({ fromMs: LATER_MS }), reported({})).causes).toEqual([]);
  });
});

/** The same events, told of other runs. */
function again(events: readonly EventRecord[], suffix: string): EventRecord[] {
  return events.map((event) => {
    const runId = event['agent.run_id'];
    return runId === undefined ? event : { ...event, 'agent.run_id': `${runId}${suffix}` };
  });
}

const aSetting: fc.Arbitrary<Partial<Setting>> = fc.record(
  {
    runs: fc.constantFrom(2, 3, 5),
    seed: fc.constantFrom(1, 2),
    cache: fc.constantFrom('off' as const, '5m' as const, '1h' as const),
    breaks: fc.constantFrom('none' as const, 'tools_reordered' as const, 'messages_changed' as const),
    model: fc.constantFrom('claude-opus-5-5', 'claude-sonnet-5-5'),
    toolFailureRate: fc.constantFrom(0, 0.4),
    webSearchesPerCall: fc.constantFrom(0, 1),
    extraRunsOfFirstUser: fc.constantFrom(0, 6),
  },
  { requiredKeys: ['runs'] },
);

describe('any two periods', () => {
  it('have parts and causes that sum to their difference, whichever of them is first', () => {
    fc.assert(
      fc.property(aSetting, aSetting, fc.constantFrom(1, 1 / 7, 2.5), (one, other, scale) => {
        const [before, now] = [periodOf(one), periodOf({ ...other, fromMs: LATER_MS })];
        const diagnosis = diagnose(now, before, { scale });
        expectExact(diagnosis);
        expect(diagnosis.differenceNanoUsd).toBe(costOf(now) - Math.round(costOf(before) * scale));
        expectExact(diagnose(before, now, { scale }));
      }),
      { numRuns: 25 },
    );
  });

  it('are compared the same in whatever order their events come', () => {
    fc.assert(
      fc.property(aSetting, aSetting, (one, other) => {
        const [before, now] = [periodOf(one), periodOf({ ...other, fromMs: LATER_MS })];
        const { parts, differenceNanoUsd } = diagnose(now.toReversed(), before.toReversed());
        const straight = diagnose(now, before);
        expect(differenceNanoUsd).toBe(straight.differenceNanoUsd);
        const nameOf = ({ part, detail }: (typeof parts)[number]): string => `${part} ${detail}`;
        const byName = new Map(straight.parts.map((part) => [nameOf(part), part.nanoUsd]));
        for (const part of parts)
          expect(Math.abs(part.nanoUsd - (byName.get(nameOf(part)) ?? 0))).toBeLessThanOrEqual(2);
      }),
      { numRuns: 10 },
    );
  });

  it('are compared by runs: twice the same runs, at half the scale, are the same', () => {
    fc.assert(
      fc.property(aSetting, aSetting, (one, other) => {
        const [before, now] = [periodOf(one), periodOf({ ...other, fromMs: LATER_MS })];
        const doubled = diagnose(now, [...before, ...again(before, 'x')], { scale: 0.5 });
        const plain = diagnose(now, before);
        expect(doubled.differenceNanoUsd).toBe(plain.differenceNanoUsd);
        expect(doubled.againstRuns).toBe(plain.againstRuns);
      }),
      { numRuns: 10 },
    );
  });

  it('of which one is the other twice differ by runs only', () => {
    const before = periodOf({ runs: 8 });
    const now = [...before, ...again(before, 'x')];
    const { parts, differenceNanoUsd } = diagnose(now, before);
    expect(differenceNanoUsd).toBe(costOf(before));
    expect(parts).toEqual([{ part: 'run_count', detail: undefined, nanoUsd: differenceNanoUsd }]);
  });
});

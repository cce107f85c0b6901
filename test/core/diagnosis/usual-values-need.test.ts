// What is usual is asked for only where it can matter: where it is not asked for, nothing is missed.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { EventRecord } from '../../../core/event.ts';
import {
  findSilentFailures,
  needsUsual,
  type UsualValues,
} from '../../../core/attribution/silent-failures.ts';

const NOTHING_USUAL: UsualValues = { resultLen: new Map(), emptyShare: new Map(), callDurationMs: new Map() };
const aLength = fc.constantFrom(undefined, 0, 1, 2, 3_999, 4_000, 40_000);
const aDuration = fc.constantFrom(undefined, 0, 1, 19_999, 20_000, 90_000);

const aTool = fc.record({
  timestamp: fc.constant(1_000),
  'event.name': fc.constant('agent.tool_call' as const),
  'agent.run_id': fc.constant('run'),
  'gen_ai.tool.name': fc.constant('search'),
  'tool.ok': fc.constantFrom(undefined, true, false),
  'tool.result_len': aLength,
  'tool.result_empty': fc.constantFrom(undefined, true, false),
  duration_ms: aDuration,
});
const aCall = fc.record({
  timestamp: fc.constant(1_000),
  'event.name': fc.constant('agent.model_call' as const),
  'agent.run_id': fc.constant('run'),
  'gen_ai.response.model': fc.constant('m'),
  cost_nano_usd: fc.constant(1),
  duration_ms: aDuration,
});
const aUsual: fc.Arbitrary<UsualValues> = fc
  .tuple(fc.constantFrom(1, 400, 9_000), fc.constantFrom(0, 0.1, 0.2, 0.9), fc.constantFrom(1, 2_000, 9_000))
  .map(([length, empty, durationMs]) => ({
    resultLen: new Map([['search', length]]),
    emptyShare: new Map([['search', empty]]),
    callDurationMs: new Map([['m', durationMs]]),
  }));

describe('an event for which nothing usual matters', () => {
  it('shows the same failures whatever is usual', () => {
    fc.assert(
      fc.property(fc.oneof<fc.Arbitrary<EventRecord>[]>(aTool, aCall), aUsual, (event, usual) => {
        fc.pre(!needsUsual(event));
        expect(findSilentFailures([event], usual)).toEqual(findSilentFailures([event], NOTHING_USUAL));
      }),
      { numRuns: 300 },
    );
  });

  it.each<readonly [Partial<EventRecord>, boolean]>([
    [{ 'event.name': 'agent.model_call', duration_ms: 20_000 }, true],
    [{ 'event.name': 'agent.model_call', duration_ms: 19_999 }, false],
    [{ 'event.name': 'agent.model_call' }, false],
    [{ 'tool.result_len': 0 }, true],
    [{}, true],
    [{ 'tool.result_len': 1 }, false],
    [{ 'tool.result_len': 3_999, duration_ms: 90_000 }, false],
    [{ 'tool.result_len': 4_000 }, true],
    [{ 'tool.result_len': 0, 'tool.ok': false }, false],
    [{ 'tool.result_len': 2, 'tool.result_empty': true }, true],
  ])('%j: asks %p', (fields, isAsked) => {
    expect(needsUsual({ timestamp: 1, 'event.name': 'agent.tool_call', ...fields })).toBe(isAsked);
  });
});

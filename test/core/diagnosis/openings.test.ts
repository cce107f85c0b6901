// The size of first calls: more than chance, by kind of run.

import { describe, expect, it } from '@jest/globals';
import { changeOfOpenings } from '../../../core/diagnosis/openings.ts';
import { readPeriod, type Period } from '../../../core/diagnosis/period.ts';
import { generatePeriod, USUAL, type Setting } from '../../diagnosis/generate-period.ts';

/** Runs of one agent whose first call carries as many tokens as the list says; each goes on with a far larger one. */
function periodOf(sizes: readonly number[], agent = 'a'): Period {
  return readPeriod(
    sizes.flatMap((tokens, run) =>
      [tokens, 50_000 * (run + 1)].map((tokens_input, step) => ({
        timestamp: 1_000 * run + step,
        'event.name': 'agent.model_call' as const,
        'agent.run_id': `${agent}${run}`,
        'agent.step_number': step + 1,
        'gen_ai.agent.name': agent,
        tokens_input,
        cost_nano_usd: 1,
      })),
    ),
  );
}

const generated = (change: Partial<Setting>): Period => readPeriod(generatePeriod({ runs: 40, ...change }));

describe('first calls', () => {
  it.each<[string, readonly number[], readonly number[], number]>([
    ['larger than their variance', [990, 1_000, 1_010, 1_000, 1_005], [1_190, 1_200, 1_210, 1_200, 1_205], 1],
    ['smaller', [1_190, 1_200, 1_210, 1_200, 1_205], [990, 1_000, 1_010, 1_000, 1_005], -1],
    ['all the same, then all larger', [7, 7, 7, 7, 7], [8, 8, 8, 8, 8], 1],
    ['within their variance', [500, 1_500, 1_000, 700, 1_300], [700, 1_700, 1_200, 900, 1_500], 0],
    ['of too few runs', [7, 7, 7, 7], [9, 9, 9, 9], 0],
    ['the same', [7, 7, 7, 7, 7], [7, 7, 7, 7, 7], 0],
    ['of no runs', [], [], 0],
  ])('%s', (_, before, after, change) => {
    expect(changeOfOpenings(periodOf(before), periodOf(after))).toBe(change);
  });

  it('are compared with those of the same agent', () => {
    expect(changeOfOpenings(periodOf([7, 7, 7, 7, 7], 'a'), periodOf([9, 9, 9, 9, 9], 'b'))).toBe(0);
  });

  it('do not change when only the work does', () => {
    for (const seed of [1, 2, 3, 4, 5])
      expect(
        changeOfOpenings(
          generated({ seed }),
          generated({ seed: seed + 100, fromMs: USUAL.fromMs + 86_400_000 }),
        ),
      ).toBe(0);
  });
});

// Aligned steps: those of two runs side by side, matched by what they are, with where the runs part.

import { diffArrays } from 'diff';
import type { RunStep } from '../read-run.ts';

export interface StepPair {
  readonly a: RunStep | undefined;
  readonly b: RunStep | undefined;
  /** Both are there, and they ended the same way. */
  readonly isSame: boolean;
}

/** Of runs that have less in common, steps stand side by side by their place. */
const MOST_EDITS = 4000;
const LONGEST_MS = 300;

/** Notes are left out: they are no doing of the agent. */
export function alignSteps(a: readonly RunStep[], b: readonly RunStep[]): StepPair[] {
  const [left, right] = [a, b].map((steps) => steps.filter((step) => step.step !== 'note')) as [
    RunStep[],
    RunStep[],
  ];
  const changes =
    diffArrays(left.map(whatOf), right.map(whatOf), { maxEditLength: MOST_EDITS, timeout: LONGEST_MS }) ?? [];
  if (changes.length === 0) return pairUp(left, right);
  const pairs: StepPair[] = [];
  let [atA, atB] = [0, 0];
  let gone: RunStep[] = [];
  let come: RunStep[] = [];
  const close = (): void => {
    pairs.push(...pairUp(gone, come));
    gone = [];
    come = [];
  };
  for (const { added, removed, count } of changes) {
    if (removed) gone.push(...left.slice(atA, (atA += count)));
    else if (added) come.push(...right.slice(atB, (atB += count)));
    else {
      close();
      pairs.push(...pairUp(left.slice(atA, (atA += count)), right.slice(atB, (atB += count))));
    }
  }
  close();
  return pairs;
}

/** Where the runs part: the place of the first pair that differs; undefined where none does. */
export function firstDifference(pairs: readonly StepPair[]): number | undefined {
  const index = pairs.findIndex((pair) => !pair.isSame);
  return index === -1 ? undefined : index;
}

function pairUp(a: readonly RunStep[], b: readonly RunStep[]): StepPair[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => {
    const [one, other] = [a[index], b[index]];
    return {
      a: one,
      b: other,
      isSame:
        one !== undefined &&
        other !== undefined &&
        whatOf(one) === whatOf(other) &&
        endOf(one) === endOf(other),
    };
  });
}

/** What a step is: the model that was asked, or the tool. */
function whatOf(step: RunStep): string {
  const name =
    step.step === 'tool_call'
      ? step['gen_ai.tool.name']
      : (step['gen_ai.response.model'] ?? step['gen_ai.request.model']);
  return `${step.step} ${typeof name === 'string' ? name : ''}`;
}

function endOf(step: RunStep): string {
  const { 'tool.ok': isOk, 'error.type': error, 'gen_ai.response.finish_reasons': reasons } = step;
  return JSON.stringify([isOk === false, error ?? null, reasons ?? null]);
}

// What holds of every diagnosis: its parts sum to the difference to the nano-dollar, and so do its causes and the rest.

import { expect } from '@jest/globals';
import type { Diagnosis } from '../../../core/diagnosis/diagnose.ts';

export function expectExact(diagnosis: Diagnosis): void {
  expect(sumOf(diagnosis.parts)).toBe(diagnosis.differenceNanoUsd);
  expect(sumOf(diagnosis.causes) + diagnosis.unexplainedNanoUsd).toBe(diagnosis.differenceNanoUsd);
  for (const { nanoUsd } of diagnosis.parts) expect(Number.isSafeInteger(nanoUsd)).toBe(true);
}

function sumOf(rows: readonly { readonly nanoUsd: number }[]): number {
  return rows.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
}

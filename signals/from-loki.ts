// Loki's answers as signal results, in the same form as every other back end's.

import { groupsResult, cellNumber, valueResult, type GroupKey, type SignalResult } from './result.ts';
import { dimensionsOf, type Signal, type SignalRequest } from './signal.ts';
import { labelOf } from './to-logql.ts';

/** A series of the answer to an instant query; the value is a number as text. */
export interface LokiSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

/** The vector that Loki answers to the query made by `toLogql`, as the signal's answer. */
export function shapeVector(
  signal: Signal,
  request: SignalRequest,
  vector: readonly LokiSample[],
): SignalResult {
  const by = dimensionsOf(signal, request);
  if (by.length === 0) return valueResult(signal, request, valueOf(vector[0]));
  const groups = vector.map((sample) => ({
    by: Object.fromEntries(
      by.map((dimension) => [dimension, sample.metric[labelOf(dimension)] || null]),
    ) as GroupKey,
    value: valueOf(sample),
  }));
  return groupsResult(signal, request, groups);
}

function valueOf(sample: LokiSample | undefined): number | null {
  return sample === undefined ? null : cellNumber(Number(sample.value[1]));
}

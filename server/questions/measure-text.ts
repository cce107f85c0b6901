// What a measure is compared with, as a person writes it: `>0.5` dollars, `<10s`, `>=5`.

import { durationMsOf } from '../../core/time/duration.ts';
import { NANO_USD_PER_USD } from '../../core/money.ts';
import { MEASURE_SIGNS, type MeasureSign } from '../queries/runs/measure-sign.ts';
import type { Measure, MeasureCondition } from '../queries/runs/run-filter.ts';
import { RequestError } from './request-error.ts';

/** @throws RequestError on what is no number */
export function readComparison(measure: Measure, text: string): MeasureCondition {
  const [, sign = '=', value = ''] = /^(<=|>=|=|<|>)?\s*(.+)$/.exec(text) ?? [];
  const number =
    measure === 'cost'
      ? Number(value.replace(/^\$/, '')) * NANO_USD_PER_USD
      : measure === 'duration'
        ? (durationMsOf(value) ?? Number.NaN)
        : Number(value);
  if (value.trim() === '' || !Number.isFinite(number))
    throw new RequestError(
      400,
      `${measure} is compared with a number, such as ${EXAMPLES[measure]}, not ${text}`,
    );
  return {
    measure,
    sign: (MEASURE_SIGNS as readonly string[]).includes(sign) ? (sign as MeasureSign) : '=',
    value: number,
  };
}

/** Comparisons as an address has them. */
export function comparisonParams(
  comparisons: readonly MeasureCondition[],
): Partial<Record<Measure, string[]>> {
  const params: Partial<Record<Measure, string[]>> = {};
  for (const { measure, sign, value } of comparisons) {
    const text =
      measure === 'cost'
        ? String(value / NANO_USD_PER_USD)
        : measure === 'duration'
          ? `${value / 1000}s`
          : String(value);
    (params[measure] ??= []).push(sign + text);
  }
  return params;
}

const EXAMPLES: Readonly<Record<Measure, string>> = {
  cost: 'cost>0.5',
  duration: 'duration>10s',
  turns: 'turns>=5',
  tools: 'tools>3',
  tokens: 'tokens>100000',
};

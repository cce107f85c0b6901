// The steps of a run as a file: a row for each row of the outline, in its order.

import { usdOf } from '../../../../../core/money.ts';
import type { RunStep } from '../../../../queries/runs/read-run.ts';
import type { Sheet, SheetValue } from '../../../sheet.ts';
import type { OutlineRow } from '../outline-rows.ts';
import { contextCostNanoUsd, numberIn, stepName, textIn } from './step-facts.ts';

const COLUMNS = [
  'kind',
  'level',
  'name',
  'steps',
  'offset_ms',
  'duration_ms',
  'tokens_input',
  'tokens_cache_read',
  'tokens_cache_write',
  'tokens_output',
  'cost_usd',
  'context_cost_usd',
  'error',
] as const;

type Row = Readonly<Record<(typeof COLUMNS)[number], SheetValue>>;

export function stepSheet(rows: readonly OutlineRow[], startedAt: string): Sheet {
  return {
    columns: COLUMNS,
    rows: rows.map((row) => {
      const values = valuesOf(row, startedAt);
      return COLUMNS.map((column) => values[column]);
    }),
  };
}

function valuesOf(row: OutlineRow, startedAt: string): Row {
  if (row.kind === 'step') return stepValues([row.step], row.step.step, stepName(row.step), row.depth);
  if (row.kind === 'group') return stepValues(row.steps, 'repeated', row.name, row.depth);
  const { run } = row;
  return {
    ...stepValues([], 'run', run['agent.run_id'], row.depth),
    steps: null,
    offset_ms: Date.parse(run.started_at) - Date.parse(startedAt),
    duration_ms: run.duration_ms,
    cost_usd: run['agent.cost_usd'],
    error: run['error.type'],
  };
}

/** Of several steps the sums; null where none of them knows. */
function stepValues(steps: readonly RunStep[], kind: string, name: string, level: number): Row {
  const sum = (...keys: readonly Parameters<typeof numberIn>[1][]): number | null =>
    sumKnown(steps.flatMap((step) => keys.map((key) => numberIn(step, key) ?? null)));
  return {
    kind,
    level,
    name,
    steps: steps.length,
    offset_ms: steps[0]?.offset_ms ?? null,
    duration_ms: sum('duration_ms'),
    tokens_input: sum('tokens_input'),
    tokens_cache_read: sum('tokens_cache_read'),
    tokens_cache_write: sum('tokens_cache_write_5m', 'tokens_cache_write_1h'),
    tokens_output: sum('tokens_output'),
    cost_usd: usdOf(sum('cost_nano_usd')),
    context_cost_usd: usdOf(sumKnown(steps.map(contextCostNanoUsd))),
    error: [...new Set(steps.map((step) => textIn(step, 'error.type')))].filter(Boolean).join(' ') || null,
  };
}

function sumKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

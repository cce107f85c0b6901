// Compiler to SQL (DuckDB): signals as statements over the tables of the embedded store.

import type { Dimension } from '../core/schema.ts';
import { startOfDate, type Step } from '../core/time/time.ts';
import { cellNumber, type ResultRow, type SignalPoint } from './result.ts';
import { dimensionsOf, foldsOf, type NotSupported, type Signal, type SignalRequest } from './signal.ts';
import { seriesObstacle, windowOf } from './spans.ts';
import { STEP_KEY } from './sql-columns.ts';
import { isPerProcess, Statement } from './sql-statement.ts';
import { literalSql, type WriteValue } from './sql-text.ts';

/**
 * Compiles a signal to one DuckDB statement. Ungrouped it gives one row with the column `value`; grouped one row
 * per group, with a column of the dimension's name for each dimension. `shapeResult` reads the rows.
 * Throws a SignalError on a dimension that the signal has not.
 */
export function toSql(signal: Signal, request: SignalRequest, write: WriteValue = literalSql): string {
  return toSqlTable([{ name: 'value', signal }], request, write);
}

/** A signal as a column of a statement. */
export interface SignalColumn {
  readonly name: string;
  readonly signal: Signal;
}

/**
 * Compiles signals that {@link passOf} says go together to one statement, which has a column for each: as with
 * `toSql`, but a row also for a group that only another of them has.
 */
export function toSqlTable(
  columns: readonly SignalColumn[],
  request: SignalRequest,
  write: WriteValue = literalSql,
): string {
  const by = columns.map(({ signal }) => dimensionsOf(signal, request))[0] ?? [];
  const statement = statementOf(columns, request, by, write);
  return statement.build(by.map((dimension) => statement.keyOf(dimension)));
}

/** What a pass over the store is told apart by: signals with the same text can be read in one. */
export function passOf(signal: Signal, request: SignalRequest): string {
  const folds = foldsOf(signal.value);
  const { from, to } = windowOf(signal, request);
  const alone = folds.some(isPerProcess) ? signal.id : '';
  const events = [...new Set(folds.map((fold) => fold.of))].toSorted();
  return JSON.stringify([events, from, to, request.now, request.where, alone]);
}

/**
 * Compiles a signal to one statement that gives a row per step with data: the columns `bucket` and `value`, and
 * one for each dimension. `shapeSeries` reads the rows. Signals that compare days have no time series.
 */
export function toSqlSeries(
  signal: Signal,
  request: SignalRequest & { readonly step: Step },
): string | NotSupported {
  const by = dimensionsOf(signal, request);
  const reason = seriesObstacle(signal);
  if (reason !== undefined) return { reason };
  const statement = statementOf([{ name: 'value', signal }], request, by, literalSql);
  return statement.build([
    { name: STEP_KEY, sql: statement.bucketSql(request.step) },
    ...by.map((dimension) => statement.keyOf(dimension)),
  ]);
}

/** Rows of the statement made by `toSqlSeries` without dimensions, as one point for each of the steps. */
export function shapeSeries(
  signal: Signal,
  starts: readonly number[],
  request: Pick<SignalRequest, 'timezone'> & { readonly step: Step },
  rows: readonly ResultRow[],
): SignalPoint[] {
  const valueByStart = new Map<number, number | null>();
  for (const row of rows) {
    const bucket = cellNumber(row[STEP_KEY]);
    if (bucket === null) continue;
    const start = request.step === 'day' ? startOfDate(bucket, request.timezone) : bucket;
    valueByStart.set(start, cellNumber(row['value']));
  }
  return starts.map((start) => ({ start, value: valueByStart.get(start) ?? signal.whenEmpty }));
}

function statementOf(
  columns: readonly SignalColumn[],
  request: SignalRequest,
  by: readonly Dimension[],
  write: WriteValue,
): Statement {
  const [first] = columns;
  if (first === undefined) throw new Error('a statement needs a signal');
  const values = columns.map(({ name, signal }) => ({ name, value: signal.value }));
  return new Statement(values, windowOf(first.signal, request), request, by, write);
}

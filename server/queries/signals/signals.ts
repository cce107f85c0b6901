// Signals over the store: the statements that the compiler makes, run and shaped.

import type { Step } from '../../../core/time/time.ts';
import { shapeResult, type SignalPoint, type SignalResult } from '../../../signals/result.ts';
import type { NotSupported, Signal, SignalRequest } from '../../../signals/signal.ts';
import { shapeSeries, toSql, toSqlSeries } from '../../../signals/to-sql.ts';
import type { Queryable } from '../../store/file/database.ts';
import { seriesStarts } from './series-steps.ts';

/**
 * Reads a signal from the store.
 * @throws SignalError on a dimension that the signal has not
 */
export async function runSignal(
  database: Queryable,
  signal: Signal,
  request: SignalRequest,
): Promise<SignalResult> {
  return shapeResult(signal, request, await database.all(toSql(signal, request)));
}

/**
 * Reads a signal for each step of its window; no value where nothing happened.
 * @throws SignalError when the window has too many steps
 */
export async function runSignalSeries(
  database: Queryable,
  signal: Signal,
  request: Omit<SignalRequest, 'by'> & { readonly step: Step },
): Promise<readonly SignalPoint[] | NotSupported> {
  // First: to write the statement, the clocks of a zone are looked at day by day.
  const starts = seriesStarts(signal, request);
  const query = toSqlSeries(signal, request);
  if (typeof query !== 'string') return query;
  return shapeSeries(signal, starts, request, await database.all(query));
}

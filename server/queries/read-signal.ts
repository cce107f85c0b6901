// Signals read from the store. The definition and the SQL are those of the catalogue; nothing here
// says what a number means.

import { stepStarts, type Step } from '../../core/time.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { shapeResult, type SignalPoint, type SignalResult } from '../../signals/result.ts';
import { SignalError, type SignalRequest } from '../../signals/signal.ts';
import { shapeSeries, toSql, toSqlSeries } from '../../signals/to-sql.ts';
import type { Queryable } from '../store/database.ts';

/** Answer of one signal. @throws SignalError on an unknown signal or dimension */
export async function readSignal(
  database: Queryable,
  id: string,
  request: SignalRequest,
): Promise<SignalResult> {
  const signal = signalOf(id);
  const { sql, params } = toSql(signal, request);
  return shapeResult(signal, request, await database.all(sql, params));
}

/** The number of an ungrouped signal; null is no data. */
export async function readNumber(
  database: Queryable,
  id: string,
  request: SignalRequest,
): Promise<number | null> {
  const result = await readSignal(database, id, request);
  return 'value' in result ? result.value : null;
}

/** The numbers of a signal by the name of the group; no name where the events carry none. */
export async function readGroups(
  database: Queryable,
  id: string,
  request: SignalRequest & { readonly by: NonNullable<SignalRequest['by']> },
): Promise<Map<string | null, number>> {
  const result = await readSignal(database, id, request);
  if (!('groups' in result)) return new Map();
  return new Map(result.groups.map((group) => [Object.values(group.by)[0] ?? null, group.value]));
}

/** A signal over time, one point per step. @throws SignalError where it has no time series */
export async function readSeries(
  database: Queryable,
  id: string,
  request: SignalRequest & { readonly step: Step },
): Promise<SignalPoint[]> {
  const signal = signalOf(id);
  const query = toSqlSeries(signal, request);
  if ('reason' in query) throw new SignalError(`${id} has no time series: ${query.reason}`);
  const starts = stepStarts(request, request.step, request.timezone);
  return shapeSeries(signal, starts, request, await database.all(query.sql, query.params));
}

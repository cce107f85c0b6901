// Trends: a signal over time for each group of a dimension, in one statement.

import type { Dimension } from '../../../core/schema.ts';
import type { Step } from '../../../core/time.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import type { SignalPoint } from '../../../signals/result.ts';
import { SignalError, type SignalRequest } from '../../../signals/signal.ts';
import { shapeSeries, toSqlSeries, type SqlQuery } from '../../../signals/to-sql.ts';
import { textsSql, type Queryable } from '../../store/file/database.ts';
import { groupBy } from '../../group-by.ts';
import type { Groups } from './expected-groups.ts';
import { seriesStarts } from './series-steps.ts';
import { readRows } from './signals.ts';

export interface TrendRequest extends Omit<SignalRequest, 'by'> {
  readonly by: Dimension;
  readonly step: Step;
  readonly groups: Groups;
}

/** One point per step and group; a group without data in the window is left out. @throws SignalError where it has no time series, or too many steps */
export async function readTrends(
  database: Queryable,
  id: string,
  request: TrendRequest,
): Promise<ReadonlyMap<string | null, readonly SignalPoint[]>> {
  const signal = signalOf(id);
  const starts = seriesStarts(signal, request);
  const query = toSqlSeries(signal, request);
  if ('reason' in query) throw new SignalError(`${id} has no time series: ${query.reason}`);
  const rowsByGroup = groupBy(await readRows(database, onlyNamed(query, request)), (row) => {
    const cell = row[request.by];
    return typeof cell === 'string' && cell !== '' ? cell : null;
  });
  return new Map([...rowsByGroup].map(([name, rows]) => [name, shapeSeries(signal, starts, request, rows)]));
}

function onlyNamed({ sql, params }: SqlQuery, { by, groups: names }: TrendRequest): SqlQuery {
  if (names === 'all') return { sql, params };
  const among = `"${by}" IN ${textsSql('$names')}`;
  return {
    sql: `SELECT * FROM (${sql}) WHERE ${names.includes(null) ? `"${by}" IS NULL OR ` : ''}${among}`,
    params: { ...params, names: JSON.stringify(names.filter((name) => name !== null)) },
  };
}

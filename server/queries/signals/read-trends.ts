// Trends: a signal over time for each group of a dimension, in one statement.

import { textSql } from '../../../signals/sql-text.ts';
import type { Dimension } from '../../../core/schema.ts';
import type { Step } from '../../../core/time/time.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import type { SignalPoint } from '../../../signals/result.ts';
import { SignalError, type SignalRequest } from '../../../signals/signal.ts';
import { shapeSeries, toSqlSeries } from '../../../signals/to-sql.ts';
import type { Queryable } from '../../store/file/database.ts';
import { groupBy } from '../../../core/group-by.ts';
import type { Groups } from './expected-groups.ts';
import { seriesStarts } from './series-steps.ts';

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
  if (typeof query !== 'string') throw new SignalError(`${id} has no time series: ${query.reason}`);
  const rowsByGroup = groupBy(await database.all(onlyNamed(query, request)), (row) => {
    const cell = row[request.by];
    return typeof cell === 'string' && cell !== '' ? cell : null;
  });
  return new Map([...rowsByGroup].map(([name, rows]) => [name, shapeSeries(signal, starts, request, rows)]));
}

function onlyNamed(sql: string, { by, groups: names }: TrendRequest): string {
  if (names === 'all') return sql;
  const conditions = names.includes(null) ? [`"${by}" IS NULL`] : [];
  const named = names.flatMap((name) => (name === null ? [] : [textSql(name)]));
  if (named.length > 0) conditions.push(`"${by}" IN (${named.join(', ')})`);
  return `SELECT * FROM (${sql}) WHERE ${conditions.length > 0 ? conditions.join(' OR ') : 'false'}`;
}

// Signals of the catalogue by id, as plain numbers: what pages and reports are made of.

import type { Step } from '../../../core/time/time.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import { cellNumber, type SignalPoint } from '../../../signals/result.ts';
import { SignalError, type SignalRequest } from '../../../signals/signal.ts';
import { passOf, toSqlTable } from '../../../signals/to-sql.ts';
import type { Queryable } from '../../store/file/database.ts';
import { groupBy } from '../../../core/group-by.ts';
import { runSignal, runSignalSeries } from './signals.ts';

/** The number of an ungrouped signal; null is no data. */
export async function readNumber(
  database: Queryable,
  id: string,
  request: SignalRequest,
): Promise<number | null> {
  const result = await runSignal(database, signalOf(id), request);
  return 'value' in result ? result.value : null;
}

/** The numbers of several ungrouped signals, in as few statements as may be; null is no data. */
export async function readNumbers<Id extends string>(
  database: Queryable,
  ids: readonly Id[],
  request: SignalRequest,
): Promise<Readonly<Record<Id, number | null>>> {
  const passes = groupBy(
    ids.map((id) => ({ name: id, signal: signalOf(id) })),
    ({ signal }) => passOf(signal, request),
  );
  const read = await Promise.all(
    [...passes.values()].map(async (pass) => {
      const [row] = await database.all(toSqlTable(pass, request));
      return pass.map(({ name, signal }) => [name, cellNumber(row?.[name]) ?? signal.whenEmpty] as const);
    }),
  );
  return Object.fromEntries(read.flat()) as Record<Id, number | null>;
}

/** The numbers of a signal by the name of the group, greatest first; no name where the events carry none. */
export async function readGroups(
  database: Queryable,
  id: string,
  request: SignalRequest & { readonly by: NonNullable<SignalRequest['by']> },
): Promise<Map<string | null, number>> {
  const result = await runSignal(database, signalOf(id), request);
  if (!('groups' in result)) return new Map();
  return new Map(result.groups.map((group) => [Object.values(group.by)[0] ?? null, group.value]));
}

/** A signal over time, one point per step. @throws SignalError where it has no time series */
export async function readSeries(
  database: Queryable,
  id: string,
  request: Omit<SignalRequest, 'by'> & { readonly step: Step },
): Promise<readonly SignalPoint[]> {
  const points = await runSignalSeries(database, signalOf(id), request);
  if ('reason' in points) throw new SignalError(`${id} has no time series: ${points.reason}`);
  return points;
}

// The oracle of lists: the events that a list must show, worked out from plain events.

import type { EventRecord } from '../../../core/event.ts';
import { NO_DATA } from '../../../core/text/format.ts';
import { FIELDS, type FieldDefinition, type FieldKey } from '../../../core/schema.ts';
import { columnLabelOf } from '../../../dashboards/list-query.ts';
import type { Column, ListSource } from '../../../dashboards/source.ts';
import type { Filter } from '../../../signals/signal.ts';
import type { Frame } from '../grafana.ts';
import type { Asked } from './oracle.ts';

/** A row that the list must have: its cells by title, and the number that ranks it. */
export interface ExpectedRow {
  readonly cells: ReadonlyMap<string, string>;
  readonly rank: number;
}

/** The rows that the list must have, best first. */
export function expectedList(source: ListSource, { events, range, choices = {} }: Asked): ExpectedRow[] {
  const rankOf = (event: EventRecord): number | undefined =>
    valueOf(event, source.rank) as number | undefined;
  const sign = source.order === 'greatest' ? -1 : 1;
  const run = String(choices['run'] ?? '');
  return events
    .filter((event) => event.timestamp > range.from && event.timestamp <= range.to)
    .filter((event) => (source.of as readonly string[]).includes(event['event.name']))
    .filter((event) => event['tallyspan.duplicate'] !== true && rankOf(event) !== undefined)
    .filter((event) => !source.ofRun || event['agent.run_id']?.startsWith(run))
    .filter((event) => source.where.every((filter) => isMatch(event, filter)))
    .sort((a, b) => sign * ((rankOf(a) ?? 0) - (rankOf(b) ?? 0)))
    .slice(0, source.limit)
    .map((event) => ({
      cells: new Map(source.columns.map((column) => [column.title, cellOf(event, column)])),
      rank: rankOf(event) ?? 0,
    }));
}

/** The same as texts. */
export function expectedRows(source: ListSource, asked: Asked): string[] {
  return expectedList(source, asked).map(({ cells }) => listRowText(source.columns, cells));
}

/** The rows that Loki answered, in the order in which the table puts them. */
export function actualRows(source: ListSource, frames: readonly Frame[]): string[] {
  const sign = source.order === 'greatest' ? -1 : 1;
  return frames
    .map(({ labels, points }) => ({ labels, value: [...points.values()][0] ?? 0 }))
    .sort((a, b) => sign * (a.value - b.value))
    .map(({ labels }) =>
      listRowText(
        source.columns,
        new Map(
          source.columns.map((column) => [
            column.title,
            (labels[columnLabelOf(column)] ?? '').replace(NO_DATA, ''),
          ]),
        ),
      ),
    );
}

/** A row as text of its columns. */
export function listRowText(columns: readonly Column[], cells: ReadonlyMap<string, string>): string {
  return columns.map(({ title }) => `${title}=${cells.get(title) ?? ''}`).join(' ');
}

function cellOf(event: EventRecord, { field }: Column): string {
  const value = valueOf(event, field);
  const { unit } = FIELDS[field] as FieldDefinition;
  return value === undefined ? '' : `${unit === 'nanoUsd' ? Number(value) / 1e9 : value}`;
}

function valueOf(event: EventRecord, field: FieldKey): string | number | boolean | undefined {
  return (event as Readonly<Record<string, string | number | boolean | undefined>>)[field];
}

function isMatch(event: EventRecord, filter: Filter): boolean {
  if ('isNot' in filter) return valueOf(event, filter.field) !== filter.isNot;
  if ('is' in filter) return valueOf(event, filter.field) === filter.is;
  throw new Error('this filter is in no list');
}

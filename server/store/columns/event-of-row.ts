// The other way round: a row of an event batch as the event record that it holds.

import type { EventRecord } from '../../../core/event.ts';
import { FIELDS, FIELD_KEYS } from '../../../core/schema.ts';
import type { EventBatch } from './event-batch.ts';

/** The event of a finished row. */
export function eventOfRow(batch: EventBatch, row: number): EventRecord {
  const event: Record<string, unknown> = {};
  for (const key of FIELD_KEYS) {
    const cell = batch.number(row, key);
    if (cell === undefined) continue;
    if (key === 'event.name') event[key] = batch.name(row);
    else if (FIELDS[key].type === 'string') event[key] = batch.text(row, key);
    else if (FIELDS[key].type === 'strings') event[key] = batch.list(cell);
    else event[key] = FIELDS[key].type === 'bool' ? cell === 1 : cell;
  }
  return event as unknown as EventRecord;
}

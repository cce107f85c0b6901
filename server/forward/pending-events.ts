// Pending events: those that this server made of spans and logs of others, that have settled, and that were not handed on
// yet. They have settled when nothing that may still come is expected to change them: their run has ended, all spans
// above it are there, and nothing of their trace came for a while. The table is the outbox, so a stop loses nothing.
// Scores that no numbered process sent are among them: those of people, end users, judges and scorers are given to this
// server alone, and so are the calls of judges. Each revision of a score is handed on, since whoever reads them counts the
// latest.

import { encodeEvent, type EventRecord } from '../../core/event.ts';
import { columnOf, tableOf } from '../../core/columns.ts';
import { EVENT_NAMES, fieldsOf, type EventName } from '../../core/schema.ts';
import { eventsSql } from '../../signals/event-tables.ts';
import { readableSql } from '../queries/field-values.ts';
import { SEALED_FIELDS } from '../store/file/content-cipher.ts';
import { textsSql, type DatabaseRow, type Queryable } from '../store/file/database.ts';

export interface PendingQuestion {
  /** Events of this time or older, Unix milliseconds. */
  readonly settledBeforeMs: number;
  /** Events older than this are not looked for: nobody takes them any more. */
  readonly fromMs: number;
  /** A trace that is not whole has settled when its last span is older than this. */
  readonly lostBeforeMs: number;
  readonly limit: number;
}

export interface PendingEvent {
  readonly name: EventName;
  readonly key: string;
  readonly event: EventRecord;
}

const MADE = eventsSql([
  'event.name',
  'timestamp',
  'trace_id',
  'agent.run_id',
  'tallyspan.key',
  'tallyspan.revision',
  'tallyspan.seq',
  'tallyspan.source',
  'tallyspan.duplicate',
]);
/** Events that are given to this server alone, and are of no trace of the run that they speak of. */
const IS_GIVEN = "made.event_name IN ('agent.score', 'judge.call')";
const IS_SCORE = "made.event_name = 'agent.score'";
/** What an event is noted by: a score by its revision, too. */
const NOTED_KEY = `CASE WHEN ${IS_SCORE} THEN made.tallyspan_key || '@' || coalesce(made.tallyspan_revision, 0) ELSE made.tallyspan_key END`;
const IS_TO_HAND_ON = `made.tallyspan_key IS NOT NULL
  AND (made.tallyspan_source IN ('span', 'log') AND made.tallyspan_duplicate IS NOT TRUE
    OR ${IS_GIVEN} AND made.tallyspan_seq IS NULL)`;
const IS_NOT_NOTED = `NOT EXISTS (SELECT 1 FROM forwarded WHERE forwarded.event_name = made.event_name
  AND forwarded.event_key = ${NOTED_KEY})`;
const instant = (name: string): string => `make_timestamptz($${name}::BIGINT * 1000)`;

/** The oldest pending events. `isStirring` says of a trace whether something of it came just now. */
export async function readPending(
  database: Queryable,
  question: PendingQuestion,
  isStirring: (traceId: string) => boolean,
): Promise<PendingEvent[]> {
  const rows = await database.all(
    `SELECT made.event_name AS name, made.tallyspan_key AS key, ${NOTED_KEY} AS noted,
       CASE WHEN ${IS_GIVEN} THEN NULL ELSE made.trace_id END AS trace FROM ${MADE} AS made
     WHERE ${IS_TO_HAND_ON} AND made.timestamp BETWEEN ${instant('from')} AND ${instant('settled')}
       AND ${IS_NOT_NOTED}
       AND (EXISTS (SELECT 1 FROM agent_run WHERE agent_run.agent_run_id = made.agent_run_id
             AND agent_run.tallyspan_duplicate IS NOT TRUE AND agent_run.timestamp <= ${instant('settled')})
         OR NOT EXISTS (SELECT 1 FROM agent_run_started AS begun WHERE begun.agent_run_id = made.agent_run_id
             AND begun.tallyspan_duplicate IS NOT TRUE))
     ORDER BY made.timestamp LIMIT $limit`,
    {
      from: Math.floor(question.fromMs),
      settled: Math.floor(question.settledBeforeMs),
      limit: question.limit,
    },
  );
  const traces = [
    ...new Set(rows.flatMap((row) => (typeof row['trace'] === 'string' ? [row['trace']] : []))),
  ];
  const open = await readOpenTraces(database, traces, question.lostBeforeMs);
  const settled = rows.filter((row) => {
    const trace = row['trace'];
    return typeof trace !== 'string' || !(open.has(trace) || isStirring(trace));
  });
  return readEvents(database, settled);
}

/** How many events between the two instants, Unix milliseconds, were handed on by nobody. */
export async function countTooOld(database: Queryable, fromMs: number, toMs: number): Promise<number> {
  const [row] = await database.all(
    `SELECT count(*) AS many FROM ${MADE} AS made
     WHERE ${IS_TO_HAND_ON} AND made.timestamp BETWEEN ${instant('from')} AND ${instant('until')}
       AND ${IS_NOT_NOTED}`,
    { from: Math.floor(fromMs), until: Math.floor(toMs) },
  );
  return Number(row?.['many'] ?? 0);
}

/** Traces of which a span hangs on one that has not come, and may still. */
async function readOpenTraces(
  database: Queryable,
  traces: readonly string[],
  lostBeforeMs: number,
): Promise<ReadonlySet<string>> {
  if (traces.length === 0) return new Set();
  const rows = await database.all(
    `WITH ours AS (SELECT trace_id, span_id, parent_span_id, end_time, facts FROM spans WHERE trace_id IN ${textsSql('$traces')})
     SELECT trace_id AS id FROM ours GROUP BY trace_id
     HAVING max(end_time) > ${instant('lost')} AND bool_or(parent_span_id IS NOT NULL
       AND (facts IS NULL OR facts NOT LIKE '%"isLocalRoot":true%')
       AND parent_span_id NOT IN (SELECT span_id FROM ours))`,
    { traces: JSON.stringify(traces), lost: Math.floor(lostBeforeMs) },
  );
  return new Set(rows.map((row) => String(row['id'])));
}

async function readEvents(database: Queryable, rows: readonly DatabaseRow[]): Promise<PendingEvent[]> {
  const events: PendingEvent[] = [];
  for (const name of EVENT_NAMES) {
    const keys = rows.filter((row) => row['name'] === name).map((row) => String(row['key']));
    if (keys.length === 0) continue;
    const fields = fieldsOf(name).filter(
      (field) => field !== 'event.name' && !SEALED_FIELDS.some((sealed) => sealed === field),
    );
    const columns = fields.map((field) => `${readableSql(field)} AS "${columnOf(field)}"`);
    const found = await database.all(
      `SELECT ${columns.join(', ')} FROM ${tableOf(name)} WHERE tallyspan_key IN ${textsSql('$keys')}`,
      { keys: JSON.stringify(keys) },
    );
    const asked = new Set(rows.filter((row) => row['name'] === name).map((row) => String(row['noted'])));
    for (const row of found) {
      const key = notedKey(name, row);
      if (!asked.has(key)) continue;
      const event: Record<string, unknown> = { 'event.name': name };
      for (const field of fields) {
        const value = row[columnOf(field)];
        if (value !== null && value !== undefined) event[field] = value;
      }
      events.push({ name, key, event: event as unknown as EventRecord });
    }
  }
  return events.toSorted((a, b) => a.event.timestamp - b.event.timestamp);
}

function notedKey(name: EventName, row: DatabaseRow): string {
  const key = String(row['tallyspan_key']);
  return name === 'agent.score' ? `${key}@${String(row['tallyspan_revision'] ?? 0)}` : key;
}

/** Bytes of the event as it is sent, nearly. */
export function sizeOf({ event }: PendingEvent): number {
  return 2 * encodeEvent(event).length;
}

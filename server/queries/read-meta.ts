// Meta: what the server is and has, for people and for the CLI.

import { eventsSql } from '../../signals/event-tables.ts';
import type { Queryable } from '../store/file/database.ts';
import { isoOrNull, numberOrNull, textOrNull } from './field-values.ts';

const EVENTS = eventsSql([
  'event.name',
  'timestamp',
  'tallyspan.duplicate',
  'tallyspan.seq',
  'service.instance.id',
  'tallyspan.process_id',
]);

export interface StoreMeta {
  readonly events: number;
  readonly spans: number;
  readonly runs: number;
  /** ISO 8601 UTC of the first and the last event. */
  readonly first_event: string | null;
  readonly last_event: string | null;
  /** Events whose place in their process (`tallyspan.seq`) was never seen: lost on the way. */
  readonly events_lost: number;
  /** Records of a response that was already counted. Sums of cost shares are marked so as well, and are of the call. */
  readonly duplicates: number;
}

export async function readMeta(database: Queryable): Promise<StoreMeta> {
  const [row] = await database.all(
    `SELECT count(*) AS events, count(*) FILTER (event_name = 'agent.run') AS runs,
       min(timestamp) AS first, max(timestamp) AS last,
       count(*) FILTER (tallyspan_duplicate AND event_name <> 'agent.tool_cost') AS duplicates,
       (SELECT count(*) FROM spans) AS spans,
       (SELECT sum(missing) FROM (
          SELECT max(tallyspan_seq) - count(*) AS missing FROM ${EVENTS}
          WHERE tallyspan_seq IS NOT NULL GROUP BY service_instance_id, tallyspan_process_id)) AS lost
     FROM ${EVENTS}`,
  );
  return {
    events: numberOrNull(row?.['events']) ?? 0,
    spans: numberOrNull(row?.['spans']) ?? 0,
    runs: numberOrNull(row?.['runs']) ?? 0,
    first_event: isoOrNull(row?.['first']),
    last_event: isoOrNull(row?.['last']),
    events_lost: numberOrNull(row?.['lost']) ?? 0,
    duplicates: numberOrNull(row?.['duplicates']) ?? 0,
  };
}

/** Events whose time has not come yet: the clock of their sender is ahead. */
export interface FutureEvents {
  readonly count: number;
  /** Service that sent the last of them; null where there is none. */
  readonly service: string | null;
  /** ISO 8601 UTC. */
  readonly last: string | null;
}

const AHEAD_MS = 5 * 60_000;
const FUTURE = eventsSql(['timestamp', 'service.name']);

export async function readFuture(database: Queryable): Promise<FutureEvents> {
  const [row] = await database.all(
    `SELECT count(*) AS events, max(timestamp) AS last, arg_max(service_name, timestamp) AS service
     FROM ${FUTURE} WHERE timestamp > make_timestamptz(?::BIGINT * 1000)`,
    [Date.now() + AHEAD_MS],
  );
  return {
    count: numberOrNull(row?.['events']) ?? 0,
    service: textOrNull(row?.['service']),
    last: isoOrNull(row?.['last']),
  };
}

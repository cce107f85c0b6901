// Trace store: the spans of a trace that are in the file, and which traces have any. A trace of which nothing is stored,
// as nearly all are when their first spans come, is known to be new without a look into the file.

import type { FactSpan } from '../../core/dialects.ts';
import { DAY_MS } from '../../core/time/time.ts';
import { textsSql, type DatabaseRow, type Queryable } from '../store/file/database.ts';
import { eventsSql } from '../../signals/event-tables.ts';
import { BloomFilter } from './bloom-filter.ts';
import { STATUS_ERROR, parseFacts } from './fact-span.ts';
import { once } from './once.ts';

/** Spans of one trace are at most so far apart; those further away are taken for another trace. */
const FURTHEST_APART_MS = DAY_MS;
/** A megabyte each: a million traces with one in a thousand taken for known. */
const FILTER_BITS = 2 ** 23;
const TRACES_LOADED = 1_000_000;

/** Events that spans are made into, with what their revisions are found by. */
const MADE = eventsSql(['timestamp', 'trace_id', 'tallyspan.source', 'tallyspan.revision']);

/** What is stored of a trace. */
export interface StoredTrace {
  readonly spans: readonly FactSpan[];
  readonly revision: number;
}

export class TraceStore {
  readonly #database: Queryable;
  /** Traces of which there is any span. */
  readonly #any = new BloomFilter(FILTER_BITS);
  /** Traces of which there is a span that events were made of. */
  readonly #foreign = new BloomFilter(FILTER_BITS);
  /** Of traces from here on it is known whether anything is stored; Unix milliseconds. */
  #knownFromMs = Number.POSITIVE_INFINITY;

  constructor(database: Queryable) {
    this.#database = database;
  }

  /** Makes known what an earlier process stored. */
  readonly load = once(() => this.#read());

  async #read(): Promise<void> {
    const newestMs = await this.#newestMs();
    if (newestMs === undefined) {
      this.#knownFromMs = Number.NEGATIVE_INFINITY;
      return;
    }
    const fromMs = newestMs - 2 * FURTHEST_APART_MS;
    const rows = await this.#database.all(
      `SELECT trace_id, bool_or(facts LIKE '%"rule"%') AS foreign_steps FROM spans
       WHERE start_time >= make_timestamptz($from::BIGINT * 1000)
       GROUP BY trace_id LIMIT ${TRACES_LOADED}`,
      { from: fromMs },
    );
    for (const row of rows) this.note(String(row['trace_id']), row['foreign_steps'] === true);
    if (rows.length < TRACES_LOADED) this.#knownFromMs = fromMs + FURTHEST_APART_MS;
  }

  /** Whether it is certain that no span of the trace is stored within a day of the instant, Unix milliseconds. */
  isNew(traceId: string, atMs: number): boolean {
    return atMs >= this.#knownFromMs && !this.#any.mayHave(traceId);
  }

  note(traceId: string, isForeign: boolean): void {
    this.#any.add(traceId);
    if (isForeign) this.#foreign.add(traceId);
  }

  /** Whether a span of the trace that events were made of may be stored within a day of the instant. */
  mayHaveForeign(traceId: string, atMs: number): boolean {
    return atMs < this.#knownFromMs || this.#foreign.mayHave(traceId);
  }

  /** Those of the sessions of which Claude Code's log tells as well. */
  async sessionsWithLogs(sessions: readonly string[]): Promise<ReadonlySet<string>> {
    if (sessions.length === 0) return new Set();
    const rows = await this.#database.all(
      `SELECT DISTINCT gen_ai_conversation_id AS id FROM agent_run_started
       WHERE tallyspan_source = 'log' AND gen_ai_conversation_id IN ${textsSql('$sessions')}`,
      { sessions: JSON.stringify(sessions) },
    );
    return new Set(rows.map((row) => String(row['id'])));
  }

  /** The newest stored spans that may be of calls, and since when these are all; Unix milliseconds. */
  async newestCalls(limit: number): Promise<{ spans: readonly FactSpan[]; sinceMs: number }> {
    const newestMs = await this.#newestMs();
    if (newestMs === undefined) return { spans: [], sinceMs: Number.NEGATIVE_INFINITY };
    const sinceMs = newestMs - DAY_MS;
    return { spans: await this.callsBetween(sinceMs, newestMs + 1, limit), sinceMs };
  }

  /** When the newest stored span began, Unix milliseconds; undefined where there is none. */
  async #newestMs(): Promise<number | undefined> {
    const [row] = await this.#database.all('SELECT epoch_ms(max(start_time)) AS newest FROM spans');
    const newest = row?.['newest'];
    return typeof newest === 'bigint' || typeof newest === 'number' ? Number(newest) : undefined;
  }

  /** Stored spans that may be of calls and began between the two instants, Unix milliseconds; the newest first. */
  async callsBetween(fromMs: number, toMs: number, limit: number): Promise<readonly FactSpan[]> {
    const rows = await this.#database.all(
      `SELECT ${SPAN_SQL} FROM spans
       WHERE start_time BETWEEN make_timestamptz($from::BIGINT * 1000) AND make_timestamptz($to::BIGINT * 1000)
         AND (facts LIKE '%"kind":"call"%' OR facts LIKE '%"kind":"own"%')
       ORDER BY start_time DESC LIMIT ${limit}`,
      { from: Math.floor(fromMs), to: Math.ceil(toMs) },
    );
    return rows.map((row) => spanOf(row));
  }

  /**
   * The stored spans of the traces that have a span between the two instants, or within a day of them, with the highest
   * revision of the events that were made of them.
   */
  async read(
    traceIds: readonly string[],
    fromMs: number,
    toMs: number,
  ): Promise<ReadonlyMap<string, StoredTrace>> {
    const found = new Map<string, { spans: FactSpan[]; revision: number }>();
    if (traceIds.length === 0) return found;
    const rows = await this.#database.all(
      `SELECT ${SPAN_SQL} FROM spans
       WHERE start_time BETWEEN make_timestamptz($from::BIGINT * 1000) AND make_timestamptz($to::BIGINT * 1000)
         AND trace_id IN ${textsSql('$traces')}`,
      {
        from: Math.floor(fromMs - FURTHEST_APART_MS),
        to: Math.ceil(toMs + FURTHEST_APART_MS),
        traces: JSON.stringify(traceIds),
      },
    );
    for (const row of rows) {
      const span = spanOf(row);
      const trace = found.get(span.traceId);
      if (trace === undefined) found.set(span.traceId, { spans: [span], revision: 0 });
      else trace.spans.push(span);
    }
    const revisions = await this.#database.all(
      `SELECT trace_id, max(tallyspan_revision) AS revision FROM ${MADE} AS made
       WHERE timestamp BETWEEN make_timestamptz($from::BIGINT * 1000) AND make_timestamptz($to::BIGINT * 1000)
         AND tallyspan_source = 'span' AND trace_id IN ${textsSql('$traces')} GROUP BY trace_id`,
      {
        from: Math.floor(fromMs - FURTHEST_APART_MS),
        to: Math.ceil(toMs + 2 * FURTHEST_APART_MS),
        traces: JSON.stringify([...found.keys()]),
      },
    );
    for (const row of revisions) {
      const trace = found.get(String(row['trace_id']));
      if (trace !== undefined) trace.revision = Number(row['revision'] ?? 0);
    }
    return found;
  }
}

const SPAN_SQL = `trace_id, span_id, parent_span_id, name, epoch_us(start_time) AS start, epoch_us(end_time) AS ended,
  status_code, service_name, resource, scope, facts`;

function spanOf(row: DatabaseRow): FactSpan {
  return {
    name: String(row['name']),
    traceId: String(row['trace_id']),
    spanId: String(row['span_id']),
    parentSpanId: typeof row['parent_span_id'] === 'string' ? row['parent_span_id'] : '',
    startMs: Number(row['start']) / 1000,
    endMs: Number(row['ended']) / 1000,
    isError: row['status_code'] === STATUS_ERROR,
    resource: resourceOfJson(row['resource']),
    scope: typeof row['scope'] === 'string' ? row['scope'] : undefined,
    facts: parseFacts(row['facts']),
  };
}

function resourceOfJson(json: unknown): FactSpan['resource'] {
  try {
    const all = JSON.parse(String(json)) as Record<string, unknown>;
    return Object.fromEntries(
      ['service.name', 'service.version', 'service.instance.id']
        .filter((key) => all[key] !== undefined)
        .map((key) => [key, all[key]]),
    );
  } catch {
    return {};
  }
}

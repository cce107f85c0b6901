// The event store commits what several senders brought at once in one transaction: a group. A sender
// gets its answer after the commit of its group, so what was acknowledged survives the process.

import { dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { EventRecord } from '../../core/event.ts';
import { sealEvent } from './content-cipher.ts';
import type { Database } from './database.ts';
import { columnsInFile } from './migrations.ts';
import { OpenRuns } from './open-runs.ts';
import { RowAppender } from './row-appender.ts';
import { SeenEvents } from './seen-events.ts';
import { SeenResponses } from './seen-responses.ts';
import { EVENT_COLUMNS, SPAN_COLUMNS, type SpanRow } from './tables.ts';

/** What one request brought. */
export interface Batch {
  readonly events: readonly EventRecord[];
  readonly spans: readonly SpanRow[];
}

/** The store has more waiting than it may hold; the sender should try again. */
export class StoreBusyError extends Error {
  override readonly name = 'StoreBusyError';
}

/** Rows since the process started. */
export interface StoreCounters {
  eventsStored: number;
  eventsDuplicate: number;
  spansStored: number;
  spansDuplicate: number;
  commits: number;
  commitsFailed: number;
}

const ROWS_PER_GROUP = 10_000;
const ROWS_WAITING_LIMIT = 50_000;

interface Waiting extends Batch {
  stored(): void;
  failed(error: unknown): void;
}

export class EventStore {
  readonly counters: StoreCounters = {
    eventsStored: 0,
    eventsDuplicate: 0,
    spansStored: 0,
    spansDuplicate: 0,
    commits: 0,
    commitsFailed: 0,
  };
  readonly #database: Database;
  readonly #seen: SeenEvents;
  readonly #responses: SeenResponses;
  readonly #openRuns: OpenRuns;
  readonly #events: RowAppender;
  readonly #spans: RowAppender;
  /** Runs that the server closed itself; their own end, should it still come, replaces ours. */
  readonly #lostRuns: Set<string>;
  #waiting: Waiting[] = [];
  #rowsWaiting = 0;
  #draining: Promise<void> | undefined;

  private constructor(
    database: Database,
    appenders: { events: RowAppender; spans: RowAppender },
    lostRuns: Set<string>,
    responses: SeenResponses,
    openRuns: OpenRuns,
  ) {
    this.#openRuns = openRuns;
    this.#database = database;
    this.#responses = responses;
    this.#seen = new SeenEvents(database);
    this.#events = appenders.events;
    this.#spans = appenders.spans;
    this.#lostRuns = lostRuns;
  }

  static async open(database: Database): Promise<EventStore> {
    if (database.writer === undefined) throw new Error('the database is open for reading only');
    const { writer } = database;
    const appenders = {
      events: new RowAppender(writer, 'events', await columnsInFile(writer, 'events', EVENT_COLUMNS)),
      spans: new RowAppender(writer, 'spans', await columnsInFile(writer, 'spans', SPAN_COLUMNS)),
    };
    const lost = await database.all(
      "SELECT DISTINCT agent_run_id AS id FROM events WHERE event_name = 'agent.run' AND agent_status = 'lost'",
    );
    const lostRuns = new Set(lost.map((row) => String(row['id'])));
    return new EventStore(
      database,
      appenders,
      lostRuns,
      await SeenResponses.load(database),
      await OpenRuns.load(database),
    );
  }

  /**
   * Resolves when the batch is committed.
   * @throws StoreBusyError when too much is waiting; whatever the commit threw otherwise
   */
  async write(batch: Batch): Promise<void> {
    const rows = batch.events.length + batch.spans.length;
    if (rows === 0) return;
    if (this.#rowsWaiting > 0 && this.#rowsWaiting + rows > ROWS_WAITING_LIMIT)
      throw new StoreBusyError(`${this.#rowsWaiting} rows wait to be stored; try again`);
    this.#rowsWaiting += rows;
    await new Promise<void>((stored, failed) => {
      this.#waiting.push({ events: batch.events, spans: batch.spans, stored, failed });
      this.#draining ??= this.#drain();
    });
  }

  /** Runs that have begun and not ended. */
  openRuns(): readonly string[] {
    return this.#openRuns.list();
  }

  /** Works with the writing connection between commits, so that the work never meets one. */
  async exclusively<T>(work: (writer: DuckDBConnection) => Promise<T>): Promise<T> {
    while (this.#draining !== undefined) await this.#draining;
    const done = work(this.#database.writer as DuckDBConnection);
    this.#draining = done.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await done;
    } finally {
      this.#draining = undefined;
      if (this.#waiting.length > 0) this.#draining = this.#drain();
    }
  }

  /** Resolves when nothing waits any more. */
  async settle(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
  }

  async #drain(): Promise<void> {
    // Requests that arrive in the same turn of the event loop share the first commit.
    await new Promise<void>((next) => setImmediate(next));
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#commit(group);
        for (const waiting of group) waiting.stored();
      } catch (error) {
        this.counters.commitsFailed++;
        for (const waiting of group) waiting.failed(error);
      }
    }
    this.#draining = undefined;
  }

  #takeGroup(): Waiting[] {
    let rows = 0;
    let count = 0;
    while (count < this.#waiting.length && rows < ROWS_PER_GROUP) {
      const next = this.#waiting[count] as Waiting;
      rows += next.events.length + next.spans.length;
      count++;
    }
    this.#rowsWaiting -= rows;
    return this.#waiting.splice(0, count);
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const writer = this.#database.writer as NonNullable<Database['writer']>;
    const sentEvents = group.flatMap((waiting) => waiting.events);
    const sentSpans = group.flatMap((waiting) => waiting.spans);
    try {
      const fresh = await this.#seen.takeNew(sentEvents);
      const kept = await this.#withoutIdleLosses(fresh);
      const { events, replaced } = await this.#responses.mark(kept);
      const spans = await this.#newSpans(sentSpans);
      await writer.run('BEGIN');
      try {
        await this.#withdrawLosses(events);
        await this.#markReplaced(replaced);
        const dataDir = dirname(this.#database.file);
        await this.#events.append(events.map((event) => sealEvent(event, dataDir)));
        await this.#spans.append(spans);
        await writer.run('COMMIT');
      } catch (error) {
        await writer.run('ROLLBACK').catch(() => undefined);
        throw error;
      }
      for (const event of events)
        if (event['agent.status'] === 'lost') this.#lostRuns.add(event['agent.run_id'] ?? '');
      this.#openRuns.note(events);
      this.counters.commits++;
      this.counters.eventsStored += events.length;
      this.counters.eventsDuplicate += sentEvents.length - events.length;
      this.counters.spansStored += spans.length;
      this.counters.spansDuplicate += sentSpans.length - spans.length;
    } catch (error) {
      this.#seen.forget();
      await this.#responses.reload().catch(() => undefined);
      throw error;
    }
  }

  /** The events without those that call a run lost which has an end, stored, in the same group, or lost before. */
  async #withoutIdleLosses(events: readonly EventRecord[]): Promise<readonly EventRecord[]> {
    const losses = events.filter(isLoss);
    if (losses.length === 0) return events;
    const runs = JSON.stringify(losses.map((event) => event['agent.run_id'] ?? ''));
    const rows = await this.#database.all(
      `SELECT agent_run_id AS id FROM events
       WHERE event_name = 'agent.run' AND agent_run_id IN (SELECT unnest(from_json(?, '["VARCHAR"]')))`,
      [runs],
    );
    const ended = new Set(rows.map((row) => row['id']));
    for (const event of events)
      if (event['event.name'] === 'agent.run' && !isLoss(event)) ended.add(event['agent.run_id']);
    return events.filter((event) => {
      if (!isLoss(event)) return true;
      if (ended.has(event['agent.run_id'])) return false;
      ended.add(event['agent.run_id']);
      return true;
    });
  }

  /** A run that was closed as lost and ends after all was not lost. */
  async #withdrawLosses(events: readonly EventRecord[]): Promise<void> {
    if (this.#lostRuns.size === 0) return;
    const found = events.flatMap((event) => {
      const run = event['agent.run_id'];
      const isEnd = event['event.name'] === 'agent.run' && event['agent.status'] !== 'lost';
      return isEnd && run !== undefined && this.#lostRuns.has(run) ? [run] : [];
    });
    if (found.length === 0) return;
    const marks = found.map(() => '?').join(', ');
    await (this.#database.writer as NonNullable<Database['writer']>).run(
      `DELETE FROM events WHERE event_name = 'agent.run' AND agent_status = 'lost' AND agent_run_id IN (${marks})`,
      found,
    );
    for (const run of found) this.#lostRuns.delete(run);
  }

  /** Stored records without a cost whose response now has a record with one. */
  async #markReplaced(responses: readonly string[]): Promise<void> {
    if (responses.length === 0) return;
    const marks = responses.map(() => '?').join(', ');
    await (this.#database.writer as NonNullable<Database['writer']>).run(
      `UPDATE events SET tallyspan_duplicate = true
       WHERE event_name = 'agent.model_call' AND gen_ai_response_id IN (${marks})`,
      [...responses],
    );
  }

  async #newSpans(spans: readonly SpanRow[]): Promise<SpanRow[]> {
    if (spans.length === 0) return [];
    const starts = spans.map((span) => span.start_time);
    const rows = await this.#database.all(
      `SELECT trace_id, span_id FROM spans
       WHERE start_time >= make_timestamptz(?::BIGINT * 1000) AND start_time <= make_timestamptz(?::BIGINT * 1000)`,
      [
        Math.floor(starts.reduce((a, b) => Math.min(a, b))),
        Math.ceil(starts.reduce((a, b) => Math.max(a, b))),
      ],
    );
    const stored = new Set(rows.map((row) => `${String(row['trace_id'])}/${String(row['span_id'])}`));
    return spans.filter((span) => {
      const key = `${span.trace_id}/${span.span_id}`;
      if (stored.has(key)) return false;
      stored.add(key);
      return true;
    });
  }
}

function isLoss(event: EventRecord): boolean {
  return event['event.name'] === 'agent.run' && event['agent.status'] === 'lost';
}

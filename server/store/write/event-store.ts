// The event store commits what several senders brought at once in one transaction: a group. A sender
// gets its answer after the commit of its group, so what was acknowledged survives the process.

import { dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { EventRecord } from '../../../core/event.ts';
import { textsSql, type Database } from '../file/database.ts';
import { isOutOfMemory, withMostMemory } from '../file/attached-file.ts';
import { isInvalidated, isStoredAllTheSame } from '../file/disk-fault.ts';
import { boundBatch } from '../columns/bounds.ts';
import { EventAppender, type Selection } from '../columns/event-appender.ts';
import { EventBatch } from '../columns/event-batch.ts';
import { columnsInFile } from '../file/migrations.ts';
import { takeContent } from './take-content.ts';
import { expandShares } from './expand-shares.ts';
import { completeScores } from './complete-scores.ts';
import { deleteReplaced, takeNewest } from './keyed-events.ts';
import { forgetIndexed } from './index-words.ts';
import { deleteRetold, newSpansOf, type SpanBatch } from './new-spans.ts';
import { OpenRuns } from './open-runs.ts';
import { RowAppender } from '../columns/row-appender.ts';
import { findEndedRuns, findRunEnds, type RunEnd } from './run-ends.ts';
import { SeenEvents } from './seen-events.ts';
import { SeenResponses } from './seen-responses.ts';
import { StoreHealth, type StoreFault } from '../file/store-health.ts';
import { CONTENT_TABLE, SPAN_TABLE, WORD_TABLE, type SpanRow } from '../file/tables.ts';
import { WriteQueue } from './write-queue.ts';

/** What one request brought. */
export interface Batch extends SpanBatch {
  readonly events: readonly EventRecord[] | EventBatch;
}

interface StoredBatch extends Batch {
  readonly events: EventBatch;
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
  readonly #events: EventAppender;
  readonly #spans: RowAppender;
  readonly #content: RowAppender;
  readonly #words: RowAppender;
  /** Runs that the server closed itself; their own end, should it still come, replaces ours. */
  readonly #lostRuns: Set<string>;
  readonly #health: StoreHealth;
  #version = 0;
  #changedAtMs = 0;
  readonly #queue = new WriteQueue<StoredBatch>((group) => this.#commit(group));

  private constructor(
    database: Database,
    appenders: { events: EventAppender; spans: RowAppender; content: RowAppender; words: RowAppender },
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
    this.#content = appenders.content;
    this.#words = appenders.words;
    this.#lostRuns = lostRuns;
    this.#health = new StoreHealth(
      database.file,
      () =>
        this.exclusively(async (writer) => void (await writer.run('SELECT count(*) FROM tallyspan_format'))),
      () => database.checkPlace(),
    );
  }

  static async open(database: Database): Promise<EventStore> {
    if (database.writer === undefined) throw new Error('the database is open for reading only');
    const { writer } = database;
    const columns = await columnsInFile(writer);
    const appenders = {
      events: new EventAppender(writer, columns),
      spans: new RowAppender(writer, SPAN_TABLE.name, columns.get(SPAN_TABLE.name) ?? []),
      content: new RowAppender(writer, CONTENT_TABLE.name, columns.get(CONTENT_TABLE.name) ?? []),
      words: new RowAppender(writer, WORD_TABLE.name, columns.get(WORD_TABLE.name) ?? []),
    };
    const lost = await database.all(
      "SELECT DISTINCT agent_run_id AS id FROM agent_run WHERE agent_status = 'lost'",
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
   * Resolves when the batch is committed. An event batch is the store's from now on.
   * @throws StoreBusyError when too much is waiting; whatever the commit threw otherwise
   */
  async write(batch: Batch): Promise<void> {
    const events = batch.events instanceof EventBatch ? batch.events : EventBatch.of(batch.events);
    const rows = events.rows + batch.spans.length;
    try {
      boundBatch(events);
      await completeScores(this.#database, events);
      const bytes = events.heldBytes + bytesOfSpans(batch.spans);
      if (rows > 0) await this.#queue.write({ ...batch, events }, rows, bytes);
    } finally {
      events.release();
    }
  }

  /** Called after each commit with the rows that it stored; it must not throw. */
  onStored: ((selections: readonly Selection[]) => void) | undefined;

  /** Runs that have begun and not ended. */
  openRuns(): Promise<readonly string[]> {
    return this.#openRuns.list(this.#database);
  }

  /** When the start of an open run came, Unix milliseconds; 0 when that is not known. */
  arrivedAt(run: string): number {
    return this.#openRuns.arrivedAt(run);
  }

  /** Another number after every change of the data. */
  get version(): number {
    return this.#version;
  }

  /** When the data was changed last by this process, Unix milliseconds. */
  get changedAtMs(): number {
    return this.#changedAtMs;
  }

  /** Lets nobody be answered with what was read before. */
  noteChange(): void {
    this.#version++;
    this.#changedAtMs = Date.now();
  }

  /**
   * Works with the writing connection between two commits. Work that changes what is stored says so with
   * {@link noteChange}.
   */
  exclusively<T>(work: (writer: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.#queue.exclusively(async () => {
      try {
        return await work(this.#database.writer as DuckDBConnection);
      } catch (error) {
        if (isInvalidated(error)) this.#health.noteFailure(error);
        await this.#recoverFrom(error);
        throw error;
      }
    });
  }

  /** What keeps rows from being stored; undefined when nothing does. */
  findFault(): Promise<StoreFault | undefined> {
    return this.#health.check();
  }

  /** Makes the file usable again where the error says that it is not; what was refused meanwhile is sent again. */
  async #recoverFrom(error: unknown): Promise<void> {
    try {
      await this.#database.reattachAfter(error);
      // Those of the tables as they were attached before.
      this.#events.forget();
      this.#spans.forget();
      this.#content.forget();
      this.#words.forget();
    } catch {
      // The next commit fails for the same reason, and tries again.
    }
  }

  /** Resolves when nothing waits any more. */
  settle(): Promise<void> {
    return this.#queue.settle();
  }

  async #commit(group: readonly StoredBatch[]): Promise<void> {
    const writer = this.#database.writer as NonNullable<Database['writer']>;
    const batches = group.map(({ events }) => events);
    const areNew = new Set(group.filter((batch) => batch.areNew === true).map(({ events }) => events));
    try {
      this.#database.checkPlace();
      const fresh = await this.#seen.takeNew(batches);
      const { selections: newest, replacements } = await takeNewest(this.#database, fresh, areNew);
      const { selections, ends } = await this.#withoutIdleLosses(newest);
      const replaced = await this.#responses.mark(selections, replacements.responses);
      const spans = await newSpansOf(this.#database, group);
      // Once: the rows are without it then.
      const taken = takeContent(selections, dirname(this.#database.file));
      const shares = expandShares(selections);
      try {
        await this.#transact(writer, async () => {
          await this.#withdrawLosses(ends);
          await this.#markReplaced(replaced);
          await deleteReplaced(writer, replacements);
          await this.#content.append(taken.content);
          await this.#words.append(taken.words);
          await this.#events.append([...selections, ...shares]);
          await deleteRetold(writer, group, spans);
          await this.#spans.append(spans);
          await this.#responses.decide(writer, replacements.responses);
        });
      } finally {
        for (const { batch } of shares) batch.release();
      }
      // Whoever gets an answer may believe that a start finds the rows.
      this.#database.checkPlace();
      await this.#database.giveRoom().catch(() => undefined);
      this.#health.noteCommit();
      for (const { run, isLoss } of ends) if (isLoss) this.#lostRuns.add(run);
      this.#openRuns.note(ends, Date.now());
      const sent = batches.reduce((sum, batch) => sum + batch.rows, 0);
      const stored = selections.reduce((sum, { rows }) => sum + rows.length, 0);
      this.noteChange();
      this.onStored?.(selections);
      this.counters.commits++;
      this.counters.eventsStored += stored;
      this.counters.eventsDuplicate += sent - stored;
      this.counters.spansStored += spans.length;
      this.counters.spansDuplicate += group.reduce((sum, batch) => sum + batch.spans.length, -spans.length);
    } catch (error) {
      this.counters.commitsFailed++;
      this.#health.noteFailure(error);
      await this.#recoverFrom(error);
      this.#seen.forget();
      forgetIndexed();
      await this.#responses.reload().catch(() => undefined);
      throw error;
    }
  }

  /**
   * Commits what the work writes. Rows that do not fit into the usual memory are stored with as much as they take: they
   * would fail again however often they are sent.
   */
  async #transact(writer: DuckDBConnection, work: () => Promise<void>): Promise<void> {
    try {
      await this.#tryTransaction(writer, work);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      await this.#recoverFrom(error);
      await withMostMemory(writer, async () => {
        await this.#tryTransaction(writer, work);
        // What did not fit must not have to at the next commit.
        await writer.run('CHECKPOINT').catch((failure: unknown) => this.#recoverFrom(failure));
      });
    }
  }

  async #tryTransaction(writer: DuckDBConnection, work: () => Promise<void>): Promise<void> {
    await writer.run('BEGIN');
    try {
      await work();
      await writer.run('COMMIT');
    } catch (error) {
      if (!isStoredAllTheSame(error)) {
        await writer.run('ROLLBACK').catch(() => undefined);
        throw error;
      }
      await this.#recoverFrom(error);
    }
  }

  /** The rows without those that call a run lost which has an end, stored, in the same group, or lost before. */
  async #withoutIdleLosses(
    selections: readonly Selection[],
  ): Promise<{ selections: readonly Selection[]; ends: readonly RunEnd[] }> {
    const ends = findRunEnds(selections);
    const losses = ends.filter(({ isLoss }) => isLoss);
    if (losses.length === 0) return { selections, ends };
    const ended = await findEndedRuns(
      this.#database,
      losses.map(({ run }) => run),
    );
    for (const { name, run, isLoss } of ends) if (name === 'agent.run' && !isLoss) ended.add(run);
    const idle = new Set<RunEnd>();
    for (const loss of losses) {
      if (ended.has(loss.run)) idle.add(loss);
      ended.add(loss.run);
    }
    if (idle.size === 0) return { selections, ends };
    return {
      selections: selections.map(({ batch, rows: kept }) => {
        const dropped = new Set([...idle].filter((loss) => loss.batch === batch).map(({ row }) => row));
        return { batch, rows: kept.filter((row) => !dropped.has(row)) };
      }),
      ends: ends.filter((end) => !idle.has(end)),
    };
  }

  /** A run that was closed as lost and ends after all was not lost. */
  async #withdrawLosses(ends: readonly RunEnd[]): Promise<void> {
    if (this.#lostRuns.size === 0) return;
    const found = ends.flatMap(({ name, run, isLoss }) =>
      name === 'agent.run' && !isLoss && this.#lostRuns.has(run) ? [run] : [],
    );
    if (found.length === 0) return;
    const marks = found.map(() => '?').join(', ');
    await (this.#database.writer as NonNullable<Database['writer']>).run(
      `DELETE FROM agent_run WHERE agent_status = 'lost' AND agent_run_id IN (${marks})`,
      found,
    );
    for (const run of found) this.#lostRuns.delete(run);
  }

  /** Stored records whose response, by any of its names, now has a better informed one. */
  async #markReplaced(responses: readonly string[]): Promise<void> {
    if (responses.length === 0) return;
    const named = textsSql('$ids');
    await (this.#database.writer as NonNullable<Database['writer']>).run(
      `UPDATE agent_model_call SET tallyspan_duplicate = true
       WHERE tallyspan_duplicate IS NOT TRUE
         AND (gen_ai_response_id IN ${named} OR anthropic_request_id IN ${named})`,
      { ids: JSON.stringify(responses) },
    );
  }
}

export function bytesOfSpans(spans: readonly SpanRow[]): number {
  return spans.reduce((sum, span) => sum + span.attributes.length + (span.events?.length ?? 0), 0);
}

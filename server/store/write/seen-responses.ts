// Seen responses: one API response is one cost, whoever reports it (the instrumentation, a log, a transcript, another
// vendor's spans). The best informed record of a response counts (core/duplicates.ts), whatever came first; the others
// are kept, marked `tallyspan.duplicate`, and count nowhere.

import type { DuckDBConnection } from '@duckdb/node-api';
import {
  COST_WEIGHT,
  SOURCE_RANKS,
  TOKENS_IN_STANDING,
  markDuplicates,
  standingOf,
} from '../../../core/duplicates.ts';
import type { EventRecord } from '../../../core/event.ts';
import { NewestMap } from '../../../core/newest-map.ts';
import { MINUTE_MS } from '../../../core/time.ts';
import { textsSql, type Queryable } from '../file/database.ts';
import type { Selection } from '../columns/event-appender.ts';
import { FIELD_INDEX, type EventBatch } from '../columns/event-batch.ts';
import { timeClusters } from './time-clusters.ts';

/** Newest responses held in memory; older ones are looked up in the table. */
const RESPONSES_HELD = 50_000;
/** Records of one response are at most this far apart. */
const FURTHEST_APART_MS = 10 * MINUTE_MS;

const RANKS_SQL = Object.entries(SOURCE_RANKS)
  .map(([source, rank]) => `WHEN '${source}' THEN ${rank}`)
  .join(' ');
/** `standingOf` of a stored call. */
const STANDING_SQL = `((CASE WHEN cost_nano_usd IS NULL THEN 0 ELSE ${COST_WEIGHT} END
  + CASE coalesce(tallyspan_source, CASE WHEN tallyspan_dialect IS NULL THEN 'preload' ELSE 'span' END)
    ${RANKS_SQL} ELSE ${SOURCE_RANKS.span} END)::BIGINT * ${TOKENS_IN_STANDING}
  + greatest(0, least(coalesce(gen_ai_usage_input_tokens, 0) + coalesce(gen_ai_usage_output_tokens, 0), ${TOKENS_IN_STANDING - 1})))`;

/** The record that counts for a response. */
interface Counted {
  readonly standing: number;
  readonly timestamp: number;
}

export class SeenResponses {
  readonly #database: Queryable;
  readonly #held = new NewestMap<string, Counted>();
  /** Every response stored after this instant is held. */
  #heldSinceMs: number;

  private constructor(database: Queryable, heldSinceMs: number) {
    this.#database = database;
    this.#heldSinceMs = heldSinceMs;
  }

  static async load(database: Queryable): Promise<SeenResponses> {
    const seen = new SeenResponses(database, Number.NEGATIVE_INFINITY);
    await seen.reload();
    return seen;
  }

  /** Reads from the table what is held: the responses of the last minutes before the newest. */
  async reload(): Promise<void> {
    const rows = await this.#database.all(
      `SELECT gen_ai_response_id AS id, ${STANDING_SQL} AS standing, epoch_ms(timestamp) AS millis FROM agent_model_call
       WHERE gen_ai_response_id IS NOT NULL AND tallyspan_duplicate IS NOT TRUE
         AND timestamp >= (SELECT max(timestamp) FROM agent_model_call) - to_milliseconds(${2 * FURTHEST_APART_MS})
       ORDER BY timestamp DESC LIMIT ${RESPONSES_HELD}`,
    );
    this.#held.clear();
    for (const row of rows.toReversed()) this.#held.set(String(row['id']), countedOf(row));
    const newest = rows[0]?.['millis'];
    const oldest = rows.length < RESPONSES_HELD ? undefined : rows.at(-1)?.['millis'];
    if (typeof oldest === 'number') this.#heldSinceMs = oldest + FURTHEST_APART_MS;
    else if (typeof newest === 'number') this.#heldSinceMs = newest - FURTHEST_APART_MS;
    else this.#heldSinceMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Marks the rows whose response another record counts for, stored or in the same group. Given back are the responses
   * whose stored record has to be marked in place of them. Rows of `undecided` responses are left to {@link decide}.
   */
  async mark(selections: readonly Selection[], undecided: ReadonlySet<string>): Promise<string[]> {
    const calls = selections
      .flatMap(callsOf)
      .filter(({ event }) => !undecided.has(event['gen_ai.response.id']));
    const old = await this.#lookUpOld(calls);
    const replaced: string[] = [];
    for (const [index, event] of markDuplicates(calls.map((call) => call.event)).entries()) {
      const { batch, row, event: sent } = calls[index] as Call;
      const id = sent['gen_ai.response.id'];
      if (sent['tallyspan.duplicate'] === true) continue;
      const counted = this.#held.get(id) ?? old.get(id);
      const standing = standingOf(sent);
      if (event['tallyspan.duplicate'] === true || (counted !== undefined && standing <= counted.standing)) {
        batch.markDuplicate(row);
        continue;
      }
      if (counted !== undefined) replaced.push(id);
      this.#hold(id, { standing, timestamp: sent.timestamp });
    }
    return replaced;
  }

  /**
   * Decides which of the stored records of the responses counts, within the transaction that stored them. Needed when a
   * record was replaced: then one that was marked before may count.
   */
  async decide(writer: DuckDBConnection, responses: ReadonlySet<string>): Promise<void> {
    if (responses.size === 0) return;
    const ids = JSON.stringify([...responses]);
    await writer.run(
      `UPDATE agent_model_call AS stored SET tallyspan_duplicate = CASE WHEN placed.place = 1 THEN NULL ELSE true END
       FROM (SELECT rowid AS id, row_number() OVER (PARTITION BY gen_ai_response_id
               ORDER BY ${STANDING_SQL} DESC, timestamp, rowid) AS place
             FROM agent_model_call WHERE gen_ai_response_id IN ${textsSql('?')}) AS placed
       WHERE stored.rowid = placed.id AND (tallyspan_duplicate IS TRUE) <> (placed.place > 1)`,
      [ids],
    );
    const counted = await writer.runAndReadAll(
      `SELECT gen_ai_response_id AS id, ${STANDING_SQL} AS standing, epoch_ms(timestamp) AS millis FROM agent_model_call
       WHERE tallyspan_duplicate IS NOT TRUE AND gen_ai_response_id IN ${textsSql('?')}`,
      [ids],
    );
    for (const id of responses) this.#held.delete(id);
    for (const row of counted.getRowObjectsJS()) this.#hold(row['id'] as string, countedOf(row));
  }

  #hold(id: string, counted: Counted): void {
    this.#held.set(id, counted);
    if (this.#held.size <= RESPONSES_HELD) return;
    const [, oldest] = this.#held.dropOldest();
    // Records of a response are nearly of one time: from here back the table is asked.
    this.#heldSinceMs = Math.max(this.#heldSinceMs, oldest.timestamp + 1);
  }

  async #lookUpOld(calls: readonly Call[]): Promise<Map<string, Counted>> {
    const found = new Map<string, Counted>();
    const old = calls.filter(({ event }) => event.timestamp < this.#heldSinceMs);
    for (const { from, to } of timeClusters(old.map(({ event }) => event.timestamp))) {
      const within = old.filter(({ event: { timestamp } }) => timestamp >= from && timestamp <= to);
      const rows = await this.#database.all(
        `SELECT gen_ai_response_id AS id, ${STANDING_SQL} AS standing, epoch_ms(timestamp) AS millis FROM agent_model_call
         WHERE gen_ai_response_id IS NOT NULL AND tallyspan_duplicate IS NOT TRUE
           AND timestamp BETWEEN make_timestamptz(?::BIGINT * 1000) AND make_timestamptz(?::BIGINT * 1000)
           AND gen_ai_response_id IN ${textsSql('?')}`,
        [
          from - FURTHEST_APART_MS,
          to + FURTHEST_APART_MS,
          JSON.stringify(within.map(({ event }) => event['gen_ai.response.id'])),
        ],
      );
      for (const row of rows) found.set(String(row['id']), countedOf(row));
    }
    return found;
  }
}

function countedOf(row: Readonly<Record<string, unknown>>): Counted {
  return { standing: Number(row['standing']), timestamp: Number(row['millis']) };
}

/** A model call that names its response: what decides whether it counts. */
interface Call {
  readonly batch: EventBatch;
  readonly row: number;
  readonly event: EventRecord & { readonly 'gen_ai.response.id': string };
}

function callsOf({ batch, rows }: Selection): Call[] {
  if (batch.column(FIELD_INDEX['gen_ai.response.id']) === undefined) return [];
  return rows.flatMap((row) => {
    const id = batch.text(row, 'gen_ai.response.id');
    if (!id || batch.name(row) !== 'agent.model_call') return [];
    const event = {
      timestamp: batch.number(row, 'timestamp') as number,
      'event.name': 'agent.model_call',
      'gen_ai.response.id': id,
      cost_nano_usd: batch.number(row, 'cost_nano_usd'),
      'tallyspan.source': batch.text(row, 'tallyspan.source'),
      'tallyspan.dialect': batch.text(row, 'tallyspan.dialect'),
      'gen_ai.usage.input_tokens': batch.number(row, 'gen_ai.usage.input_tokens'),
      'gen_ai.usage.output_tokens': batch.number(row, 'gen_ai.usage.output_tokens'),
      'tallyspan.duplicate': batch.number(row, 'tallyspan.duplicate') === 1 ? true : undefined,
    } as const;
    return [{ batch, row, event }];
  });
}

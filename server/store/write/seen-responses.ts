// Seen responses: one API response is one cost, whoever reports it (the SDK's own spans, another
// vendor's instrumentation, a proxy). The first record of a response counts; later ones are kept,
// marked `tallyspan.duplicate`, and count nowhere.

import { markDuplicates } from '../../../core/duplicates.ts';
import type { EventRecord } from '../../../core/event.ts';
import { NewestMap } from '../../../core/newest-map.ts';
import { MINUTE_MS } from '../../../core/time.ts';
import { textsSql, type Queryable } from '../file/database.ts';
import type { Selection } from '../columns/event-appender.ts';
import { FIELD_INDEX, type EventBatch } from '../columns/event-batch.ts';

/**
 * Newest responses held in memory; those from before the process are looked up in the table. Where more
 * than these come within minutes, a second record that comes after them is not recognised.
 */
const RESPONSES_HELD = 50_000;
/** Records of one response are at most this far apart. */
const FURTHEST_APART_MS = 10 * MINUTE_MS;

export class SeenResponses {
  readonly #database: Queryable;
  /** Whether the record that counts has a cost, by response. */
  readonly #held = new NewestMap<string, boolean>();
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
      `SELECT gen_ai_response_id AS id, cost_nano_usd IS NOT NULL AS priced, epoch_ms(timestamp) AS millis FROM agent_model_call
       WHERE gen_ai_response_id IS NOT NULL AND tallyspan_duplicate IS NOT TRUE
         AND timestamp >= (SELECT max(timestamp) FROM agent_model_call) - to_milliseconds(${2 * FURTHEST_APART_MS})
       ORDER BY timestamp DESC LIMIT ${RESPONSES_HELD}`,
    );
    this.#held.clear();
    for (const row of rows.toReversed()) this.#held.set(String(row['id']), row['priced'] === true);
    const newest = rows[0]?.['millis'];
    const oldest = rows.length < RESPONSES_HELD ? undefined : rows.at(-1)?.['millis'];
    if (typeof oldest === 'number') this.#heldSinceMs = oldest + FURTHEST_APART_MS;
    else if (typeof newest === 'number') this.#heldSinceMs = newest - FURTHEST_APART_MS;
    else this.#heldSinceMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Marks the rows whose response was counted before. A record with a cost replaces one without: given back are
   * the responses whose stored record has to be marked in its place.
   */
  async mark(selections: readonly Selection[]): Promise<string[]> {
    const calls = selections.flatMap(callsOf);
    await this.#lookUpOld(calls);
    const replaced: string[] = [];
    for (const [index, event] of markDuplicates(calls.map((call) => call.event)).entries()) {
      const { batch, row, event: sent } = calls[index] as Call;
      const id = sent['gen_ai.response.id'];
      if (sent['tallyspan.duplicate'] === true) continue;
      const isPriced = sent.cost_nano_usd !== undefined;
      const isHeldPriced = this.#held.get(id);
      const isFirst = isHeldPriced === undefined || (isPriced && !isHeldPriced);
      if (event['tallyspan.duplicate'] === true || !isFirst) {
        batch.markDuplicate(row);
        continue;
      }
      if (isHeldPriced !== undefined) replaced.push(id);
      this.#hold(id, isPriced);
    }
    return replaced;
  }

  #hold(id: string, isPriced: boolean): void {
    this.#held.set(id, isPriced);
    if (this.#held.size > RESPONSES_HELD) this.#held.dropOldest();
  }

  async #lookUpOld(calls: readonly Call[]): Promise<void> {
    const old = calls.filter(({ event }) => event.timestamp < this.#heldSinceMs);
    if (old.length === 0) return;
    const times = old.map(({ event }) => event.timestamp);
    const rows = await this.#database.all(
      `SELECT gen_ai_response_id AS id, cost_nano_usd IS NOT NULL AS priced FROM agent_model_call
       WHERE gen_ai_response_id IS NOT NULL AND tallyspan_duplicate IS NOT TRUE
         AND timestamp BETWEEN make_timestamptz(?::BIGINT * 1000) AND make_timestamptz(?::BIGINT * 1000)
         AND gen_ai_response_id IN ${textsSql('?')}`,
      [
        times.reduce((a, b) => Math.min(a, b)) - FURTHEST_APART_MS,
        times.reduce((a, b) => Math.max(a, b)) + FURTHEST_APART_MS,
        JSON.stringify(old.map(({ event }) => event['gen_ai.response.id'])),
      ],
    );
    for (const row of rows) this.#held.set(String(row['id']), row['priced'] === true);
  }
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
      'tallyspan.duplicate': batch.number(row, 'tallyspan.duplicate') === 1 ? true : undefined,
    } as const;
    return [{ batch, row, event }];
  });
}

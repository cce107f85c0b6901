// Seen responses: one API response is one cost, whoever reports it (the SDK's own spans, another
// vendor's instrumentation, a proxy). The first record of a response counts; later ones are kept,
// marked `tallyspan.duplicate`, and count nowhere.

import { markDuplicates } from '../../core/duplicates.ts';
import type { EventRecord } from '../../core/event.ts';
import { MINUTE_MS } from '../../core/time.ts';
import type { Queryable } from './database.ts';

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
  readonly #held = new Map<string, boolean>();
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
      `SELECT gen_ai_response_id AS id, cost_nano_usd IS NOT NULL AS priced, epoch_ms(timestamp) AS millis FROM events
       WHERE event_name = 'agent.model_call' AND gen_ai_response_id IS NOT NULL AND tallyspan_duplicate IS NOT TRUE
         AND timestamp >= (SELECT max(timestamp) FROM events) - to_milliseconds(${2 * FURTHEST_APART_MS})
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
   * The events, with those marked whose response was counted before. A record with a cost replaces one
   * without: the responses whose stored record has to be marked in its place are in `replaced`.
   */
  async mark(events: readonly EventRecord[]): Promise<{ events: EventRecord[]; replaced: string[] }> {
    await this.#lookUpOld(events);
    const replaced: string[] = [];
    const marked = markDuplicates(events).map((event) => {
      const id = responseOf(event);
      if (id === undefined || event['tallyspan.duplicate'] === true) return event;
      const isPriced = event.cost_nano_usd !== undefined;
      const isHeldPriced = this.#held.get(id);
      if (isHeldPriced === undefined || (isPriced && !isHeldPriced)) {
        if (isHeldPriced !== undefined) replaced.push(id);
        this.#hold(id, isPriced);
        return event;
      }
      return { ...event, 'tallyspan.duplicate': true };
    });
    return { events: marked, replaced };
  }

  #hold(id: string, isPriced: boolean): void {
    this.#held.set(id, isPriced);
    if (this.#held.size <= RESPONSES_HELD) return;
    const [oldest] = this.#held.keys();
    this.#held.delete(oldest as string);
  }

  async #lookUpOld(events: readonly EventRecord[]): Promise<void> {
    const old = events.filter(
      (event) => responseOf(event) !== undefined && event.timestamp < this.#heldSinceMs,
    );
    if (old.length === 0) return;
    const times = old.map((event) => event.timestamp);
    const rows = await this.#database.all(
      `SELECT gen_ai_response_id AS id, cost_nano_usd IS NOT NULL AS priced FROM events
       WHERE event_name = 'agent.model_call' AND gen_ai_response_id IS NOT NULL AND tallyspan_duplicate IS NOT TRUE
         AND timestamp BETWEEN make_timestamptz(?::BIGINT * 1000) AND make_timestamptz(?::BIGINT * 1000)
         AND gen_ai_response_id IN (SELECT unnest(from_json(?, '["VARCHAR"]')))`,
      [
        times.reduce((a, b) => Math.min(a, b)) - FURTHEST_APART_MS,
        times.reduce((a, b) => Math.max(a, b)) + FURTHEST_APART_MS,
        JSON.stringify(old.map(responseOf)),
      ],
    );
    for (const row of rows) this.#held.set(String(row['id']), row['priced'] === true);
  }
}

function responseOf(event: EventRecord): string | undefined {
  return event['event.name'] === 'agent.model_call' ? event['gen_ai.response.id'] : undefined;
}

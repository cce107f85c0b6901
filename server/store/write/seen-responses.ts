// Seen responses: one API response is one cost, whoever reports it (the instrumentation, a log, a transcript, another
// vendor's spans). The best informed record of a response counts (core/duplicates.ts), whatever came first; the others
// are kept, marked `tallyspan.duplicate`, and count nowhere.

import type { DuckDBConnection } from '@duckdb/node-api';
import {
  CACHE_FIELDS,
  COST_WEIGHTS,
  KNOWN_TO_HAVE_NO_PRICE,
  PLACE_FIELDS,
  SOURCE_RANKS,
  TOKENS_IN_STANDING,
  TOKEN_FIELDS,
  groupByResponse,
  responseIdsOf,
  standingOf,
} from '../../../core/duplicates.ts';
import type { FieldKey } from '../../../core/schema.ts';
import { NewestMap } from '../../../core/newest-map.ts';
import { MINUTE_MS } from '../../../core/time/time.ts';
import { textsSql, type Queryable } from '../file/database.ts';
import type { Selection } from '../columns/event-appender.ts';
import { columnOf } from '../../../core/columns.ts';
import { FIELD_INDEX, type EventBatch } from '../columns/event-batch.ts';
import { timeClusters } from '../../../core/time/time-clusters.ts';

/** Newest responses held in memory; older ones are looked up in the table. */
const RESPONSES_HELD = 50_000;
/** Records of one response are at most this far apart. */
const FURTHEST_APART_MS = 10 * MINUTE_MS;

const RANKS_SQL = Object.entries(SOURCE_RANKS)
  .map(([source, rank]) => `WHEN '${source}' THEN ${rank}`)
  .join(' ');
const sumSql = (keys: readonly FieldKey[]): string =>
  keys.map((key) => `coalesce(${columnOf(key)}, 0)`).join(' + ');
/** `standingOf` of a stored call. */
const STANDING_SQL = `((CASE
    WHEN cost_nano_usd IS NULL AND tallyspan_cost_unpriced_reason IN (${KNOWN_TO_HAVE_NO_PRICE.map((reason) => `'${reason}'`).join(', ')})
      THEN ${COST_WEIGHTS.knownToBeNone}
    WHEN cost_nano_usd IS NULL THEN ${COST_WEIGHTS.none}
    WHEN tallyspan_cost_status = 'estimated' THEN ${COST_WEIGHTS.estimated} ELSE ${COST_WEIGHTS.sure} END
  + CASE coalesce(tallyspan_source, CASE WHEN tallyspan_dialect IS NULL THEN 'preload' ELSE 'span' END)
    ${RANKS_SQL} ELSE ${SOURCE_RANKS.span} END)::BIGINT * ${TOKENS_IN_STANDING}
  + least(8 * greatest(0, ${sumSql(TOKEN_FIELDS)}) + CASE WHEN ${sumSql(CACHE_FIELDS)} > 0 THEN 4 ELSE 0 END
    + CASE WHEN coalesce(${PLACE_FIELDS.map((key) => `nullif(${columnOf(key)}, '')`).join(', ')}) IS NULL THEN 0 ELSE 2 END
    + CASE WHEN tallyspan_source = 'log' THEN 1 ELSE 0 END,
    ${TOKENS_IN_STANDING - 1}))`;

/** What is read of a stored call. */
const REPORT_SQL = `gen_ai_response_id AS message, anthropic_request_id AS request, ${STANDING_SQL} AS standing,
  epoch_ms(timestamp) AS millis`;

/** The record that counts for a response. */
interface Counted {
  readonly standing: number;
  readonly timestamp: number;
  /** Names that the record itself has of its response. */
  readonly ids: readonly string[];
  /** Where it is, when it comes in the group that is being marked. */
  readonly sent?: { readonly batch: EventBatch; readonly row: number } | undefined;
}

export class SeenResponses {
  readonly #database: Queryable;
  /** By each name of the response. */
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
      `SELECT ${REPORT_SQL}, tallyspan_duplicate AS marked FROM agent_model_call
       WHERE (gen_ai_response_id IS NOT NULL OR anthropic_request_id IS NOT NULL)
         AND timestamp >= (SELECT max(timestamp) FROM agent_model_call) - to_milliseconds(${2 * FURTHEST_APART_MS})
       ORDER BY timestamp DESC LIMIT ${RESPONSES_HELD}`,
    );
    this.#held.clear();
    for (const [id, counted] of countedById(rows.toReversed())) this.#held.set(id, counted);
    while (this.#held.size > RESPONSES_HELD) this.#held.dropOldest();
    const newest = rows[0]?.['millis'];
    const oldest = rows.length < RESPONSES_HELD / 2 ? undefined : [...this.#held.values()][0]?.timestamp;
    if (typeof oldest === 'number') this.#heldSinceMs = oldest + FURTHEST_APART_MS;
    else if (typeof newest === 'number') this.#heldSinceMs = newest - FURTHEST_APART_MS;
    else this.#heldSinceMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Marks the rows whose response another record counts for, stored or in the same group. Given back are the names of
   * the stored records that have to be marked in place of them. Rows of `undecided` responses are left to {@link decide}.
   */
  async mark(selections: readonly Selection[], undecided: ReadonlySet<string>): Promise<string[]> {
    const calls = callsOf(selections, undecided);
    const old = await this.#lookUpOld(calls);
    const replaced: string[] = [];
    for (const { batch, row, ids, isMarked, standing, timestamp } of calls) {
      if (isMarked) continue;
      const own: Counted = { standing, timestamp, ids, sent: { batch, row } };
      const others: Counted[] = [];
      for (const id of ids) {
        const counted = this.#held.get(id) ?? old.get(id);
        if (counted !== undefined && !others.includes(counted)) others.push(counted);
      }
      if (others.length === 0) {
        for (const id of ids) this.#hold(id, own);
        continue;
      }
      // Two are known apart until a record with both names comes.
      let best = own;
      for (const other of others)
        if (other.standing > best.standing || (best === own && other.standing === own.standing)) best = other;
      for (const each of [own, ...others]) {
        if (each === best) continue;
        if (each.sent === undefined)
          replaced.push(...each.ids.filter((id) => !best.ids.includes(id) || best === own));
        else each.sent.batch.markDuplicate(each.sent.row);
        for (const id of each.ids) this.#hold(id, best);
      }
      for (const id of best.ids) this.#hold(id, best);
    }
    this.#letGoOfBatches(calls);
    return replaced;
  }

  /**
   * Decides which of the stored records of the responses counts, within the transaction that stored them. Needed when a
   * record was replaced: then one that was marked before may count.
   */
  async decide(writer: DuckDBConnection, responses: ReadonlySet<string>): Promise<void> {
    if (responses.size === 0) return;
    const ids = JSON.stringify([...responses]);
    const asked = textsSql('$ids');
    const found = await writer.runAndReadAll(
      `SELECT rowid AS place, ${REPORT_SQL}, tallyspan_duplicate AS marked FROM agent_model_call
       WHERE gen_ai_response_id IN ${asked} OR anthropic_request_id IN ${asked}
         OR gen_ai_response_id IN (SELECT gen_ai_response_id FROM agent_model_call WHERE anthropic_request_id IN ${asked})
         OR anthropic_request_id IN (SELECT anthropic_request_id FROM agent_model_call WHERE gen_ai_response_id IN ${asked})
       ORDER BY standing DESC, timestamp, rowid`,
      { ids },
    );
    for (const id of responses) this.#held.delete(id);
    // Rows of the transaction itself have ids beyond what a number holds exactly.
    const toMark: bigint[] = [];
    const toCount: bigint[] = [];
    for (const group of groupByResponse(found.getRowObjectsJS(), idsOfRow)) {
      for (const [index, row] of group.entries()) {
        const isMarked = row['marked'] === true;
        if (isMarked !== index > 0) (index > 0 ? toMark : toCount).push(row['place'] as bigint);
        const [best = row] = group;
        for (const id of idsOfRow(row)) this.#hold(id, countedOf(best));
      }
    }
    for (const [places, value] of [
      [toMark, 'true'],
      [toCount, 'NULL'],
    ] as const)
      if (places.length > 0)
        await writer.run(
          `UPDATE agent_model_call SET tallyspan_duplicate = ${value}
           WHERE rowid IN (SELECT unnest(from_json(?, '["BIGINT"]')))`,
          [`[${places.join(',')}]`],
        );
  }

  #hold(id: string, counted: Counted): void {
    this.#held.set(id, counted);
    if (this.#held.size <= RESPONSES_HELD) return;
    const [, oldest] = this.#held.dropOldest();
    // Records of a response are nearly of one time: from here back the table is asked.
    this.#heldSinceMs = Math.max(this.#heldSinceMs, oldest.timestamp + 1);
  }

  /** What is held for later does not hold the bytes of a request. */
  #letGoOfBatches(calls: readonly Call[]): void {
    for (const { ids } of calls)
      for (const id of ids) {
        const counted = this.#held.get(id);
        if (counted?.sent !== undefined) (counted as { sent?: undefined }).sent = undefined;
      }
  }

  async #lookUpOld(calls: readonly Call[]): Promise<Map<string, Counted>> {
    const found = new Map<string, Counted>();
    const old = calls.filter(({ timestamp }) => timestamp < this.#heldSinceMs);
    for (const { from, to } of timeClusters(old.map(({ timestamp }) => timestamp))) {
      const within = old.filter(({ timestamp }) => timestamp >= from && timestamp <= to);
      const rows = await this.#database.all(
        `WITH near AS (
           SELECT ${REPORT_SQL}, tallyspan_duplicate AS marked FROM agent_model_call
           WHERE (gen_ai_response_id IS NOT NULL OR anthropic_request_id IS NOT NULL)
             AND timestamp BETWEEN make_timestamptz($from::BIGINT * 1000) AND make_timestamptz($to::BIGINT * 1000)
         ), asked AS (SELECT * FROM near WHERE message IN ${textsSql('$ids')} OR request IN ${textsSql('$ids')})
         SELECT * FROM near
         WHERE message IN (SELECT message FROM asked) OR request IN (SELECT request FROM asked)`,
        {
          from: from - FURTHEST_APART_MS,
          to: to + FURTHEST_APART_MS,
          ids: JSON.stringify(within.flatMap(({ ids }) => ids)),
        },
      );
      for (const [id, counted] of countedById(rows)) found.set(id, counted);
    }
    return found;
  }
}

type Row = Readonly<Record<string, unknown>>;

/** Who counts, by each name that any report of the response has, marked ones too: these say which names are of one call. */
function countedById(rows: readonly Row[]): Map<string, Counted> {
  const byId = new Map<string, Counted>();
  for (const group of groupByResponse(rows, idsOfRow)) {
    const best = group.find((row) => row['marked'] !== true);
    if (best === undefined) continue;
    const counted = countedOf(best);
    for (const row of group) for (const id of idsOfRow(row)) byId.set(id, counted);
  }
  return byId;
}

function countedOf(row: Row): Counted {
  return { standing: Number(row['standing']), timestamp: Number(row['millis']), ids: idsOfRow(row) };
}

function idsOfRow(row: Row): readonly string[] {
  return responseIdsOf({
    'gen_ai.response.id': textOf(row['message']),
    'anthropic.request.id': textOf(row['request']),
  });
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A model call that names its response: what decides whether it counts. */
interface Call {
  readonly batch: EventBatch;
  readonly row: number;
  readonly ids: readonly string[];
  readonly isMarked: boolean;
  readonly standing: number;
  readonly timestamp: number;
}

/** The model calls that name their response, without those of the responses that are left out. */
function callsOf(selections: readonly Selection[], leftOut: ReadonlySet<string>): Call[] {
  const calls: Call[] = [];
  for (const { batch, rows } of selections) {
    const hasIds =
      batch.column(FIELD_INDEX['gen_ai.response.id']) !== undefined ||
      batch.column(FIELD_INDEX['anthropic.request.id']) !== undefined;
    if (!hasIds) continue;
    for (const row of rows) {
      if (batch.name(row) !== 'agent.model_call') continue;
      const ids = responseIdsOf({
        'gen_ai.response.id': batch.text(row, 'gen_ai.response.id'),
        'anthropic.request.id': batch.text(row, 'anthropic.request.id'),
      });
      if (ids.length === 0 || ids.some((id) => leftOut.has(id))) continue;
      const isMarked = batch.number(row, 'tallyspan.duplicate') === 1;
      const timestamp = batch.number(row, 'timestamp') as number;
      calls.push({ batch, row, ids, isMarked, standing: standingOfRow(batch, row), timestamp });
    }
  }
  return calls;
}

function standingOfRow(batch: EventBatch, row: number): number {
  return standingOf({
    cost_nano_usd: batch.number(row, 'cost_nano_usd'),
    'tallyspan.cost.status': batch.text(row, 'tallyspan.cost.status'),
    'tallyspan.cost.unpriced_reason': batch.text(row, 'tallyspan.cost.unpriced_reason'),
    'tallyspan.source': batch.text(row, 'tallyspan.source'),
    'tallyspan.dialect': batch.text(row, 'tallyspan.dialect'),
    'gen_ai.usage.input_tokens': batch.number(row, 'gen_ai.usage.input_tokens'),
    'gen_ai.usage.output_tokens': batch.number(row, 'gen_ai.usage.output_tokens'),
    'gen_ai.usage.cache_read.input_tokens': batch.number(row, 'gen_ai.usage.cache_read.input_tokens'),
    'gen_ai.usage.cache_creation.input_tokens': batch.number(row, 'gen_ai.usage.cache_creation.input_tokens'),
    'user.id': batch.text(row, 'user.id'),
    'gen_ai.conversation.id': batch.text(row, 'gen_ai.conversation.id'),
    'gen_ai.agent.name': batch.text(row, 'gen_ai.agent.name'),
  });
}

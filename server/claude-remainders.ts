// Remainders in the store: what a ledger of Claude Code counted beyond the calls of its reporter is kept as it was told.
// Where others report some of that call by call, the told row counts no more, and a row of the server with what is left
// stands in its place: nothing, where all is reported. Which: settled-remainders.ts.

import { columnOf } from '../core/columns.ts';
import type { PriceOverrides } from '../core/pricing/price-overrides.ts';
import { FIELDS } from '../core/schema.ts';
import { spanIdOf } from '../core/transcripts/ids.ts';
import type { Counts } from '../core/transcripts/ledger.ts';
import { stepModelsOf, type LedgerOwner, type ReportedCall } from '../core/transcripts/settle-remainders.ts';
import { SQL_TYPES } from '../signals/event-tables.ts';
import { numberOrNull, textOrNull } from './queries/field-values.ts';
import { changesOf, COUNTED_FIELDS, type Change, type ToldRow } from './settled-remainders.ts';
import { textsSql, type DatabaseRow, type Queryable } from './store/file/database.ts';
import type { EventStore } from './store/write/event-store.ts';

/** Of a record of Claude Code itself: its log, its spans. */
export const BY_SPAN = "starts_with(coalesce(tallyspan_dialect, ''), 'claude-code/')";
const BY_CLAUDE_CODE = `(tallyspan_source = 'log' OR ${BY_SPAN})`;
/** Key of what is left of a row: this and the ids of the row. */
const REST_KEY = 'claude-code/rest/';
const IS_REST = `starts_with(coalesce(tallyspan_key, ''), '${REST_KEY}')`;
/** A search of which the transcript tells without its call is such a row, too. */
const IS_TOLD = `((tallyspan_source = 'remainder' AND NOT ${IS_REST}) OR (tallyspan_source = 'transcript' AND gen_ai_operation_name = 'side_search'))`;
const SESSIONS_AT_ONCE = 200;
/** Which sessions are looked at, and by what they are priced. */
export interface RepeatsOptions {
  /** All where it is absent. */
  readonly sessions?: ReadonlySet<string> | undefined;
  /** Prices that go before the list's. */
  readonly overrides?: PriceOverrides | undefined;
}

/** Settles the remainders of the sessions and of those that share calls with them, or of all. */
export async function settleStoredRemainders(
  database: Queryable,
  store: EventStore,
  { sessions, overrides }: RepeatsOptions,
): Promise<void> {
  const groups = await findGroups(database, sessions);
  for (let from = 0; from < groups.length;) {
    const batch: string[][] = [];
    let count = 0;
    do {
      const group = groups[from++] ?? [];
      batch.push(group);
      count += group.length;
    } while (from < groups.length && count < SESSIONS_AT_ONCE);
    await settleBatch(database, store, batch, overrides);
  }
}

/** Sessions with a remainder that something else may stand for, together with those that tell of the same calls. */
async function findGroups(
  database: Queryable,
  sessions: ReadonlySet<string> | undefined,
): Promise<string[][]> {
  const values = sessions === undefined ? {} : { sessions: JSON.stringify([...sessions]) };
  const where = sessions === undefined ? '' : `AND one.gen_ai_conversation_id IN ${textsSql('$sessions')}`;
  const pairs = await database.all(
    ['anthropic_request_id', 'gen_ai_response_id']
      .map(
        (id) => `SELECT DISTINCT one.gen_ai_conversation_id AS session, other.gen_ai_conversation_id AS other
         FROM agent_model_call AS one JOIN agent_model_call AS other USING (${id})
         WHERE one.gen_ai_conversation_id <> other.gen_ai_conversation_id ${where}`,
      )
      .join(' UNION '),
    values,
  );
  const linked = new Map<string, Set<string>>();
  for (const row of pairs)
    for (const [one, other] of [
      [String(row['session']), String(row['other'])],
      [String(row['other']), String(row['session'])],
    ] as const)
      linked.set(one, (linked.get(one) ?? new Set()).add(other));
  const asked = sessions && JSON.stringify([...new Set([...sessions, ...linked.keys()])]);
  const found = await database.all(
    `SELECT gen_ai_conversation_id AS session FROM agent_model_call
     WHERE gen_ai_conversation_id IS NOT NULL ${asked === undefined ? '' : `AND gen_ai_conversation_id IN ${textsSql('$asked')}`}
     GROUP BY ALL HAVING bool_or(${IS_TOLD})
       AND (bool_or(${BY_CLAUDE_CODE} OR ${IS_REST})
         OR bool_or(tallyspan_source = 'transcript' OR tallyspan_key IS NOT NULL AND ${IS_TOLD})
           AND bool_or(tallyspan_key IS NULL AND ${IS_TOLD})
         ${linked.size > 0 ? `OR gen_ai_conversation_id IN ${textsSql('$linked')}` : ''})`,
    {
      ...(asked !== undefined && { asked }),
      ...(linked.size > 0 && { linked: JSON.stringify([...linked.keys()]) }),
    },
  );
  const seen = new Set<string>();
  const groups: string[][] = [];
  for (const { session } of found) {
    const group: string[] = [];
    const waiting = [String(session)];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      group.push(next);
      waiting.push(...(linked.get(next) ?? []));
    }
    if (group.length > 0) groups.push(group);
  }
  return groups;
}

async function settleBatch(
  database: Queryable,
  store: EventStore,
  groups: readonly (readonly string[])[],
  overrides: PriceOverrides | undefined,
): Promise<void> {
  const groupOf = new Map(
    groups.flatMap((group, index) => group.map((session) => [session, index] as const)),
  );
  const rows = await database.all(
    `SELECT call.*, begun.since FROM (
       SELECT timestamp, gen_ai_conversation_id AS session, agent_run_id AS run, trace_id, span_id, tallyspan_source AS source,
         tallyspan_dialect AS dialect, tallyspan_key AS key, tallyspan_duplicate AS duplicate,
         anthropic_request_id AS request, gen_ai_response_id AS response,
         coalesce(gen_ai_response_model, gen_ai_request_model) AS model, tallyspan_price_row AS price_row,
         ${BY_CLAUDE_CODE} AS by_claude_code, ${IS_TOLD} AS is_told, ${IS_REST} AS is_rest,
         ${BY_SPAN} OR coalesce(tallyspan_cost_reason = 'cache_lifetime_unknown', false) AS is_lifetime_unknown,
         tokens_input, tokens_output, tokens_cache_read, tokens_cache_write_5m, tokens_cache_write_1h, web_searches,
         cost_nano_usd
       FROM agent_model_call WHERE gen_ai_conversation_id IN ${textsSql('$sessions')}
     ) AS call LEFT JOIN (
       SELECT agent_run_id AS run, min(timestamp) AS since FROM agent_run_started GROUP BY ALL
     ) AS begun ON call.is_told AND begun.run = call.run`,
    { sessions: JSON.stringify([...groupOf.keys()]) },
  );
  const rests = new Map<string, DatabaseRow>();
  for (const row of rows) if (row['is_rest'] === true) rests.set(String(row['key']), row);
  const told: ToldRow[][] = groups.map(() => []);
  const calls: ReportedCall[][] = groups.map(() => []);
  for (const row of rows) {
    const group = groupOf.get(String(row['session'])) ?? -1;
    if (row['is_told'] === true) told[group]?.push(toldRow(row, rests));
    else if (row['is_rest'] !== true) calls[group]?.push(reportedCall(row));
  }
  const changes = groups.flatMap((_, group) => changesOf(told[group] ?? [], calls[group] ?? [], overrides));
  if (changes.length > 0) await apply(store, changes);
}

function toldRow(row: DatabaseRow, rests: ReadonlyMap<string, DatabaseRow>): ToldRow {
  const [traceId, spanId] = [String(row['trace_id']), String(row['span_id'])];
  const rest = rests.get(restKey({ traceId, spanId }));
  const ledger: LedgerOwner = textOrNull(row['key']) === null ? 'messages' : 'transcript';
  return {
    id: `${traceId}/${spanId}`,
    ledger,
    session: String(row['session']),
    atMs: timeOf(row['timestamp']) ?? 0,
    fromMs: ledger === 'messages' ? timeOf(row['since']) : undefined,
    model: textOrNull(row['model']) ?? '',
    counts: countsOf(row),
    traceId,
    spanId,
    isDuplicate: row['duplicate'] === true,
    costNanoUsd: numberOrNull(row['cost_nano_usd']) ?? 0,
    rest: rest && { counts: countsOf(rest), costNanoUsd: numberOrNull(rest['cost_nano_usd']) ?? 0 },
  };
}

function reportedCall(row: DatabaseRow): ReportedCall {
  const counts = countsOf(row);
  if (row['is_lifetime_unknown'] === true) {
    counts.cacheWriteUnknown = counts.cacheWrite5m;
    counts.cacheWrite5m = 0;
  }
  return {
    reporter: reporterOf(row),
    isCounted: row['duplicate'] !== true,
    session: String(row['session']),
    atMs: timeOf(row['timestamp']) ?? 0,
    requestId: textOrNull(row['request']) ?? undefined,
    responseId: textOrNull(row['response']) ?? undefined,
    model: textOrNull(row['model']) ?? '',
    stepModels: stepModelsOf(textOrNull(row['price_row'])),
    counts,
  };
}

function reporterOf(row: DatabaseRow): ReportedCall['reporter'] {
  if (row['by_claude_code'] === true) return 'claude_code';
  const source = textOrNull(row['source']);
  if (source === 'messages' || source === 'transcript') return source;
  return source === null && textOrNull(row['dialect']) === null ? 'preload' : 'other';
}

async function apply(store: EventStore, changes: readonly Change[]): Promise<void> {
  const marks = changes.map(({ row, isDuplicate }) => ({
    trace_id: row.traceId,
    span_id: row.spanId,
    duplicate: isDuplicate,
  }));
  const rests = changes.flatMap(({ row, rest }) =>
    rest === undefined
      ? []
      : [
          {
            of_trace: row.traceId,
            of_span: row.spanId,
            new_span: spanIdOf('rest', row.traceId, row.spanId),
            new_key: restKey(row),
            ...Object.fromEntries(COUNTED_FIELDS.map((field) => [columnOf(field), rest[field] ?? null])),
          },
        ],
  );
  await store.exclusively(async (writer) => {
    await writer.run('BEGIN');
    try {
      await writer.run(
        `UPDATE agent_model_call AS told SET tallyspan_duplicate = mark.duplicate
         FROM (SELECT unnest(from_json($marks, '[{"trace_id":"VARCHAR","span_id":"VARCHAR","duplicate":"BOOLEAN"}]'), recursive := true)) AS mark
         WHERE told.trace_id = mark.trace_id AND told.span_id = mark.span_id AND ${IS_TOLD}`,
        { marks: JSON.stringify(marks) },
      );
      await writer.run(`DELETE FROM agent_model_call WHERE tallyspan_key IN ${textsSql('?')}`, [
        JSON.stringify(changes.map(({ row }) => restKey(row))),
      ]);
      if (rests.length > 0)
        await writer.run(
          `INSERT INTO agent_model_call BY NAME
           SELECT told.* REPLACE (${REPLACED}) FROM agent_model_call AS told
           JOIN (SELECT unnest(from_json($rests, '${REST_TYPE}'), recursive := true)) AS rest
             ON told.trace_id = rest.of_trace AND told.span_id = rest.of_span
           WHERE ${IS_TOLD}`,
          { rests: JSON.stringify(rests) },
        );
      await writer.run('COMMIT');
    } catch (error) {
      await writer.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
    store.noteChange();
  });
}

/** The columns in which the row of what is left differs from the one that was told. */
const REPLACED = [
  'rest.new_span AS span_id',
  'rest.new_key AS tallyspan_key',
  'coalesce(told.tallyspan_revision, 0) AS tallyspan_revision',
  'CAST(NULL AS VARCHAR) AS tallyspan_process_id',
  'CAST(NULL AS BIGINT) AS tallyspan_seq',
  "'remainder' AS tallyspan_source",
  'CAST(NULL AS BOOLEAN) AS tallyspan_duplicate',
  ...COUNTED_FIELDS.map((field) => `rest.${columnOf(field)} AS ${columnOf(field)}`),
].join(', ');
const REST_TYPE = JSON.stringify([
  {
    of_trace: 'VARCHAR',
    of_span: 'VARCHAR',
    new_span: 'VARCHAR',
    new_key: 'VARCHAR',
    ...Object.fromEntries(COUNTED_FIELDS.map((field) => [columnOf(field), SQL_TYPES[FIELDS[field].type]])),
  },
]);

function restKey({ traceId, spanId }: Pick<ToldRow, 'traceId' | 'spanId'>): string {
  return `${REST_KEY}${traceId}/${spanId}`;
}

function countsOf(row: DatabaseRow): Counts {
  const count = (column: string): number => numberOrNull(row[column]) ?? 0;
  return {
    input: count('tokens_input'),
    output: count('tokens_output'),
    cacheRead: count('tokens_cache_read'),
    cacheWrite5m: count('tokens_cache_write_5m'),
    cacheWrite1h: count('tokens_cache_write_1h'),
    cacheWriteUnknown: 0,
    webSearches: count('web_searches'),
  };
}

function timeOf(value: unknown): number | undefined {
  return value instanceof Date ? value.getTime() : undefined;
}

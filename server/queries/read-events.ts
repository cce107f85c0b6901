// Stored events as event records, for the functions of core that compare calls with each other.

import { DuckDBListValue } from '@duckdb/node-api';
import { columnOf, tableOf } from '../../core/columns.ts';
import {
  FIELD_KEYS,
  fieldOfDimension,
  fieldsOf,
  type Dimension,
  type EventName,
  type FieldKey,
} from '../../core/schema.ts';
import type { EventRecord } from '../../core/event.ts';
import { choiceSql, listChoices, type Choices } from '../../signals/choice.ts';
import { complementSql, runsWithSql } from '../../signals/sql-text.ts';
import { textsSql, type ChunkQueryable, type Queryable, type DatabaseRow } from '../store/file/database.ts';
import { readableSql } from './field-values.ts';

/** Values of dimensions. */
export type Where = Choices;

/** What to read: (from, to], Unix milliseconds. */
export interface EventQuestion {
  readonly from: number;
  readonly to: number;
  readonly names: readonly EventName[];
  /** Only events with these values. */
  readonly where?: Where | undefined;
  /** Only events that began in (after, upTo], Unix milliseconds; for events that have a duration. */
  readonly starts?: { readonly after: number; readonly upTo: number } | undefined;
  /** Only some runs. */
  readonly runs?: RunChoice | undefined;
}

/** Runs by their ids. */
export interface RunChoice {
  /** Every nth run, chosen by its id whatever it holds. */
  readonly everyNth: number;
  /** Runs besides, whatever their turn. */
  readonly always: readonly string[];
  readonly never: readonly string[];
}

const RUN_KEYS: readonly FieldKey[] = ['agent.run_id', 'agent.step_number'];

/** Fields of a comparison, by event; everything else stays in the store. */
const KEYS: Partial<Readonly<Record<EventName, readonly FieldKey[]>>> = {
  'agent.run': ['agent.run_id', 'agent.user_input_len'],
  'agent.model_call': [
    ...RUN_KEYS,
    'service.name',
    'service.version',
    'vcs.ref.head.revision',
    'tallyspan.sdk.version',
    'gen_ai.conversation.id',
    'user.id',
    'agent.task_type',
    'gen_ai.agent.name',
    'agent.version',
    'duration_ms',
    'error.type',
    'gen_ai.provider.name',
    'gen_ai.request.model',
    'gen_ai.response.model',
    'tokens_input',
    'tokens_cache_read',
    'tokens_cache_write_5m',
    'tokens_cache_write_1h',
    'tokens_output',
    'tokens_thinking',
    'web_searches',
    'service_tier',
    'speed',
    'inference_geo',
    'cost_nano_usd',
    'cost_input_nano_usd',
    'cost_cache_read_nano_usd',
    'cost_cache_write_5m_nano_usd',
    'cost_cache_write_1h_nano_usd',
    'cost_output_nano_usd',
    'cost_web_search_nano_usd',
    'tallyspan.duplicate',
    'tallyspan.price.row',
    'tallyspan.price.table',
    // What is known of the price decides whether a call can be priced again.
    'tallyspan.cost.reason',
    'tallyspan.cost.unpriced_reason',
    'gen_ai.response.finish_reasons',
    'cache_miss_reason',
    'cache_breakpoints',
    'tallyspan.context_edits',
    'tallyspan.prefix.model',
    'tallyspan.prefix.system',
    'tallyspan.prefix.tools',
    'tallyspan.prefix.settings',
    'tallyspan.prefix.messages',
  ],
  'agent.tool_call': [...RUN_KEYS, 'gen_ai.tool.name', 'tool.ok', 'tool.result_len', 'tool.retry_attempt'],
  'agent.tool_cost': [
    ...RUN_KEYS,
    'gen_ai.tool.name',
    'cost_first_read_nano_usd',
    'cost_cache_read_nano_usd',
    'cost_cache_write_nano_usd',
    'cost_carry_nano_usd',
  ],
  'agent.note': ['agent.run_id', 'agent.note.kind'],
};

/** Rows that sum up others are there, too; calls tell themselves which of them count. */
const COUNTING: Partial<Record<EventName, string>> = {
  'agent.tool_cost': ' AND tallyspan_duplicate IS NOT TRUE',
};

/** An id that stands in for others. Each event may have its own, which makes them most of what there is to read. */
export interface StandIn {
  readonly key: FieldKey;
  /** Read of the events that have none of these. */
  readonly lacking: readonly FieldKey[];
}

/** What names a run, the first that an event has. */
const RUN_IDS: readonly FieldKey[] = ['agent.run_id', 'trace_id', 'gen_ai.response.id'];

const STAND_INS: readonly StandIn[] = [
  { key: 'trace_id', lacking: ['agent.run_id'] },
  { key: 'span_id', lacking: ['agent.step_number'] },
  { key: 'gen_ai.response.id', lacking: ['agent.run_id', 'trace_id'] },
];

/** What a question would read. */
export interface EventSurvey {
  readonly count: number;
  /** The stand-ins that some event needs, by its name. */
  readonly standIns: ReadonlyMap<EventName, readonly StandIn[]>;
}

export async function surveyEvents(database: Queryable, question: EventQuestion): Promise<EventSurvey> {
  const { where, values } = conditionOf(question);
  const surveys = await Promise.all(
    question.names.map(async (name) => {
      const fields = fieldsOf(name);
      const known = STAND_INS.filter(({ key, lacking }) =>
        [key, ...lacking].every((field) => fields.includes(field)),
      );
      const needs = known.map((standIn) => `, bool_or(${conditionOfStandIn(standIn)}) AS "${standIn.key}"`);
      const [row] = await database.all(
        `SELECT count(*) AS n${needs.join('')} FROM ${tableOf(name)} WHERE ${where}${COUNTING[name] ?? ''}`,
        values,
      );
      return { name, count: Number(row?.['n'] ?? 0), needed: known.filter(({ key }) => row?.[key] === true) };
    }),
  );
  return {
    count: surveys.reduce((sum, { count }) => sum + count, 0),
    standIns: new Map(surveys.map(({ name, needed }) => [name, needed])),
  };
}

function conditionOfStandIn({ lacking }: StandIn): string {
  return lacking.map((key) => `"${columnOf(key)}" IS NULL`).join(' AND ');
}

/** The events of one name after those of another, in the order of `names`; those of one name in order of time. */
export async function readEvents(
  database: ChunkQueryable,
  question: EventQuestion,
  { standIns }: EventSurvey,
): Promise<EventRecord[]> {
  const events: EventRecord[] = [];
  const known = new Map<string, string>();
  for (const name of question.names) {
    const ofName = await readNamed(database, name, question, standIns.get(name) ?? [], known);
    for (const event of ofName) events.push(event);
  }
  return events;
}

/** Sorted here: a sort by the database would hold whole rows in the little memory that it has. */
async function readNamed(
  database: ChunkQueryable,
  name: EventName,
  question: EventQuestion,
  standIns: readonly StandIn[],
  known: Map<string, string>,
): Promise<EventRecord[]> {
  const fields = [
    ...keysOf(name).map((key) => ({ key, sql: readableSql(key) })),
    ...standIns.map((standIn) => ({
      key: standIn.key,
      sql: `CASE WHEN ${conditionOfStandIn(standIn)} THEN "${columnOf(standIn.key)}" END`,
    })),
  ];
  const { where, values } = conditionOf(question, runSql(standIns));
  const selected = fields.map(({ sql }) => sql).join(', ');
  // Every event starts as a copy of one, so that all are of one shape: a third of the memory of objects that grow.
  const blank: Record<string, unknown> = Object.fromEntries(fields.map(({ key }) => [key, undefined]));
  const events: EventRecord[] = [];
  await database.readChunks(
    `SELECT ${selected} FROM ${tableOf(name)} WHERE ${where}${COUNTING[name] ?? ''}`,
    values,
    (chunk) => {
      const rows = chunk.rowCount;
      const read = Array.from({ length: rows }, (): Record<string, unknown> => ({
        'event.name': name,
        ...blank,
      }));
      for (const [index, { key }] of fields.entries()) {
        const column = chunk.getColumnVector(index);
        for (let row = 0; row < rows; row++) {
          const value: unknown = column.getItem(row);
          if (value !== null) (read[row] as Record<string, unknown>)[key] = plainValue(value, known);
        }
      }
      for (const event of read) events.push(event as unknown as EventRecord);
    },
  );
  return events.sort(
    (a, b) => a.timestamp - b.timestamp || (a['tallyspan.seq'] ?? 0) - (b['tallyspan.seq'] ?? 0),
  );
}

/** What an event has when it was read for a comparison, besides its name and ids that stand in for others. */
export function keysOf(name: EventName): readonly FieldKey[] {
  return ['timestamp', 'tallyspan.seq', ...(KEYS[name] ?? [])];
}

/** The same text is held once, however many events have it. */
function plainValue(value: unknown, known: Map<string, string>): unknown {
  if (typeof value === 'string') return sharedText(value, known);
  if (value instanceof DuckDBListValue) return value.items.map((item) => sharedText(item as string, known));
  return value;
}

function sharedText(text: string, known: Map<string, string>): string {
  const same = known.get(text);
  if (same !== undefined) return same;
  known.set(text, text);
  return text;
}

/** The run of an event, as `runIdOf` of core names it. */
export function runSql(standIns: readonly StandIn[]): string {
  // An id that no event needs is not read: it is most of what there is to read.
  const ids = RUN_IDS.filter((key) => key === 'agent.run_id' || standIns.some((one) => one.key === key));
  const columns = ids.map((key) => `"${columnOf(key)}"`);
  if (ids.length === RUN_IDS.length) columns.push(`'at ' || epoch_ms(timestamp)`);
  return columns.length === 1 ? columns.join('') : `coalesce(${columns.join(', ')})`;
}

/** When an event began, Unix milliseconds: it is written when what it is about has ended. */
export function startSql(): string {
  return `(epoch_ms("timestamp")::DOUBLE - coalesce("${columnOf('duration_ms')}"::DOUBLE, 0))`;
}

/** Only calls have a model and only tool calls a tool: of those the runs count as a whole. */
const OF_CALLS: Partial<Record<Dimension, EventName>> = {
  model: 'agent.model_call',
  tool: 'agent.tool_call',
};

/** `write` gives what stands in the statement for a value. */
function conditionsOfWhere(where: Where, write: (name: string, value: string) => string): string[] {
  return listChoices(where).flatMap(({ dimension, any, none }) => {
    const column = columnOf(fieldOfDimension(dimension));
    const owner = OF_CALLS[dimension];
    if (owner === undefined) return choiceSql(column, { dimension, any, none }, write);
    const runsWith = (condition: string): string => runsWithSql(tableOf(owner), condition);
    return [
      ...choiceSql(column, { dimension, any, none: [] }, write).map(runsWith),
      ...none.map((value, index) => {
        const written = write(`unless_${dimension}_${String(index)}`, value);
        return complementSql(runsWith(`${column} = ${written}`));
      }),
    ];
  });
}

/** The condition on the events of a question; `run` is the expression that names their run. */
export function conditionOf(
  { from, to, where = {}, starts, runs }: EventQuestion,
  run = '"agent_run_id"',
): {
  where: string;
  values: Record<string, number | string>;
} {
  const values: Record<string, number | string> = { from, to };
  const parts = [
    'timestamp > make_timestamptz($from::BIGINT * 1000)',
    'timestamp <= make_timestamptz($to::BIGINT * 1000)',
  ];
  parts.push(
    ...conditionsOfWhere(where, (name, value) => {
      values[name] = value;
      return `$${name}`;
    }),
  );
  if (starts !== undefined) {
    const start = startSql();
    for (const [name, comparison, atMs] of [
      ['starts_after', '>', starts.after],
      ['starts_up_to', '<=', starts.upTo],
    ] as const) {
      if (!Number.isFinite(atMs)) continue;
      parts.push(`${start} ${comparison} $${name}::DOUBLE`);
      values[name] = atMs;
    }
  }
  if (runs !== undefined) {
    parts.push(`(hash(${run}) % $nth::UBIGINT = 0 OR ${run} IN ${textsSql('$always')})`);
    parts.push(`(${run} IS NULL OR ${run} NOT IN ${textsSql('$never')})`);
    values['nth'] = runs.everyNth;
    values['always'] = JSON.stringify(runs.always);
    values['never'] = JSON.stringify(runs.never);
  }
  return { where: parts.join(' AND '), values };
}

const KEYS_BY_COLUMN: ReadonlyMap<string, FieldKey> = new Map(FIELD_KEYS.map((key) => [columnOf(key), key]));

/** The event of a row; columns that are no fields are left out. */
export function eventOf(row: DatabaseRow): EventRecord {
  const event: Record<string, unknown> = {};
  for (const column in row) {
    const value = row[column];
    const key = KEYS_BY_COLUMN.get(column);
    if (value === null || value === undefined || key === undefined) continue;
    event[key] = value instanceof Date ? value.getTime() : value;
  }
  return event as unknown as EventRecord;
}

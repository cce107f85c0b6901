// Stored events as event records, for the functions of core that compare calls with each other.

import { columnOf, type EventName, type FieldKey } from '../../core/schema.ts';
import type { EventRecord } from '../../core/event.ts';
import type { Queryable, Row } from '../store/database.ts';

/** What to read: (from, to], Unix milliseconds. */
export interface EventQuestion {
  readonly from: number;
  readonly to: number;
  readonly names: readonly EventName[];
  readonly agent?: string | undefined;
  /** Only every nth run, chosen by its id. */
  readonly everyNthRun?: number | undefined;
}

/** Fields of a comparison; everything else stays in the store. */
const KEYS: readonly FieldKey[] = [
  'timestamp',
  'event.name',
  'trace_id',
  'span_id',
  'service.name',
  'service.version',
  'vcs.ref.head.revision',
  'tallyspan.sdk.version',
  'agent.run_id',
  'gen_ai.conversation.id',
  'user.id',
  'agent.task_type',
  'gen_ai.agent.name',
  'agent.version',
  'agent.step_number',
  'agent.user_input_len',
  'agent.note.kind',
  'agent.note.subject',
  'agent.note.value',
  'agent.status',
  'duration_ms',
  'error.type',
  'gen_ai.provider.name',
  'gen_ai.request.model',
  'gen_ai.response.model',
  'gen_ai.response.id',
  'gen_ai.response.finish_reasons',
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
  'cost_first_read_nano_usd',
  'cost_cache_write_nano_usd',
  'cost_carry_nano_usd',
  'tallyspan.duplicate',
  'tallyspan.price.row',
  'tallyspan.price.table',
  'cache_miss_reason',
  'cache_breakpoints',
  'tallyspan.prefix.model',
  'tallyspan.prefix.system',
  'tallyspan.prefix.tools',
  'tallyspan.prefix.settings',
  'tallyspan.prefix.messages',
  'gen_ai.tool.name',
  'gen_ai.tool.call.id',
  'tool.ok',
  'tool.result_len',
  'tool.result_empty',
  'tokens',
];
const COLUMNS = KEYS.map((key) => ({ key, column: columnOf(key) }));
const SELECTED = COLUMNS.map(({ column }) => `"${column}"`).join(', ');

export async function countEvents(database: Queryable, question: EventQuestion): Promise<number> {
  const { where, values } = conditionOf(question);
  const rows = await database.all(`SELECT count(*) AS n FROM events WHERE ${where}`, values);
  return Number(rows[0]?.['n'] ?? 0);
}

/** In order of time. */
export async function readEvents(database: Queryable, question: EventQuestion): Promise<EventRecord[]> {
  const { where, values } = conditionOf(question);
  const rows = await database.all(
    `SELECT ${SELECTED} FROM events WHERE ${where} ORDER BY timestamp, tallyspan_seq`,
    values,
  );
  return rows.map(eventOf);
}

/** Cost of all model calls, nano-USD: what a sample of the runs is measured against. */
export async function readCallCost(database: Queryable, question: EventQuestion): Promise<number> {
  const { where, values } = conditionOf({
    ...question,
    names: ['agent.model_call'],
    everyNthRun: undefined,
  });
  const rows = await database.all(
    `SELECT sum(cost_nano_usd)::BIGINT AS cost FROM events WHERE ${where} AND tallyspan_duplicate IS NOT TRUE`,
    values,
  );
  return Number(rows[0]?.['cost'] ?? 0);
}

function conditionOf({ from, to, names, agent, everyNthRun }: EventQuestion): {
  where: string;
  values: Record<string, number | string>;
} {
  const values: Record<string, number | string> = { from, to };
  const parts = [
    `event_name IN (${names.map((name) => `'${name}'`).join(', ')})`,
    'timestamp > make_timestamptz($from::BIGINT * 1000)',
    'timestamp <= make_timestamptz($to::BIGINT * 1000)',
  ];
  if (agent !== undefined) {
    parts.push('gen_ai_agent_name = $agent');
    values['agent'] = agent;
  }
  if (everyNthRun !== undefined && everyNthRun > 1) {
    parts.push('hash(agent_run_id) % $nth::UBIGINT = 0');
    values['nth'] = everyNthRun;
  }
  return { where: parts.join(' AND '), values };
}

/** The event of a row, as far as a comparison needs it. */
export function eventOf(row: Row): EventRecord {
  const event: Record<string, unknown> = {};
  for (const { key, column } of COLUMNS) {
    const value = row[column];
    if (value !== null && value !== undefined) event[key] = value instanceof Date ? value.getTime() : value;
  }
  return event as unknown as EventRecord;
}

// Compactions of which notes tell, with what each cost and saved.

import { columnOf } from '../../../core/columns.ts';
import type { EventRecord } from '../../../core/event.ts';
import {
  assessCompactions,
  type Compaction,
  type CompactionNote,
} from '../../../core/findings/compactions.ts';
import { readCalls } from '../../../core/pricing/call-facts.ts';
import type { FieldKey } from '../../../core/schema.ts';
import { IS_ONE_CALL_SQL } from '../../../signals/sql-text.ts';
import { groupBy } from '../../../core/group-by.ts';
import { textsSql, type DatabaseRow, type Queryable } from '../../store/file/database.ts';
import { numberOrNull, textOrNull } from '../field-values.ts';

/** Those of a session, or of a stretch of time: Unix milliseconds. */
export type CompactionQuestion =
  { readonly session: string } | { readonly from: number; readonly to: number };

/** What is read of a call. */
const CALL_FIELDS = [
  'duration_ms',
  'agent.run_id',
  'gen_ai.conversation.id',
  'gen_ai.agent.name',
  'gen_ai.response.model',
  'tokens_input',
  'tokens_cache_read',
  'tokens_cache_write_5m',
  'tokens_cache_write_1h',
  'tokens_output',
  'cost_nano_usd',
  'cost_input_nano_usd',
  'cost_cache_write_5m_nano_usd',
  'cost_cache_write_1h_nano_usd',
] as const satisfies readonly FieldKey[];
const NOTES_LIMIT = 2_000;

/** By session, in the order of time. */
export async function readCompactions(
  database: Queryable,
  question: CompactionQuestion,
): Promise<readonly Compaction[]> {
  const [where, values]: [string, Record<string, string | bigint>] =
    'session' in question
      ? ['gen_ai_conversation_id = $session', { session: question.session }]
      : [
          'timestamp > make_timestamptz($from::BIGINT * 1000) AND timestamp <= make_timestamptz($to::BIGINT * 1000)',
          { from: BigInt(Math.floor(question.from)), to: BigInt(Math.ceil(question.to)) },
        ];
  const found = await database.all(
    `SELECT timestamp, gen_ai_conversation_id AS session, agent_run_id AS run, gen_ai_agent_name AS agent,
       agent_note_subject AS subject, agent_note_value AS value
     FROM agent_note WHERE agent_note_kind = 'compaction' AND tallyspan_duplicate IS NOT TRUE
       AND gen_ai_conversation_id IS NOT NULL AND ${where} ORDER BY timestamp LIMIT ${NOTES_LIMIT}`,
    values,
  );
  if (found.length === 0) return [];
  const notes = groupBy(found.map(noteOf), ({ session }) => session);
  const rows = await database.all(
    `SELECT timestamp, ${CALL_FIELDS.map(columnOf).join(', ')} FROM agent_model_call
     WHERE gen_ai_conversation_id IN ${textsSql('?')} AND tallyspan_duplicate IS NOT TRUE
       AND ${IS_ONE_CALL_SQL} AND cost_nano_usd IS NOT NULL`,
    [JSON.stringify([...notes.keys()])],
  );
  const calls = groupBy(rows, (row) => String(row['gen_ai_conversation_id']));
  return [...notes].flatMap(([session, own]) =>
    assessCompactions(own, readCalls((calls.get(session) ?? []).map(eventOf))),
  );
}

function noteOf(row: DatabaseRow): CompactionNote {
  const before = Number(textOrNull(row['value']) ?? Number.NaN);
  return {
    atMs: timeOf(row),
    session: String(row['session']),
    runId: textOrNull(row['run']) ?? '',
    agent: textOrNull(row['agent']) ?? '',
    trigger: textOrNull(row['subject']) ?? '',
    tokensBefore: Number.isSafeInteger(before) && before > 0 ? before : undefined,
  };
}

function eventOf(row: DatabaseRow): EventRecord {
  const event: Record<string, unknown> = { timestamp: timeOf(row), 'event.name': 'agent.model_call' };
  for (const field of CALL_FIELDS) {
    const value = row[columnOf(field)];
    if (value === null || value === undefined) continue;
    event[field] = typeof value === 'string' ? value : numberOrNull(value);
  }
  return event as unknown as EventRecord;
}

function timeOf(row: DatabaseRow): number {
  return (row['timestamp'] as Date).getTime();
}

// Content of model calls, opened: the request that was sent and the message that came back, as they were recorded.
// It is opened with the key beside the data, and only for who may see it.

import { dirname, join } from 'node:path';
import { columnOf } from '../../../core/columns.ts';
import { instantSql, textSql } from '../../../signals/sql-text.ts';
import { messageOf } from '../../process/server-error.ts';
import { KEY_FILE, openSealed, readKey, type SealedField } from '../../store/file/content-cipher.ts';
import { textsSql, type ChunkQueryable, type DatabaseRow } from '../../store/file/database.ts';
import { CONTENT_TABLE, WORD_TABLE } from '../../store/file/tables.ts';
import type { EventStore } from '../../store/write/event-store.ts';
import { textOrNull } from '../field-values.ts';
import { contentKey, readContent, readCut } from './read-recording.ts';
import type { RunStep } from './read-run.ts';

export interface CallContent {
  /** JSON of the request; undefined when it was not recorded or cannot be opened. */
  readonly request: string | undefined;
  /** JSON of the message that answered. */
  readonly response: string | undefined;
  /** True when one of them was too long to be recorded. */
  readonly isCut: boolean;
  /** Why what is stored cannot be opened. */
  readonly fault: string | undefined;
}

const REQUEST = columnOf('tallyspan.request_json');
const RESPONSE = columnOf('tallyspan.response_json');

type ContentDatabase = ChunkQueryable & { readonly file: string };

/** By span id; calls of which nothing was recorded are there with nothing. */
export async function readCallContents(
  database: ContentDatabase,
  calls: readonly RunStep[],
): Promise<ReadonlyMap<string, CallContent>> {
  if (calls.length === 0) return new Map();
  const times = calls.map((call) => Date.parse(call.ended_at));
  const spans = JSON.stringify(calls.flatMap((call) => call['span_id'] ?? []));
  const rows = await database.all(
    `SELECT timestamp, trace_id, span_id, tallyspan_content_cut, ${REQUEST}, ${RESPONSE} FROM agent_model_call
     WHERE timestamp BETWEEN ${instantSql(Math.min(...times))} AND ${instantSql(Math.max(...times) + 1)}
       AND span_id IN ${textsSql(textSql(spans))}`,
  );
  const [sealed, cut] = await Promise.all([readContent(database, rows), readCut(database, rows)]);
  return new Map(
    rows.map((row) => {
      const span = String(row['span_id']);
      const isCut = row['tallyspan_content_cut'] === true || cut.has(span);
      return [span, openCall(row, sealed, database.file, isCut)];
    }),
  );
}

function openCall(
  row: DatabaseRow,
  sealed: ReadonlyMap<string, string>,
  file: string,
  isCut: boolean,
): CallContent {
  const event = { trace_id: String(row['trace_id']), span_id: String(row['span_id']) };
  const open = (field: SealedField, column: string): string | undefined => {
    const text = sealed.get(contentKey(row, field)) ?? textOrNull(row[column]);
    return text === null ? undefined : openSealed(text, event, field, readKey(join(dirname(file), KEY_FILE)));
  };
  try {
    const request = open('tallyspan.request_json', REQUEST);
    const response = open('tallyspan.response_json', RESPONSE);
    return { request, response, isCut, fault: undefined };
  } catch (error) {
    return { request: undefined, response: undefined, isCut, fault: messageOf(error) };
  }
}

/** Removes what was recorded of the calls; their numbers stay. */
export async function removeContent(store: EventStore, calls: readonly RunStep[]): Promise<void> {
  if (calls.length === 0) return;
  const textOfKey = (key: 'trace_id' | 'span_id'): string =>
    textsSql(textSql(JSON.stringify(calls.flatMap((call) => call[key] ?? []))));
  const where = `trace_id IN ${textOfKey('trace_id')} AND span_id IN ${textOfKey('span_id')}`;
  const removing = store.exclusively(async (writer) => {
    for (const { name } of [CONTENT_TABLE, WORD_TABLE])
      await writer.run(`DELETE FROM ${name} WHERE ${where}`);
    await writer.run(
      `UPDATE agent_model_call SET ${REQUEST} = NULL, ${RESPONSE} = NULL
       WHERE ${where} AND (${REQUEST} IS NOT NULL OR ${RESPONSE} IS NOT NULL)`,
    );
    await writer.run('CHECKPOINT');
  });
  await removing.finally(() => store.noteChange());
}

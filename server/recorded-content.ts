// Recorded content lies encrypted in the database and its key in a file beside it, `content.key`. A copy of the
// database alone, such as a backup, does not open it: whoever makes or restores one is told.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { columnOf } from '../core/columns.ts';
import { KEY_FILE, SEALED_FIELDS } from './store/file/content-cipher.ts';
import type { Database, Queryable } from './store/file/database.ts';
import { CONTENT_TABLE } from './store/file/tables.ts';

/** What is said with a backup that has recorded content. Plain ASCII: it goes into a header. */
export const BACKUP_NOTE = `the recorded content in this backup is encrypted with ${KEY_FILE} of the data folder, which is not in it: keep a copy of that file in another place than the backup`;

export async function hasRecordedContent(database: Queryable): Promise<boolean> {
  const pieces = await database.all(`SELECT 1 FROM ${CONTENT_TABLE.name} LIMIT 1`);
  if (pieces.length > 0) return true;
  // Where it stood before it had a table of its own.
  const isRecorded = SEALED_FIELDS.map((field) => `${columnOf(field)} IS NOT NULL`).join(' OR ');
  const rows = await database.all(`SELECT 1 FROM agent_model_call WHERE ${isRecorded} LIMIT 1`);
  return rows.length > 0;
}

/** What to do about a key that is not where the content is; undefined when nothing is missing. */
export async function describeMissingKey(
  database: Pick<Database, 'all' | 'file'>,
): Promise<string | undefined> {
  const file = join(dirname(database.file), KEY_FILE);
  if (existsSync(file) || !(await hasRecordedContent(database))) return undefined;
  return `the key of the recorded content is missing: put the ${KEY_FILE} that was beside these data back as ${file} before more is recorded, which makes a new one`;
}

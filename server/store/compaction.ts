// Compaction: DuckDB keeps its file as long as it ever was, so a file that is mostly free, after deletions
// by retention, is written anew when the server starts.

import { renameSync, rmSync, statSync } from 'node:fs';
import { DATABASE_NAME, attachFile, attachSql, connect } from './attached-file.ts';

const COMPACT_FROM_BYTES = 16 * 1024 * 1024;
const COMPACT_FREE_SHARE = 0.5;

/** Writes the file anew when it is large and mostly free. Nobody may have it open. */
export async function compactFile(file: string): Promise<boolean> {
  const { size } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0 };
  if (size < COMPACT_FROM_BYTES) return false;
  const copy = `${file}.compact`;
  const instance = await attachFile(file, false);
  const connection = await connect(instance);
  try {
    await connection.run('CHECKPOINT');
    const answer = await connection.runAndReadAll(
      'SELECT free_blocks / greatest(1, total_blocks) FROM pragma_database_size() WHERE database_name = current_database()',
    );
    if (Number(answer.getRowsJS()[0]?.[0] ?? 0) < COMPACT_FREE_SHARE) return false;
    rmSync(copy, { force: true });
    await connection.run(attachSql(copy, 'compacted', false));
    await connection.run(`COPY FROM DATABASE ${DATABASE_NAME} TO compacted`);
    await connection.run('DETACH compacted');
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  // The rename is atomic: after a crash there is the old file or the new one, whole.
  renameSync(copy, file);
  return true;
}

// Compaction: DuckDB keeps its file as long as it ever was. A file that is mostly free, after deletions by retention, is
// rewritten into a copy beside it, which takes its place. Pages go on meanwhile; senders wait for their answers.

import { statSync } from 'node:fs';
import { writeCopy } from './attached-file.ts';
import type { Database } from './database.ts';
import type { EventStore } from '../write/event-store.ts';
import { makeTemporaryFile, removeTemporaryFile } from './leftovers.ts';

export interface CompactionLimits {
  /** Bytes in use beyond which senders would wait too long: 25 MB take a second or two. */
  readonly mostBytes: number;
  /** How long those who read are waited for. */
  readonly patienceMs: number;
}

const COMPACT_FROM_BYTES = 16 * 1024 * 1024;
const COMPACT_FREE_SHARE = 0.5;

/** Rewrites the file when it is large and mostly free; the bytes that the disk has back. */
export async function compactFile(
  database: Database,
  store: EventStore,
  limits: CompactionLimits,
): Promise<number> {
  if (!(await isWorthwhile(database, limits))) return 0;
  return store.exclusively(async (writer) => {
    const copy = makeTemporaryFile(database.file);
    const before = statSync(database.file).size;
    try {
      await writeCopy(writer, copy);
      const isReplaced = await database.replaceFile(copy, limits.patienceMs);
      return isReplaced ? before - statSync(database.file).size : 0;
    } finally {
      removeTemporaryFile(copy);
    }
  });
}

async function isWorthwhile(database: Database, { mostBytes }: CompactionLimits): Promise<boolean> {
  const [size] = await database.all(
    `SELECT total_blocks * block_size AS total, used_blocks * block_size AS used
     FROM pragma_database_size() WHERE database_name = current_database()`,
  );
  const total = Number(size?.['total'] ?? 0);
  const used = Number(size?.['used'] ?? 0);
  return total >= COMPACT_FROM_BYTES && used <= mostBytes && used <= total * (1 - COMPACT_FREE_SHARE);
}

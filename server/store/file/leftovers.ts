// Leftovers: temporary files beside the data of a process that was killed, or whose disk was full. Nobody else has them:
// whoever removes them has the lock of the data file.

import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PRIVATE_FOLDER } from './private-files.ts';

/**
 * Makes the folder of a temporary file beside the data, for what is written as a whole before it is handed out, and gives
 * the file. In a folder of its own nobody else can read it.
 */
export function makeTemporaryFile(dataFile: string): string {
  const folder = `${dataFile}.${randomUUID()}.tmp`;
  mkdirSync(folder, { mode: PRIVATE_FOLDER });
  return join(folder, 'file');
}

/** Removes it, and what DuckDB wrote beside it. */
export function removeTemporaryFile(temporary: string): void {
  rmSync(dirname(temporary), { recursive: true, force: true });
}

const TEMPORARY = /^\.([0-9a-f-]{36}\.)?(tmp|compact)(\.wal)?$/;

/** Removes what there is beside the data file: exports, backups and copies that were cut, and the folder that questions spill to. */
export function removeLeftovers(file: string): void {
  const folder = dirname(file);
  const name = basename(file);
  for (const entry of readdirSync(folder)) {
    if (!entry.startsWith(name) || !TEMPORARY.test(entry.slice(name.length))) continue;
    try {
      rmSync(join(folder, entry), { recursive: true, force: true });
    } catch {
      // It stands in nobody's way; the next start tries again.
    }
  }
}

// Leftovers: temporary files beside the data of a process that was killed, or whose disk was full. Nobody else has them:
// whoever removes them has the lock of the data file.

import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { bytesOf } from './attached-file.ts';
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

/** Exports, backups and copies that were cut. */
const COPIES = /^\.([0-9a-f-]{36}\.tmp|compact)(\.wal)?$/;
/** And the folder that questions spill to. */
const TEMPORARY = /^\.([0-9a-f-]{36}\.)?(tmp|compact)(\.wal)?$/;

/** Removes the copies beside the data file, which may be as large as it is. */
export function removeCopies(file: string): void {
  removeMatching(file, COPIES);
}

/** Removes all that there is beside the data file; nobody may have asked it anything yet. */
export function removeLeftovers(file: string): void {
  removeMatching(file, TEMPORARY);
}

/** A file of DuckDB begins with three heads of 4,096 bytes, the first of which has this word. */
const HEADS_BYTES = 3 * 4096;
const MAGIC = { at: 8, word: 'DUCK' };

/** Removes a data file that never held anything: the process that made it was killed before its heads were written. */
export function removeUnbegun(file: string): void {
  if (!existsSync(file) || bytesOf(file) >= HEADS_BYTES || bytesOf(`${file}.wal`) > 0) return;
  const bytes = readFileSync(file);
  const word = bytes.toString('latin1', MAGIC.at, MAGIC.at + MAGIC.word.length);
  if (bytes.length === 0 || word === MAGIC.word) rmSync(file);
}

function removeMatching(file: string, pattern: RegExp): void {
  const folder = dirname(file);
  const name = basename(file);
  for (const entry of readdirSync(folder)) {
    if (!entry.startsWith(name) || !pattern.test(entry.slice(name.length))) continue;
    try {
      rmSync(join(folder, entry), { recursive: true, force: true });
    } catch {
      // It stands in nobody's way; the next start tries again.
    }
  }
}

// When a transcript was written last, as its lines say: a file that was copied or unpacked is younger than what is in it.

import { closeSync, openSync, readSync } from 'node:fs';
import { timeOf } from '../../core/transcripts/json-value.ts';
import type { FoundFile, FoundSession } from './find-transcripts.ts';

/** Lines with times are seldom longer. */
const TAIL_BYTES = 64 << 10;
/** Within a text of a line the quotes are escaped. */
const TIME = /"timestamp":"([^"\\]+)"/g;

/** Whether anything of the session was written at that instant or later. */
export function isWrittenSince({ files }: FoundSession, sinceMs: number): boolean {
  return files.some((file) => lastWrittenMs(file) >= sinceMs);
}

/** The last time that the end of the file tells; where it tells none, when the file system says that it changed. */
function lastWrittenMs({ path, bytes, mtimeMs }: FoundFile): number {
  let handle: number | undefined;
  try {
    handle = openSync(path, 'r');
    const tail = Buffer.alloc(Math.min(bytes, TAIL_BYTES));
    const read = readSync(handle, tail, 0, tail.length, bytes - tail.length);
    const times = [...tail.toString('latin1', 0, read).matchAll(TIME)].flatMap(
      ([, text]) => timeOf(text) ?? [],
    );
    return times.at(-1) ?? mtimeMs;
  } catch {
    // Why it cannot be read is told when it is.
    return mtimeMs;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

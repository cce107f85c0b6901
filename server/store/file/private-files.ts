// Private files: what lies in a data folder is for its owner only, whatever the umask of the process is. DuckDB makes its
// files, the log and what it spills among them, as the umask says, so that is set as long as a file is open for writing.

import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const OTHERS = 0o077;
const OWNER_ONLY = 0o600;

/** Mode of a folder that only its owner may enter. */
export const PRIVATE_FOLDER = 0o700;

/**
 * Makes a folder that only its owner may enter, and those above it that are missing. Node's own way never ends below a
 * folder that takes none, such as /proc.
 */
export function makePrivateFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = dirname(folder);
  if (above !== folder) makePrivateFolder(above);
  try {
    mkdirSync(folder, { mode: PRIVATE_FOLDER });
  } catch (error) {
    const isThere = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isThere) throw error;
  }
}

/** Writes a file so that after a crash it is either the old or the new one. One at a time for each file. */
export async function replacePrivateFile(file: string, text: string): Promise<void> {
  makePrivateFolder(dirname(file));
  const draft = `${file}.new`;
  // What was left of an earlier draft, or lies there as a link to another file, is not written through.
  await rm(draft, { force: true });
  await writeFile(draft, text, { flag: 'wx', mode: OWNER_ONLY, flush: true });
  await rename(draft, file);
}

let holders = 0;
let umaskBefore = 0;

/** From now on, files that this process makes are for their owner only; the answer ends it. */
export function keepFilesPrivate(): () => void {
  if (holders++ === 0) umaskBefore = process.umask(OTHERS);
  let isEnded = false;
  return () => {
    if (isEnded) return;
    isEnded = true;
    if (--holders === 0) process.umask(umaskBefore);
  };
}

/** Takes files that are there already from others; where that may not be done, they are left as they are. */
export function makePrivate(files: readonly string[]): void {
  for (const file of files)
    try {
      chmodSync(file, OWNER_ONLY);
    } catch {
      // It is not there, or belongs to somebody else, who let us write it.
    }
}

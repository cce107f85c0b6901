// Private files: what lies in a data folder is for its owner only, whatever the umask of the process is. DuckDB makes its
// files, the log and what it spills among them, as the umask says, so that is set as long as a file is open for writing.

import { chmodSync } from 'node:fs';

const OTHERS = 0o077;
const OWNER_ONLY = 0o600;

/** Mode of a folder that only its owner may enter. */
export const PRIVATE_FOLDER = 0o700;

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

// Files that may be absent.

import { readFileSync } from 'node:fs';

/** The text of a file, or `undefined` when it cannot be read. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

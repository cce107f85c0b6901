// Bundled programs: no loader hook sees a class of an SDK that is part of the program's own file. The
// SDK's native spans work there all the same, once a provider is registered before the first call.

import { readFileSync, statSync } from 'node:fs';
import { guard } from '../process/guard.ts';
import { NATIVE_SCOPE } from './native-spans.ts';

/** Larger files are not searched. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Whether the program's file holds the tracing of the SDK itself. */
export function isBundled(mainFile: string | undefined): boolean {
  if (mainFile === undefined) return false;
  return (
    guard('search program', () => {
      const stat = statSync(mainFile, { throwIfNoEntry: false });
      if (stat?.isFile() !== true || stat.size > MAX_BYTES) return false;
      return readFileSync(mainFile).includes(NATIVE_SCOPE);
    }) ?? false
  );
}

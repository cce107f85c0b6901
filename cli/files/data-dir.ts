// The data folder: where the embedded server keeps its database unless told otherwise.

import { homedir } from 'node:os';
import path from 'node:path';

/** Default data folder: `$XDG_DATA_HOME/tallyspan`, else `~/.local/share/tallyspan`. */
export function defaultDataDir(env: NodeJS.ProcessEnv): string {
  return path.join(env['XDG_DATA_HOME'] || path.join(homedir(), '.local', 'share'), 'tallyspan');
}

// Connections: how many a port takes. A process may have so many files open, and a connection is one; what the store needs
// stays free however many come, as it could neither write nor be read without.

import { readFileSync } from 'node:fs';

/** Connections of one port, where the process may open enough. */
export const CONNECTIONS_LIMIT = 1000;
const PORTS = 3;
/** Files of the database and what it spills, the journal of Node, connections to others, and some to spare. */
const FILES_KEPT_FREE = 64;
/** Somebody has to be let in. */
const FEWEST_CONNECTIONS = 4;

/** How many connections each port takes; to those beyond senders get a reset, and try again. */
export function connectionsOfPort(openFiles = openFilesLimit()): number {
  const share = Math.floor((openFiles - FILES_KEPT_FREE) / PORTS);
  return Math.min(CONNECTIONS_LIMIT, Math.max(FEWEST_CONNECTIONS, share));
}

/** How many files this process may have open; infinite where the system does not say. */
function openFilesLimit(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

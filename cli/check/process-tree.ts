// The processes that a process started, and those that these started, as the system lists them.

import { spawnSync } from 'node:child_process';
import { addToGroup } from '../../core/group-by.ts';

const LIST_LIMIT_MS = 2000;

/** Ids of all that descend from the process, it itself left out; none where the system gives no list (Windows). */
export function descendantsOf(pid: number): readonly number[] {
  if (process.platform === 'win32') return [];
  const listed = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8', timeout: LIST_LIMIT_MS });
  if (listed.status !== 0) return [];
  return descendantsIn(listed.stdout, pid);
}

/** Of lines with an id and that of its parent. */
export function descendantsIn(list: string, pid: number): readonly number[] {
  const childrenOf = new Map<number, number[]>();
  for (const line of list.split('\n')) {
    const [child, parent] = line.trim().split(/\s+/).map(Number);
    if (!child || parent === undefined) continue;
    addToGroup(childrenOf, parent, child);
  }
  const found = new Set<number>();
  const waiting = [pid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const child of childrenOf.get(next) ?? [])
      if (!found.has(child) && child !== pid) {
        found.add(child);
        waiting.push(child);
      }
  return [...found];
}

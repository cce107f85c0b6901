// A small disk of its own, for what happens when it is full.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Mounts a disk of so much (`40m`); undefined where this user may mount none. */
export function mountDisk(size: string): string | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'tallyspan-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    rmdirSync(folder);
    return undefined;
  }
}

export function unmountDisk(folder: string): void {
  execFileSync('umount', [folder]);
  rmdirSync(folder);
}

/** Whether a small disk can be mounted here. */
export function canMountDisks(): boolean {
  const folder = mountDisk('1m');
  if (folder !== undefined) unmountDisk(folder);
  return folder !== undefined;
}

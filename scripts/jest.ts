// Starts jest as this repository needs it: with native ES modules.

import { spawnSync, type StdioOptions } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

/** Runs jest to its end; gives its exit code. */
export function runJest(args: readonly string[], stdio: StdioOptions): number | null {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const jest = path.join(root, 'node_modules/jest/bin/jest.js');
  return spawnSync(process.execPath, [...flags, jest, ...args], { cwd: root, stdio }).status;
}

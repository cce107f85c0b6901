// Versions of the Anthropic SDK: which copy a program would load, and what that copy can do.

import { dirname, join } from 'node:path';
import { readIfThere } from '../process/files.ts';

const OLDEST = [0, 20, 9] as const;
/** The first version that opens spans itself. */
const FIRST_NATIVE = [0, 134, 0] as const;

export function isSupported(version: string): boolean {
  return isAtLeast(version, OLDEST);
}

export function isTracedNatively(version: string): boolean {
  return isAtLeast(version, FIRST_NATIVE);
}

/** Version of the copy in the nearest node_modules above the program; `undefined` when there is none. */
export function findSdkVersion(mainFile: string | undefined): string | undefined {
  for (let at = mainFile === undefined ? process.cwd() : dirname(mainFile); ; at = dirname(at)) {
    const path = join(at, 'node_modules', '@anthropic-ai', 'sdk', 'package.json');
    const text = readIfThere(path);
    if (text !== undefined) return (JSON.parse(text) as { version?: string }).version;
    if (dirname(at) === at) return undefined;
  }
}

function isAtLeast(version: string, least: readonly [number, number, number]): boolean {
  const parts = version.split(/[.-]/).map(Number);
  for (const [index, wanted] of least.entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

// Too late: the program loads the preload itself, when the SDK is already there and no hook sees it any more.
// Calls go on as they would; one line says how to start instead.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { sayOnce } from '../process/diagnostics.ts';
import { guard, guarded } from '../process/guard.ts';
import { later } from '../process/timers.ts';
import { findSdkVersion } from './sdk-version.ts';

const SDK_FILE = /[\\/]@anthropic-ai[\\/]sdk[\\/](resources[\\/]|core\.js|client\.js)/;
const PRELOAD_FLAG = /(^|\s)(--import|--require|-r)([\s=]|$)/;
/** By now a program has loaded what it imports. */
const LOADED_MS = 100;

/** Says so when the SDK was loaded before us; `isSdkSeen` tells whether a hook has seen a class of it. */
export function watchLateStart(isSdkSeen: () => boolean): void {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  if (PRELOAD_FLAG.test(flags)) return;
  const check = guarded('late start', () => {
    if (!isSdkSeen() && isSdkThere()) sayLate();
  });
  if (guard('loaded modules', isSdkRequired) === true) sayLate();
  later('late start', LOADED_MS, check);
  process.once('exit', check);
}

function sayLate(): void {
  sayOnce(
    'late start',
    '@anthropic-ai/sdk was loaded before the preload: its calls are not observed. Start with `node --import @tallyspan/node/register` instead of importing it.',
  );
}

function isSdkRequired(): boolean {
  const { cache } = createRequire(join(process.cwd(), 'any.js'));
  return Object.keys(cache).some((path) => SDK_FILE.test(path));
}

/** Imported modules cannot be listed: a program that has the SDK and starts us by an import has imported it. */
function isSdkThere(): boolean {
  return findSdkVersion(process.argv[1]) !== undefined;
}

// ccusage, the program with which users of Claude Code count its transcripts, from npm.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { installPackages } from '../contract/versions/cached-packages.ts';

/** Its binary is a package of its own, which may come later: the newest of which both are there. */
export const CCUSAGE_VERSION = '20.0.24';

/** Path of its script; `undefined` where it cannot be had, which has been said then. */
export async function installCcusage(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log('SKIP ccusage: its binary is installed on linux-x64 only');
    return undefined;
  }
  const folder = await installPackages('ccusage', {
    ccusage: CCUSAGE_VERSION,
    '@ccusage/ccusage-linux-x64': CCUSAGE_VERSION,
  });
  return folder && path.join(folder, 'node_modules/ccusage/src/cli.js');
}

export interface CcusageTotals {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheCreationTokens: number;
  readonly totalCost: number;
}

/** What it says of all transcripts of a configuration folder. */
export async function askCcusage(script: string, folder: string): Promise<CcusageTotals> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, 'daily', '--json', '--offline'], {
    env: { ...process.env, CLAUDE_CONFIG_DIR: folder, HOME: folder },
  });
  return (JSON.parse(stdout) as { readonly totals: CcusageTotals }).totals;
}

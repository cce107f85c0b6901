// The compose stack as a set of files: what `docker compose up` reads, at the places where it looks.
// People without the repository get the same files written into a folder of their own.

import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';

export interface StackFile {
  /** From the folder that holds docker-compose.yml. */
  readonly path: string;
  readonly content: string;
}

/** Files and folders of the stack, from the root of the repository. */
const STACK_PATHS = [
  'docker-compose.yml',
  'docker-compose.s3.yml',
  'docker-compose.ruler.yml',
  'docker-compose.metrics.yml',
  '.env.example',
  'stack',
  'collector/dist',
  'dashboards/dist',
] as const;

/** What the init service runs: it and all that it imports, as it stands in the repository. */
const INIT_SCRIPT = 'alerts/stack-init.ts';

/** Every file of the stack, read from `root`, in order of path. */
export function stackFiles(root: string = resolve(import.meta.dirname, '..')): StackFile[] {
  return [...STACK_PATHS.flatMap((path) => listFiles(root, path)), ...withImports(root, INIT_SCRIPT)]
    .sort()
    .map((path) => ({ path, content: readFileSync(join(root, path), 'utf8') }));
}

/**
 * Writes the files into `folder`, and `.env` from `.env.example` where none is there yet. An `.env` that
 * is there stays. Gives the paths that were written.
 */
export function writeStack(folder: string, files: readonly StackFile[]): string[] {
  const example = files.find(({ path }) => path === '.env.example');
  const hasEnv = isFile(join(folder, '.env'));
  const all =
    hasEnv || example === undefined ? files : [...files, { path: '.env', content: example.content }];
  for (const { path } of all) refuseLinks(folder, path);
  makeFolder(resolve(folder));
  for (const { path, content } of all) {
    const target = join(folder, path);
    makeFolder(dirname(resolve(target)));
    // Settings hold tokens. A link that was put there since is not followed either.
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_NOFOLLOW ?? 0);
    const handle = openSync(target, flags, path === '.env' ? 0o600 : 0o666);
    try {
      writeFileSync(handle, content);
    } finally {
      closeSync(handle);
    }
  }
  return all.map(({ path }) => path);
}

/** A file, or a folder between, that is a link leads out of the folder that the user named. @throws Error */
function refuseLinks(folder: string, path: string): void {
  const parts = path.split('/');
  for (let count = 1; count <= parts.length; count++) {
    const part = join(folder, ...parts.slice(0, count));
    if (lstatSync(part, { throwIfNoEntry: false })?.isSymbolicLink() === true)
      throw new Error(`${part} is a link, which is not written through; remove it`);
  }
}

/** As `recursive` of Node does it, which never ends below a folder such as /proc. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Somebody else made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Paths of the files that are there with another content: edited, of another version, or not of the stack at all. */
export function differingFiles(folder: string, files: readonly StackFile[]): string[] {
  return files
    .filter(({ path, content }) => {
      const target = join(folder, path);
      return isFile(target) && readFileSync(target, 'utf8') !== content;
    })
    .map(({ path }) => path);
}

function listFiles(root: string, path: string): string[] {
  if (isFile(join(root, path))) return [path];
  return readdirSync(join(root, path)).flatMap((name) => listFiles(root, `${path}/${name}`));
}

/** A module and all modules of the repository that it imports, by path from the root. */
function withImports(root: string, entry: string): string[] {
  const found = new Set<string>();
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    const text = readFileSync(join(root, path), 'utf8');
    for (const [, specifier = ''] of text.matchAll(/ from '(\.[^']+)'/g))
      waiting.push(posix.join(posix.dirname(path), specifier));
  }
  return [...found];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

// The compose stack as a set of files: what `docker compose up` reads, at the places where it looks.
// People without the repository get the same files written into a folder of their own.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

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
  'alerts/dist/stack-init.mjs',
] as const;

/** Every file of the stack, read from `root`, in order of path. */
export function stackFiles(root: string = resolve(import.meta.dirname, '..')): StackFile[] {
  return STACK_PATHS.flatMap((path) => listFiles(root, path))
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
  for (const { path, content } of all) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    // Settings hold tokens.
    writeFileSync(target, content, path === '.env' ? { mode: 0o600 } : {});
  }
  return all.map(({ path }) => path);
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

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

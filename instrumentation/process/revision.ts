// The revision: the commit that the program was built from. What the deployment says wins; a program that runs
// in its repository is asked by reading the repository's files, without starting git.

import { dirname, isAbsolute, join } from 'node:path';
import { readIfThere } from './files.ts';

/** Variables in which hosts and builds hold the commit, the deliberate ones first. */
const VARIABLES = [
  'GIT_SHA',
  'GIT_COMMIT',
  'COMMIT_SHA',
  'VERCEL_GIT_COMMIT_SHA',
  'RENDER_GIT_COMMIT',
  'RAILWAY_GIT_COMMIT_SHA',
  'HEROKU_SLUG_COMMIT',
  'SOURCE_VERSION',
  'CF_PAGES_COMMIT_SHA',
  'COMMIT_REF',
  'DD_GIT_COMMIT_SHA',
  'GITHUB_SHA',
  'CI_COMMIT_SHA',
  'CIRCLE_SHA1',
  'BITBUCKET_COMMIT',
  'BUILDKITE_COMMIT',
  'BUILD_SOURCEVERSION',
] as const;
const COMMIT = /^[0-9a-f]{7,64}$/i;
/** Packed references beyond this are not searched. */
const MAX_PACKED_CHARS = 1_000_000;

/** The commit in lower case; `undefined` when nothing tells it. */
export function findRevision(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): string | undefined {
  for (const name of VARIABLES) {
    const value = environment[name]?.trim();
    if (value !== undefined && COMMIT.test(value)) return value.toLowerCase();
  }
  return readHead(folder);
}

function readHead(folder: string): string | undefined {
  const repository = findRepository(folder);
  if (repository === undefined) return undefined;
  const head = readIfThere(join(repository, 'HEAD'))?.trim() ?? '';
  if (COMMIT.test(head)) return head.toLowerCase();
  if (!head.startsWith('ref: ')) return undefined;
  const name = head.slice('ref: '.length);
  // A work tree of its own shares the branches of the main one.
  const common = readIfThere(join(repository, 'commondir'))?.trim();
  for (const place of [repository, ...(common === undefined ? [] : [join(repository, common)])]) {
    const commit = readIfThere(join(place, name))?.trim() ?? findPacked(place, name);
    if (commit !== undefined && COMMIT.test(commit)) return commit.toLowerCase();
  }
  return undefined;
}

function findPacked(place: string, name: string): string | undefined {
  const text = readIfThere(join(place, 'packed-refs'));
  if (text === undefined || text.length > MAX_PACKED_CHARS) return undefined;
  return text
    .split('\n')
    .find((line) => line.endsWith(` ${name}`))
    ?.split(' ')[0];
}

/** The nearest .git above, or the folder that it names. */
function findRepository(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, '.git');
    if (readIfThere(join(path, 'HEAD')) !== undefined) return path;
    const link = readIfThere(path);
    if (link?.startsWith('gitdir: ') === true) {
      const named = link.slice('gitdir: '.length).trim();
      return isAbsolute(named) ? named : join(at, named);
    }
    if (dirname(at) === at) return undefined;
  }
}

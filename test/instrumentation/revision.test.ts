// The commit of the program: from the environment, or from the files of the repository it runs in.

import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findRevision } from '../../instrumentation/process/revision.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const OTHER = 'fedcba9876543210fedcba9876543210fedcba98';

describe('revision', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'tallyspan-revision-'));
  afterAll(() => {
    rmSync(root, { recursive: true });
  });
  const repository = (name: string, files: Readonly<Record<string, string>>): string => {
    const folder = path.join(root, name);
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
    }
    return folder;
  };

  it.each(['GIT_SHA', 'GITHUB_SHA', 'VERCEL_GIT_COMMIT_SHA', 'SOURCE_VERSION', 'RENDER_GIT_COMMIT'])(
    '%s tells it',
    (name) => {
      expect(findRevision({ [name]: COMMIT.toUpperCase() }, root)).toBe(COMMIT);
    },
  );

  it('what is no commit is left out, and the deliberate variable comes first', () => {
    expect(findRevision({ COMMIT_REF: 'main' }, root)).toBeUndefined();
    expect(findRevision({ GITHUB_SHA: OTHER, GIT_SHA: 'abcdef1' }, root)).toBe('abcdef1');
  });

  it('a branch of the repository, from a folder below it', () => {
    const folder = repository('branch', {
      '.git/HEAD': 'ref: refs/heads/main\n',
      '.git/refs/heads/main': `${COMMIT}\n`,
      'src/deep/main.js': '',
    });
    expect(findRevision({}, path.join(folder, 'src/deep'))).toBe(COMMIT);
    expect(findRevision({ GIT_SHA: OTHER }, folder)).toBe(OTHER);
  });

  it('a detached head, a packed reference, a work tree of its own', () => {
    expect(findRevision({}, repository('detached', { '.git/HEAD': `${COMMIT}\n` }))).toBe(COMMIT);
    const packed = `# pack-refs with: peeled\n${OTHER} refs/heads/other\n${COMMIT} refs/heads/main\n`;
    const main = { '.git/HEAD': 'ref: refs/heads/main\n', '.git/packed-refs': packed };
    expect(findRevision({}, repository('packed', main))).toBe(COMMIT);
    const tree = repository('tree', { '.git': `gitdir: ${path.join(root, 'packed/.git/worktrees/t')}\n` });
    repository('packed/.git/worktrees/t', { HEAD: 'ref: refs/heads/other\n', commondir: '../..\n' });
    expect(findRevision({}, tree)).toBe(OTHER);
  });

  it('nothing, where a branch has no commit', () => {
    expect(findRevision({}, repository('empty', { '.git/HEAD': 'ref: refs/heads/main\n' }))).toBeUndefined();
  });
});

// Folders are rooms: one that holds more than about twenty files is several. What stands in a folder is found by eye.

import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import path from 'node:path';

const MOST_FILES = 22;
// Programs that tests start, looked up by their name; one-page files that nobody reads as a whole.
const LISTS = new Set(['test/contract/programs']);

const root = path.resolve(import.meta.dirname, '../..');

test('no folder of source holds more than about twenty files', () => {
  const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.js', '*.mjs', '*.cjs', '*.css'], {
    cwd: root,
    encoding: 'utf8',
  });
  const counts = new Map<string, number>();
  for (const file of files.trim().split('\n')) {
    const folder = path.dirname(file);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  expect(counts.size).toBeGreaterThan(50);
  const full = [...counts].filter(([folder, count]) => count > MOST_FILES && !LISTS.has(folder));
  expect(full).toEqual([]);
});

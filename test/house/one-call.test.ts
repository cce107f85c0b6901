import { expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

// The page that follows one call names files that exist; inside the preload they are named from its folder.

const root = path.resolve(import.meta.dirname, '../..');

it('every file that docs/one-call.md names is there', () => {
  const page = readFileSync(path.join(root, 'docs/one-call.md'), 'utf8');
  const named = [...page.matchAll(/`([\w./-]+\.ts|instrumentation\/\w+)`/g)].map(([, file = '']) => file);
  expect(named.length).toBeGreaterThan(30);
  const beside = path.join(root, 'server/store/write');
  const missing = named.filter(
    (file) =>
      ![root, path.join(root, 'instrumentation'), beside].some((at) => existsSync(path.join(at, file))),
  );
  expect(missing).toEqual([]);
});

// Every setting that a document names is one that the programs know, and takes for none of a slip.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { unknownSettings } from '../../core/setting-names.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PAGES = [
  'README.md',
  'SECURITY.md',
  '.env.example',
  'instrumentation/README.md',
  'cli/README.md',
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name)),
];

test.each(PAGES)('%s names settings that there are', (page) => {
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  const names = text.match(/\bTALLYSPAN_[A-Z_]*[A-Z]\b/g) ?? [];
  expect(unknownSettings(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual([]);
});

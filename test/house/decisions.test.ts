import { expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const FOLDER = path.join(ROOT, 'docs/decisions');
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.md'));

it('each decision has a number of its own', () => {
  const numbers = files.map((name) => name.slice(0, 4));
  expect(new Set(numbers).size).toBe(numbers.length);
});

it.each(files)('%s is titled with its number and a statement', (name) => {
  const [title = '', blank] = readFileSync(path.join(FOLDER, name), 'utf8').split('\n');
  expect(name).toMatch(/^\d{4}-[a-z0-9-]+\.md$/);
  expect(title).toMatch(new RegExp(`^# ${String(Number(name.slice(0, 4)))}\\. [A-Z].*[^.]$`));
  expect(blank).toBe('');
});

it.each(files)('what %s gives as evidence is where it says', (name) => {
  const text = readFileSync(path.join(FOLDER, name), 'utf8');
  const tests = [...text.matchAll(/`(test\/[\w./-]+)`/g)].map(([, file = '']) => file);
  expect(tests.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
});

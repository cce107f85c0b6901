// npm run test:unit: the tests that start nothing and need no build. `npm run test:unit -- --watch` runs them again
// on a change; other arguments go to jest (-t, a part of a path).

import path from 'node:path';
import { runJest } from './jest.ts';
import { findUnitTests } from './unit-tests.ts';

const given = process.argv.slice(2);
const parts = given.filter((word, index) => !word.startsWith('-') && given[index - 1] !== '-t');
const flags = given
  .filter((word) => !parts.includes(word))
  .map((flag) => (flag === '--watch' ? '--watchAll' : flag));

const all = await findUnitTests(path.resolve(import.meta.dirname, '..'));
const files = parts.length === 0 ? all : all.filter((file) => parts.some((part) => file.includes(part)));
if (files.length === 0) {
  process.stderr.write(
    `No unit test has ${parts.join(' or ')} in its path: npm test -- ${parts.join(' ')}\n`,
  );
  process.exitCode = 1;
} else {
  process.exitCode = runJest([...flags, '--runTestsByPath', ...files], 'inherit') ?? 1;
}

// What the documents promise is there: the commands and flags that they name, and the files and headings to which
// they link.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { createProgram } from '../../cli/program.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DOCUMENTS = execFileSync('git', ['ls-files', '*.md'], { cwd: ROOT, encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((file) => existsSync(path.join(ROOT, file)));
const PROGRAM = createProgram({
  stdin: process.stdin,
  stdout: { write: () => true },
  stderr: { write: () => true },
  env: {},
  now: Date.now,
  signal: new AbortController().signal,
});

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** Lines of code that call the program, in running text and in blocks, without their comments. */
function callsIn(text: string): string[][] {
  const inline = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  const blocks = [...text.matchAll(/```\w*\n([\s\S]*?)```/g)].flatMap(([, code = '']) => code.split('\n'));
  return [...inline, ...blocks].flatMap((line) => {
    const [, call] =
      /^(?:[A-Z_]+=\S+ |\$ |npx )*tallyspan ([a-z].*)$/.exec(line.replace(/\s#.*/, '').trim()) ?? [];
    return call === undefined ? [] : [call.split(/\s+/)];
  });
}

const named = (of: Command, word: string): Command | undefined =>
  of.commands.find((one) => one.name() === word || one.aliases().includes(word));

/** What of a call is no command or no flag of its command. */
function unknownIn(words: readonly string[]): string[] {
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  const first = named(PROGRAM, own[0] ?? '');
  if (first === undefined) return [own[0] ?? ''];
  const last = named(first, own[1] ?? '') ?? first;
  const known = new Set([
    '--help',
    ...[...PROGRAM.options, ...first.options, ...last.options].map(({ long }) => long),
  ]);
  return (own.join(' ').match(/(?<![\w-])--[a-z][a-z-]+/g) ?? []).filter((flag) => !known.has(flag));
}

/** The address of a heading, as GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

const anchorsIn = (file: string): string[] =>
  [...read(file).matchAll(/^#+\s+(.*)$/gm)].map(([, heading = '']) => anchorOf(heading));

test('there are documents, and they call the program', () => {
  expect(DOCUMENTS.length).toBeGreaterThan(100);
  expect(DOCUMENTS.flatMap((file) => callsIn(read(file))).length).toBeGreaterThan(150);
});

test('the commands and flags that they name are there', () => {
  const wrong = DOCUMENTS.flatMap((file) =>
    callsIn(read(file)).flatMap((words) =>
      unknownIn(words).map((what) => `${file}: ${what} in ${words.join(' ')}`),
    ),
  );
  expect(wrong).toEqual([]);
});

test('the files and headings to which they link are there', () => {
  const wrong = DOCUMENTS.flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      const [to = '', heading] = link.split('#');
      const target = to === '' ? file : path.join(path.dirname(file), to);
      if (!existsSync(path.join(ROOT, target))) return [`${file}: ${link}`];
      return heading === undefined || !target.endsWith('.md') || anchorsIn(target).includes(heading)
        ? []
        : [`${file}: ${link}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test('services and containers start the server itself: npx gives no signal on to it', () => {
  const blocks = DOCUMENTS.flatMap((file) =>
    [...read(file).matchAll(/```\w*\n([\s\S]*?)```/g)].map(([block]) => block),
  );
  const services = blocks.filter(
    (block) => /ExecStart=|docker run/.test(block) && block.includes('tallyspan up'),
  );
  expect(services.length).toBeGreaterThanOrEqual(2);
  expect(services.filter((block) => block.includes('npx'))).toEqual([]);
});

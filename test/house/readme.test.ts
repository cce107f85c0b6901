import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createProgram } from '../../cli/program.ts';
import { VERSION } from '../../cli/version.ts';

// What the README promises is there: scripts, commands with their flags, files that it links to.

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const readme = read('README.md');

let program: Command;
beforeAll(() => {
  const sink = { write: () => true };
  program = createProgram({
    stdin: process.stdin,
    stdout: sink,
    stderr: sink,
    env: {},
    now: Date.now,
    signal: new AbortController().signal,
  });
});

/** Everything in the README that calls the program: words after `tallyspan`, in code. */
function* callsInReadme(): Generator<string[]> {
  for (const [, code = ''] of readme.matchAll(/`(?:npx )?(tallyspan [^`]+)`/g))
    yield code.split(/\s+/).slice(1);
}

describe('the README', () => {
  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...readme.matchAll(/npm (?:run )?(demo|test|build|[a-z]+:[a-z]+)/g)].map(
      ([, name = '']) => name,
    );
    expect(named.length).toBeGreaterThan(2);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });

  it('names commands and flags that exist', () => {
    const calls = [...callsInReadme()];
    expect(calls.length).toBeGreaterThan(6);
    for (const words of calls) {
      let command = program;
      for (const word of words) {
        command = command.commands.find((one) => one.name() === word) ?? command;
      }
      expect([words.join(' '), command.name()]).not.toEqual([words.join(' '), 'tallyspan']);
      const flags = words.join(' ').match(/--[a-z-]+/g) ?? [];
      const known = [...command.options, ...program.options].map(({ long }) => long);
      for (const flag of flags) expect(known).toContain(flag);
    }
  });

  it('links to files that exist', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect([link, existsSync(path.join(root, link))]).toEqual([link, true]);
  });

  it('has the version of the package in the program', () => {
    expect(VERSION).toBe((JSON.parse(read('cli/package.json')) as { version: string }).version);
  });
});

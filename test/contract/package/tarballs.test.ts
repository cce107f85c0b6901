// Both tarballs as npm makes them: what has to be in them, what a project gets with them, and their types.

import { beforeAll, describe, expect, it } from '@jest/globals';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Bundle } from '../../../scripts/bundles/bundle.ts';
import { ensureBuilt } from '../../../scripts/ensure-built.ts';
import { PACKAGES, packPackages } from '../../../scripts/pack.ts';
import { makeTemporaryFolder } from '../../stack/folders.ts';
import { ROOT } from '../harness.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly keywords?: readonly string[];
  readonly repository?: { readonly url: string; readonly directory: string };
  readonly homepage?: string;
  readonly bugs?: { readonly url: string };
  readonly engines?: { readonly node: string };
  readonly dependencies?: Readonly<Record<string, string>>;
}

const execute = promisify(execFile);
const folder = makeTemporaryFolder('tarballs');
const tarballs: Record<string, string> = {};
let bundles: readonly Bundle[];

beforeAll(async () => {
  bundles = await ensureBuilt();
  const paths = await packPackages(folder);
  for (const [index, name] of PACKAGES.entries()) {
    tarballs[name] = paths[index] ?? '';
    mkdirSync(path.join(folder, name));
    await execute('tar', ['-xzf', tarballs[name], '-C', path.join(folder, name)]);
  }
});

function readPacked(name: string, file: string): string {
  return readFileSync(path.join(folder, name, 'package', file), 'utf8');
}

function manifestOf(dir: string): Manifest {
  return JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8')) as Manifest;
}

describe.each(PACKAGES)('the tarball of %s', (name) => {
  it('has the licence and a README that says which Node it needs', () => {
    expect(readPacked(name, 'LICENSE')).toBe(readFileSync(path.join(ROOT, 'LICENSE'), 'utf8'));
    const readme = readPacked(name, 'README.md');
    const needed = manifestOf(path.join(folder, name, 'package')).engines?.node.replace('>=', '');
    expect(readme).toContain(`Node ${String(needed)}`);
    // On npm a relative link leads nowhere.
    expect(readme.match(/\]\((?!https:)[^)]*\)/g)).toBeNull();
  });

  it('says where it comes from', () => {
    const { repository, homepage, bugs, keywords = [] } = manifestOf(path.join(folder, name, 'package'));
    expect(repository).toMatchObject({ directory: name });
    const address = (repository?.url ?? '').replace(/^git\+|\.git$/g, '');
    expect(address).toMatch(/^https:\/\/[^/]+\/[^/]+\/[^/]+$/);
    expect(homepage).toContain(address);
    expect(bugs?.url).toContain(address);
    expect(keywords).toEqual(expect.arrayContaining(['anthropic', 'claude', 'opentelemetry']));
  });

  it('has the notice of every package that is in one of its bundles', () => {
    const notices = readPacked(name, 'dist/NOTICES.txt');
    const own = bundles.filter(({ file }) => file.startsWith(`${name}/`));
    expect(own.length).toBeGreaterThan(0);
    const folders = new Set(own.flatMap(({ inputs }) => inputs.flatMap(packageFolderOf)));
    // What esbuild says in the bundles themselves, where they are not minified.
    for (const { file } of own)
      for (const [, input = ''] of readFileSync(path.join(ROOT, file), 'utf8').matchAll(
        /^\s*\/\/ (\S*node_modules\/\S+)$/gm,
      ))
        for (const one of packageFolderOf(input)) folders.add(one);
    expect(folders.size).toBeGreaterThan(5);
    const missing = [...folders].flatMap((dir) => {
      const { name: title, version } = manifestOf(path.join(ROOT, dir));
      const texts = readdirSync(path.join(ROOT, dir))
        .filter((file) => /^(?:licen[cs]e|notice|copying)/i.test(file))
        .map((file) => readFileSync(path.join(ROOT, dir, file), 'utf8').trim());
      return [`${title} ${version}\n`, ...texts].filter((text) => !notices.includes(text));
    });
    expect(missing).toEqual([]);
  });

  it('has no bundle of packages beside those whose notices are there', () => {
    const known = new Set(bundles.map(({ file }) => file));
    const unknown = readdirSync(path.join(folder, name, 'package'), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.[cm]?js$/.test(file) && !known.has(`${name}/${file}`))
      .filter((file) => /^\s*\/\/ \S*node_modules\//m.test(readPacked(name, file)));
    expect(unknown).toEqual([]);
  });
});

/** The package that a file of a bundle belongs to, from the root of the repository. */
function packageFolderOf(input: string): string[] {
  const match = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
  return match === undefined ? [] : [match];
}

describe('types of @tallyspan/node', () => {
  it('resolve in every way that TypeScript has: node10, node16 from both formats, bundler', async () => {
    const analysis = await checkPackage(
      createPackageFromTarballData(new Uint8Array(readFileSync(tarballs['instrumentation'] ?? ''))),
    );
    if (analysis.types === false) throw new Error('there are none');
    expect(analysis.problems).toEqual([]);
    for (const entry of ['.', './register', './agent-sdk', './testing'])
      expect(
        Object.values(analysis.entrypoints[entry]?.resolutions ?? {}).map(({ resolution }) =>
          resolution === undefined ? 'none' : resolution.isTypeScript,
        ),
      ).toEqual([true, true, true, true]);
  });
});

describe('the program in a project', () => {
  it('adds no SDK where there is one, whichever it is', async () => {
    for (const version of ['1.15.0', '0.39.0']) {
      const project = makeTemporaryFolder('project');
      writeFileSync(
        path.join(project, 'package.json'),
        JSON.stringify({ private: true, dependencies: { '@anthropic-ai/sdk': version } }),
      );
      const files = PACKAGES.map((name) => {
        cpSync(tarballs[name] ?? '', path.join(project, `${name}.tgz`));
        return `./${name}.tgz`;
      });
      await execute(
        'npm',
        ['install', '--package-lock-only', '--prefer-offline', '--no-audit', '--no-fund', ...files],
        { cwd: project },
      );
      const { packages } = JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8')) as {
        packages: Record<string, { readonly version: string }>;
      };
      expect(packages['node_modules/tallyspan']?.version).toBe('0.1.0');
      const copies = Object.entries(packages).filter(([at]) => at.endsWith('node_modules/@anthropic-ai/sdk'));
      expect(copies.map(([, { version: found }]) => found)).toEqual([version]);
    }
  });
});

it('npm run pack:local says what to type, and the tarballs that it names are there', async () => {
  const { stdout } = await execute(process.execPath, ['scripts/pack-local.ts'], { cwd: ROOT });
  const line = /npm install (.*)/.exec(stdout)?.[1] ?? '';
  const named = [...line.matchAll(/"([^"]+)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  expect(named).toHaveLength(PACKAGES.length);
  for (const file of named) expect(readFileSync(file).length).toBeGreaterThan(1000);
  expect(stdout).toContain('Node 22.15');
});

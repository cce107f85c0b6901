// Bundles @tallyspan/node: the preload as one CommonJS file with OpenTelemetry inside, two thin ways in
// (--import and --require) that share it, the manual API for both module formats, and the program that doctor runs.

import type { BuildOptions } from 'esbuild';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildBundles, root, type Bundle } from './bundle.ts';
import { writeLicenceNotices } from './licence-notices.ts';

const source = path.join(root, 'instrumentation');

const packageDir = path.join(source, 'dist');

/** The way in: on what is no Node, or lacks what the preload needs, it says so, and the program runs on. */
const REGISTER = `'use strict';
const other = process.versions.bun ? 'Bun' : process.versions.deno ? 'Deno' : undefined;
if (other === undefined && typeof require('node:module').registerHooks === 'function') require('./preload.cjs');
else if (process.env.OTEL_SDK_DISABLED !== 'true' && process.env.TALLYSPAN_LOG !== 'off')
  process.stderr.write('tallyspan: off: ' + (other === undefined ? 'Node ' + process.version + ' is too old' : 'this is ' + other) + ', calls are not observed. Use Node 22.15 or later.\\n');
`;

/** Writes instrumentation/dist, or another folder; there without types unless they are wanted. */
export async function buildInstrumentation(
  outDir = packageDir,
  hasTypes = outDir === packageDir,
): Promise<Bundle[]> {
  const { version } = JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8')) as {
    version: string;
  };
  await rm(outDir, { recursive: true, force: true });
  const common: BuildOptions = {
    define: { TALLYSPAN_VERSION: JSON.stringify(version) },
    legalComments: 'none',
  };
  const bundles = await buildBundles({
    ...common,
    entryPoints: [path.join(source, 'preload.ts')],
    outfile: path.join(outDir, 'preload.cjs'),
    format: 'cjs',
    // The CommonJS builds of the packages: they load what they need late.
    conditions: ['require', 'node'],
    mainFields: ['main'],
  });
  for (const [format, extension] of [
    ['cjs', 'cjs'],
    ['esm', 'mjs'],
  ] as const) {
    for (const name of ['index', 'agent-sdk', 'testing']) {
      bundles.push(
        ...(await buildBundles({
          ...common,
          entryPoints: [path.join(source, `${name}.ts`)],
          outfile: path.join(outDir, `${name}.${extension}`),
          format,
        })),
      );
    }
  }
  bundles.push(
    ...(await buildBundles({
      ...common,
      entryPoints: [path.join(source, 'check-delivery.ts')],
      outfile: path.join(outDir, 'check-delivery.cjs'),
      format: 'cjs',
      minify: true,
      conditions: ['require', 'node'],
      mainFields: ['main'],
    })),
  );
  await writeLicenceNotices(bundles, path.join(outDir, 'NOTICES.txt'));
  await writeFile(path.join(outDir, 'register.cjs'), REGISTER);
  await writeFile(path.join(outDir, 'register.mjs'), "import './register.cjs';\n");
  if (!hasTypes) return bundles;
  await emitTypes();
  for (const name of ['register', 'check-delivery']) await writeTypes(name, 'export {};\n');
  for (const name of ['index', 'agent-sdk', 'testing']) {
    await writeTypes(name, `export * from './types/instrumentation/${name}.js';\n`);
    await copyDeclarations(`instrumentation/${name}.ts`);
  }
  return bundles;

  /** The declarations of a module and of all that they import, for both formats. */
  async function copyDeclarations(module: string): Promise<void> {
    const target = path.join(outDir, 'types', module).replace(/\.ts$/, '.d.mts');
    if (existsSync(target)) return;
    const text = await readFile(path.join(root, 'build', module).replace(/\.ts$/, '.d.ts'), 'utf8');
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, withExtension(text, 'mjs'));
    await writeFile(target.replace(/mts$/, 'cts'), withExtension(text, 'cjs'));
    for (const [, specifier = ''] of text.matchAll(IMPORTED))
      await copyDeclarations(path.posix.join(path.posix.dirname(module), specifier));
  }

  async function writeTypes(name: string, text: string): Promise<void> {
    await writeFile(path.join(outDir, `${name}.d.mts`), text.replaceAll(".js'", ".mjs'"));
    await writeFile(path.join(outDir, `${name}.d.cts`), text.replaceAll(".js'", ".cjs'"));
  }
}

/** What a declaration imports or exports again: a module of the repository. */
const IMPORTED = /(?:from |import\()'(\.[^']+\.ts)'/g;

function withExtension(text: string, extension: 'mjs' | 'cjs'): string {
  return text.replaceAll(IMPORTED, (statement) => statement.replace(/\.ts'$/, `.${extension}'`));
}

/** Types of the public entries, and of all other modules. */
async function emitTypes(): Promise<void> {
  await promisify(execFile)(path.join(root, 'node_modules/.bin/tsc'), ['-b', source]);
}

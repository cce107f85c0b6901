// Bundles @tallyspan/node: the preload as one CommonJS file with OpenTelemetry inside, two thin ways in
// (--import and --require) that share it, the manual API for both module formats, and the program that doctor runs.

import type { BuildOptions } from 'esbuild';
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildBundles, root, type Bundle } from './bundle.ts';
import { writeLicenceNotices } from './licence-notices.ts';

const source = path.join(root, 'instrumentation');

const packageDir = path.join(source, 'dist');

/** The way in: on a Node that lacks what the preload needs it says so, and the program runs on. */
const REGISTER = `'use strict';
if (typeof require('node:module').registerHooks === 'function') require('./preload.cjs');
else if (process.env.OTEL_SDK_DISABLED !== 'true' && process.env.TALLYSPAN_LOG !== 'off')
  process.stderr.write('tallyspan: off: Node ' + process.version + ' is too old, calls are not observed. Use Node 22.15 or later.\\n');
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
  for (const name of ['index', 'agent-sdk', 'testing'])
    await writeTypes(name, await readFile(path.join(root, `build/instrumentation/${name}.d.ts`), 'utf8'));
  return bundles;

  async function writeTypes(name: string, text: string): Promise<void> {
    await writeFile(path.join(outDir, `${name}.d.mts`), text);
    await writeFile(path.join(outDir, `${name}.d.cts`), text);
  }
}

/** Types of the public entries. Each stands in one file and imports nothing, so that it can be copied as it is. */
async function emitTypes(): Promise<void> {
  await promisify(execFile)(path.join(root, 'node_modules/.bin/tsc'), ['-b', source]);
}

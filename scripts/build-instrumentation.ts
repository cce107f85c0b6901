// Bundles @tallyspan/node: the preload as one CommonJS file with OpenTelemetry inside, two thin ways in
// (--import and --require) that share it, the manual API for both module formats, and the program that doctor runs.

import { build, type BuildOptions, type Metafile } from 'esbuild';
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { writeLicenceNotices } from './licence-notices.ts';

const root = path.resolve(import.meta.dirname, '..');
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
): Promise<void> {
  const { version } = JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8')) as {
    version: string;
  };
  await rm(outDir, { recursive: true, force: true });
  const common: BuildOptions = {
    // Names of inputs count from here, wherever the script is started.
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node22.15',
    define: { TALLYSPAN_VERSION: JSON.stringify(version) },
    legalComments: 'none',
    logLevel: 'warning',
  };
  const preload = await build({
    ...common,
    entryPoints: [path.join(source, 'preload.ts')],
    outfile: path.join(outDir, 'preload.cjs'),
    format: 'cjs',
    // The CommonJS builds of the packages: they load what they need late.
    conditions: ['require', 'node'],
    mainFields: ['main'],
    metafile: true,
  });
  await writeLicenceNotices(root, bundledFiles(preload.metafile), path.join(outDir, 'NOTICES.txt'));
  for (const [format, extension] of [
    ['cjs', 'cjs'],
    ['esm', 'mjs'],
  ] as const) {
    for (const name of ['index', 'agent-sdk']) {
      await build({
        ...common,
        entryPoints: [path.join(source, `${name}.ts`)],
        outfile: path.join(outDir, `${name}.${extension}`),
        format,
      });
    }
  }
  await build({
    ...common,
    entryPoints: [path.join(source, 'check-delivery.ts')],
    outfile: path.join(outDir, 'check-delivery.cjs'),
    format: 'cjs',
    minify: true,
    conditions: ['require', 'node'],
    mainFields: ['main'],
  });
  await writeFile(path.join(outDir, 'register.cjs'), REGISTER);
  await writeFile(path.join(outDir, 'register.mjs'), "import './register.cjs';\n");
  if (!hasTypes) return;
  await emitTypes();
  await writeTypes('register', 'export {};\n');
  for (const name of ['index', 'agent-sdk'])
    await writeTypes(name, await readFile(path.join(root, `build/instrumentation/${name}.d.ts`), 'utf8'));

  async function writeTypes(name: string, text: string): Promise<void> {
    await writeFile(path.join(outDir, `${name}.d.mts`), text);
    await writeFile(path.join(outDir, `${name}.d.cts`), text);
  }
}

/** Files that are really in a bundle, after what nobody uses was left out. */
function bundledFiles({ outputs }: Metafile): string[] {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
}

/** Types of the public entries. Each stands in one file and imports nothing, so that it can be copied as it is. */
async function emitTypes(): Promise<void> {
  await promisify(execFile)(path.join(root, 'node_modules/.bin/tsc'), ['-b', source]);
}

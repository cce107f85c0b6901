// Bundles @tallyspan/node: the preload as one CommonJS file with OpenTelemetry inside, two thin ways in
// (--import and --require) that share it, and the manual API for both module formats.

import { build, type BuildOptions } from 'esbuild';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeLicenceNotices } from './licence-notices.ts';

const root = path.resolve(import.meta.dirname, '..');
const source = path.join(root, 'instrumentation');

/** Writes instrumentation/dist, or another folder. */
export async function buildInstrumentation(outDir = path.join(source, 'dist')): Promise<void> {
  const { version } = JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8')) as {
    version: string;
  };
  await rm(outDir, { recursive: true, force: true });
  const common: BuildOptions = {
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
  await writeLicenceNotices(root, Object.keys(preload.metafile.inputs), path.join(outDir, 'NOTICES.txt'));
  await writeFile(path.join(outDir, 'register.cjs'), "'use strict';\nrequire('./preload.cjs');\n");
  await writeFile(path.join(outDir, 'register.mjs'), "import './preload.cjs';\n");
  await writeFile(path.join(outDir, 'register.d.ts'), 'export {};\n');
}

// The program of the works on a data folder, as one that a test starts and kills.

import path from 'node:path';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');

/** Builds `test/programs/store-work.ts`; the path of the program. */
export async function buildStoreWork(): Promise<string> {
  const outdir = path.join(root, 'build/test-programs/store-work');
  await build({
    entryPoints: [path.join(root, 'test/programs/store-work.ts')],
    outdir,
    outExtension: { '.js': '.mjs' },
    // What a work does not need is not read when it starts.
    splitting: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.15',
    external: ['@duckdb/*', 'htmx.org', '@anthropic-ai/*', '@tallyspan/*'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return path.join(outdir, 'store-work.mjs');
}

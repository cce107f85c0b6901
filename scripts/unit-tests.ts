// Which test files are unit tests: those that import nothing, directly or not, that starts a process, a server, a
// database, a browser or a build. So no list has to be kept, and a unit test cannot become slow unseen.

import { build } from 'esbuild';
import { globSync } from 'node:fs';

/** What a unit test may not reach. */
const STARTS =
  /^(?:node:)?(?:child_process|cluster|dgram|http2?|https|net|tls|worker_threads)$|^@duckdb\/|^esbuild$|^fastify$|^playwright-core$|^smtp-server$|^testcontainers$/;

/** Paths of the unit tests below `test/` of a folder, from that folder. */
export async function findUnitTests(folder: string): Promise<string[]> {
  const files = globSync('test/**/*.test.ts', {
    cwd: folder,
    exclude: (name) => name === 'node_modules',
  }).toSorted();
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: files,
    bundle: true,
    write: false,
    metafile: true,
    outdir: 'build/unit-tests',
    platform: 'node',
    format: 'esm',
    splitting: true,
    packages: 'external',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.css': 'text' },
    logLevel: 'error',
  });
  return files.filter((file) => !reachesStart(file.replaceAll('\\', '/')));

  function reachesStart(file: string): boolean {
    const seen = new Set([file]);
    for (const at of seen) {
      for (const { path, external } of metafile.inputs[at]?.imports ?? []) {
        if (external !== true) seen.add(path);
        else if (STARTS.test(path)) return true;
      }
    }
    return false;
  }
}

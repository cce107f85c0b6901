// A bundle: one file that esbuild made, and the files that are really in it.

import { build, type BuildOptions } from 'esbuild';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

export interface Bundle {
  /** Path of the file, from the root of the repository. */
  readonly file: string;
  /** Files in it, after what nobody uses was left out, from the root of the repository. */
  readonly inputs: readonly string[];
}

/** Builds bundles. What they have in common for Node is set here. */
export async function buildBundles(options: BuildOptions): Promise<Bundle[]> {
  const { metafile } = await build({
    bundle: true,
    platform: 'node',
    target: 'node22.15',
    logLevel: 'warning',
    ...options,
    // Names of inputs count from here, wherever the script is started.
    absWorkingDir: root,
    metafile: true,
  });
  return Object.entries(metafile.outputs).map(([file, { inputs }]) => ({
    file,
    inputs: Object.entries(inputs).flatMap(([input, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [input] : [],
    ),
  }));
}

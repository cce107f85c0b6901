// The packages that are published, as the tarballs that npm makes of them.

import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from './bundles/bundle.ts';
import { ensureBuilt } from './ensure-built.ts';

/** Folders of the packages, in the order in which they are installed. */
export const PACKAGES = ['instrumentation', 'cli'] as const;

/** Builds what is stale and packs both into a folder; gives the paths of the tarballs, in the order of PACKAGES. */
export async function packPackages(folder: string): Promise<string[]> {
  await ensureBuilt();
  await mkdir(folder, { recursive: true });
  const tarballs: string[] = [];
  for (const name of PACKAGES) {
    const { stdout } = await promisify(execFile)(
      'npm',
      // The scripts would build again.
      ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
      { cwd: path.join(root, name), shell: process.platform === 'win32' },
    );
    const answer = JSON.parse(stdout) as unknown;
    // npm 12 answers with an object by package name.
    const [packed] = Object.values(answer as Record<string, { readonly filename: string }>);
    if (packed === undefined) throw new Error(`npm pack of ${name} made nothing`);
    tarballs.push(path.join(folder, path.basename(packed.filename)));
  }
  return tarballs;
}

// A row of the matrix of frameworks, made ready to run: its packages, its program, and the bundle where it is one.

import { build } from 'esbuild';
import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import type { FrameworkRow } from '../../scripts/generate/frameworks/rows.ts';
import { installProject, installYarnProject } from '../contract/versions/cached-packages.ts';

export interface PreparedRow {
  readonly file: string;
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** `undefined` where its packages cannot be had. */
export async function prepareRow(row: FrameworkRow): Promise<PreparedRow | undefined> {
  const project = path.join(import.meta.dirname, 'projects', row.project);
  const isYarn = existsSync(path.join(project, 'yarn.lock'));
  const folder = await (isYarn ? installYarnProject(project) : installProject(project));
  if (folder === undefined) return undefined;
  const program = path.join(folder, row.program);
  await copyFile(path.join(import.meta.dirname, 'programs', row.program), program);
  const { bundle, flags = [] } = row;
  const file =
    bundle === undefined ? program : path.join(folder, `bundle.${bundle === 'cjs' ? 'cjs' : 'mjs'}`);
  if (bundle !== undefined) {
    await build({
      entryPoints: [program],
      outfile: file,
      bundle: true,
      packages: row.isWithoutPackages === true ? 'external' : 'bundle',
      minify: true,
      platform: 'node',
      format: bundle,
      logLevel: 'silent',
    });
  }
  return {
    file,
    flags,
    environment: { OTEL_SERVICE_NAME: '', NEXT_TELEMETRY_DISABLED: '1', ...row.environment },
  };
}

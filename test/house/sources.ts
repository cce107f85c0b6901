// The sources of the product, and what one of them imports and exports by name.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../..');

const PRODUCT = /^(core|signals|instrumentation|server|cli|alerts|dashboards|collector|scripts)\//;

export interface SourceFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** Modules of the product that git knows, or would if they were added. */
export function readSources(): SourceFile[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.tsx'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return listed
    .split('\n')
    .filter((file) => PRODUCT.test(file) && !file.includes('/dist/'))
    .map((file) => ({ path: file, text: readFileSync(path.join(ROOT, file), 'utf8') }));
}

/** Names that a module declares and exports. */
export function exportedNames(text: string): string[] {
  const declared =
    /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|enum|interface|type) (\w+)/gm;
  return [...new Set([...text.matchAll(declared)].map(([, name = '']) => name))];
}

/** Modules of the repository that a module imports, types included; paths from the root. */
export function importsOf({ path: file, text }: SourceFile): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, specifier = '']) =>
    path.posix.join(path.posix.dirname(file), specifier),
  );
}

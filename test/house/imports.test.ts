import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

// The real tsconfig files over one stub module per folder: only the import rules are left to fail.

const root = path.resolve(import.meta.dirname, '../..');
const FOLDERS =
  'core signals alerts/rules alerts instrumentation collector dashboards server cli examples'.split(' ');
let skeleton: string;

beforeAll(() => {
  skeleton = mkdtempSync(path.join(tmpdir(), 'tallyspan-imports-'));
  symlinkSync(path.join(root, 'node_modules'), path.join(skeleton, 'node_modules'));
  cpSync(path.join(root, 'tsconfig.base.json'), path.join(skeleton, 'tsconfig.base.json'));
  for (const folder of FOLDERS) {
    mkdirSync(path.join(skeleton, folder), { recursive: true });
    cpSync(path.join(root, folder, 'tsconfig.json'), path.join(skeleton, folder, 'tsconfig.json'));
    const manifest = path.join(root, folder, 'package.json');
    if (existsSync(manifest)) cpSync(manifest, path.join(skeleton, folder, 'package.json'));
    writeFileSync(path.join(skeleton, folder, 'stub.ts'), 'export const stub: number = 1;\n');
  }
});

afterAll(() => {
  rmSync(skeleton, { recursive: true, force: true });
});

/** What the compiler says of a module in `folder` that imports `specifier`. */
function compileImport(folder: string, specifier: string): { ok: boolean; output: string } {
  const file = path.join(skeleton, folder, 'importer.ts');
  writeFileSync(file, `import { stub } from '${specifier}';\nexport const used: unknown = stub;\n`);
  try {
    const { status, stdout } = spawnSync(
      process.execPath,
      [path.join(root, 'node_modules/typescript/bin/tsc'), '-b', folder],
      {
        cwd: skeleton,
        encoding: 'utf8',
      },
    );
    return { ok: status === 0, output: stdout };
  } finally {
    rmSync(file);
  }
}

describe('the compiler keeps the folders apart', () => {
  it.each([
    ['signals', '../core/stub.ts'],
    ['instrumentation', '../core/stub.ts'],
    ['server', '../signals/stub.ts'],
    ['server', '../alerts/rules/stub.ts'],
    ['cli', '../server/stub.ts'],
    ['dashboards', '../signals/stub.ts'],
  ])('%s may import %s', (folder, specifier) => {
    expect(compileImport(folder, specifier)).toMatchObject({ ok: true });
  });

  it.each([
    ['core', '../signals/stub.ts'],
    ['core', '../server/stub.ts'],
    ['signals', '../server/stub.ts'],
    ['alerts/rules', '../../server/stub.ts'],
    ['instrumentation', '../signals/stub.ts'],
    ['instrumentation', '../server/stub.ts'],
    ['collector', '../server/stub.ts'],
    ['dashboards', '../server/stub.ts'],
    ['server', '../instrumentation/stub.ts'],
    ['cli', '../instrumentation/stub.ts'],
    ['examples', '../core/stub.ts'],
  ])('%s may not import %s', (folder, specifier) => {
    const { ok, output } = compileImport(folder, specifier);
    expect(ok).toBe(false);
    expect(output).toContain('TS6307');
  });

  it.each(['core', 'signals', 'alerts/rules'])('%s has no Node types', (folder) => {
    const { ok, output } = compileImport(folder, 'node:fs');
    expect(ok).toBe(false);
    expect(output).toContain('node:fs');
  });
});

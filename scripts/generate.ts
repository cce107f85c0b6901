// Writes every generated file of the repository; with --check it writes nothing and names the stale ones.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { generatedFiles } from './generate/files.ts';

const root = path.resolve(import.meta.dirname, '..');
const isCheck = process.argv.includes('--check');

const stale: string[] = [];
for (const file of generatedFiles) {
  const target = path.join(root, file.path);
  const content = await file.render();
  const current = await readFile(target, 'utf8').catch(() => undefined);
  if (current === content) continue;
  stale.push(file.path);
  if (!isCheck) {
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}

if (isCheck && stale.length > 0) {
  process.stderr.write(`stale generated files: ${stale.join(', ')}\nRun: npm run generate\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(
    `${generatedFiles.length} generated files, ${stale.length} ${isCheck ? 'stale' : 'written'}\n`,
  );
}

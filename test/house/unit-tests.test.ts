import { expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findUnitTests } from '../../scripts/unit-tests.ts';
import { makeTemporaryFolder } from '../stack/folders.ts';

it('a unit test reaches nothing that starts a process or a server, however far away', async () => {
  const folder = makeTemporaryFolder('tests');
  mkdirSync(path.join(folder, 'test/deep'), { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
  write('server.ts', "import { createServer } from 'node:http'; export const server = createServer();");
  write('start.ts', "export { server } from './server.ts';");
  write('circle.ts', "import './test/deep/pure.test.ts'; export const two = 2;");
  write('test/far.test.ts', "import { server } from '../start.ts'; server.close();");
  write('test/late.test.ts', "const { server } = await import('../start.ts'); server.close();");
  write('test/near.test.ts', "import { spawn } from 'child_process'; spawn('ls');");
  write(
    'test/deep/pure.test.ts',
    "import { two } from '../../circle.ts'; import path from 'node:path'; path.join(`${two}`);",
  );
  expect(await findUnitTests(folder)).toEqual(['test/deep/pure.test.ts']);
});

it('finds those of this repository', async () => {
  const files = await findUnitTests(path.resolve(import.meta.dirname, '../..'));
  expect(files).toContain('test/core/pricing/usage.test.ts');
  expect(files).not.toContain('test/house/unit-tests.test.ts');
  expect(files.filter((file) => /^test\/(?:contract|e2e|faults|compose|collector)\//.test(file))).toEqual([]);
  expect(files.length).toBeGreaterThan(50);
});

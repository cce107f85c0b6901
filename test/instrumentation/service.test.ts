// The service by the files around a program: what names it where no variable does.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { detectService } from '../../instrumentation/process/service.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tallyspan-service-'));
  writeFileSync(path.join(folder, 'package.json'), '{"name":"shop","version":"1.2.3"}');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it.each([
  ['says only which modules are below', '{"type":"commonjs"}', 'shop', '1.2.3'],
  ['has an empty name', '{"name":"","version":"9.9.9"}', 'shop', '1.2.3'],
  ['cannot be read', '{"name": "cut', 'shop', '1.2.3'],
  ['is no object', 'null', 'shop', '1.2.3'],
  ['has a name', '{"name":"till"}', 'till', undefined],
])('a package.json that %s', (title, manifest, name, version) => {
  const below = path.join(folder, title.replaceAll(' ', '-'), 'dist');
  mkdirSync(below, { recursive: true });
  writeFileSync(path.join(below, 'package.json'), manifest);
  expect(detectService(path.join(below, 'agent.js'))).toMatchObject({ name, version, isNamed: true });
});

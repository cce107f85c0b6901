import { afterEach, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { restartOnChange, type Restarting } from '../../scripts/restart-on-change.ts';
import { makeTemporaryFolder } from '../stack/folders.ts';
import { waitUntil } from '../stack/process.ts';

const folder = makeTemporaryFolder('watched');
const log = path.join(folder, 'log');
const source = path.join(folder, 'sources/part/text');
let restarting: Restarting | undefined;

afterEach(async () => {
  await restarting?.stop();
});

it('a change starts the program again, one that cannot be built leaves it running, what is ignored does nothing', async () => {
  const said: string[] = [];
  mkdirSync(path.join(folder, 'sources/part'), { recursive: true });
  mkdirSync(path.join(folder, 'sources/dist'), { recursive: true });
  writeFileSync(log, '');
  writeFileSync(source, 'one');
  const started = (): string[] => readFileSync(log, 'utf8').split('\n').filter(Boolean);
  let builds = 0;
  restarting = await restartOnChange({
    folders: [path.join(folder, 'sources')],
    ignored: ['dist'],
    build: () => {
      builds++;
      return readFileSync(source, 'utf8') === 'wrong'
        ? Promise.reject(new Error('a mistake'))
        : Promise.resolve();
    },
    start: () =>
      spawn(process.execPath, [
        '-e',
        `const fs = require('fs'); const [log, source] = process.argv.slice(1);
         const text = fs.readFileSync(source, 'utf8'); fs.appendFileSync(log, text + ' on\\n');
         process.on('SIGTERM', () => { fs.appendFileSync(log, text + ' off\\n'); process.exit(); });
         setInterval(() => {}, 1000);`,
        log,
        source,
      ]),
    say: (line) => said.push(line),
  });
  const until = (lines: readonly string[]): Promise<unknown> =>
    waitUntil(() => started().length >= lines.length, { what: () => lines.join(', ') });
  await until(['one on']);

  writeFileSync(source, 'wrong');
  await waitUntil(() => said.includes('not built: a mistake'), { what: () => 'the mistake' });
  expect(started()).toEqual(['one on']);

  const before = builds;
  writeFileSync(path.join(folder, 'sources/dist/text'), 'made');
  writeFileSync(source, 'two');
  await until(['one on', 'one off', 'two on']);
  expect(started()).toEqual(['one on', 'one off', 'two on']);
  expect(builds).toBe(before + 1);

  await restarting.stop();
  expect(started()).toEqual(['one on', 'one off', 'two on', 'two off']);
});

// The data file deleted or replaced while the server runs: it is noticed, said, and nothing is acknowledged.

import { copyFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { getJson, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { sampleRun } from '../web/sample-run.ts';

let server: TestServer;
let file: string;

beforeEach(async () => {
  server = await startTestServer();
  file = path.join(server.dataDir, 'tallyspan.duckdb');
  await sendEvents(server, sampleRun({ mark: 'a', endMs: Date.now() }));
});

afterEach(() => rm(server.dataDir, { recursive: true, force: true }));

const WAYS: readonly (readonly [string, () => Promise<void>])[] = [
  ['deleted', () => rm(file)],
  [
    'replaced by a copy of itself',
    async () => {
      await copyFile(file, `${file}.copy`);
      await rename(`${file}.copy`, file);
    },
  ],
  [
    'replaced by another file',
    async () => {
      await writeFile(`${file}.other`, 'other');
      await rename(`${file}.other`, file);
    },
  ],
];

it.each(WAYS)(
  'a data file that is %s is noticed without anything sent, and senders are refused',
  async (_, harm) => {
    await harm();
    expect(await getJson(server, '/healthz')).toMatchObject({
      status: 'failing',
      what: expect.stringContaining('deleted or replaced') as unknown as string,
    });
    await expect(sendEvents(server, sampleRun({ mark: 'b', endMs: Date.now() }))).rejects.toThrow(
      /503.*deleted or replaced/,
    );
    await expect(server.close()).rejects.toThrow(/deleted or replaced/);
  },
);

it('a data file that is put back is used again', async () => {
  await rename(file, `${file}.away`);
  await expect(sendEvents(server, sampleRun({ mark: 'b', endMs: Date.now() }))).rejects.toThrow(/503/);
  await rename(`${file}.away`, file);
  await sendEvents(server, sampleRun({ mark: 'b', endMs: Date.now() }));
  expect(await getJson(server, '/healthz')).toEqual({ status: 'ok' });
  await server.close();
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableOf } from '../../../core/columns.ts';
import { EVENT_NAMES } from '../../../core/schema.ts';
import { openSource } from '../../../server/source.ts';
import { startChildServer } from '../child-server.ts';
import { openGrpc, sendGrpc } from '../intake/grpc-sender.ts';
import { PROTOBUF_TYPE, encodeLogs, makeDataDir, post, startTestServer } from '../harness.ts';
import { sampleRun } from '../web/sample-run.ts';

const MARKS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

const KILLS = 20;

let dataDir: string;

beforeEach(async () => {
  dataDir = await makeDataDir();
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function countEvents(): Promise<number> {
  const source = await openSource({ dataDir });
  try {
    return (await source.meta()).events;
  } finally {
    await source.close();
  }
}

describe('an acknowledged record survives kill -9', () => {
  it('whenever the kill comes, twenty times, over HTTP and gRPC in turn', async () => {
    const length = sampleRun({ mark: 'a', endMs: 0 }).length;
    let acknowledged = 0;
    for (let round = 0; round < KILLS; round++) {
      const server = await startChildServer({ dataDir });
      const grpc = round % 2 === 1 ? openGrpc(server.grpcAddress) : undefined;
      const pending = MARKS.map(async (mark, index) => {
        const run = sampleRun({ mark, endMs: Date.now(), seq: 1 + round * 1000 });
        const events = run.map((event) => ({ ...event, 'service.instance.id': `${round}-${index}` }));
        const isStored =
          grpc === undefined
            ? (await post(server.httpAddress, '/v1/logs', encodeLogs(events), PROTOBUF_TYPE)).status === 200
            : await sendGrpc(grpc, encodeLogs(events));
        if (isStored) acknowledged += length;
      });
      // The first answers are in when the kill comes; the later ones are cut off.
      await Promise.race(pending);
      await server.stop('SIGKILL');
      await Promise.allSettled(pending);
      grpc?.close();
    }
    expect(acknowledged).toBeGreaterThanOrEqual(length);
    expect(await countEvents()).toBeGreaterThanOrEqual(acknowledged);
  });

  it('and SIGTERM stores what was sent, closes the file and exits 0', async () => {
    const server = await startChildServer({ dataDir });
    const run = sampleRun({ mark: 'a', endMs: Date.now() });
    const sent = post(server.httpAddress, '/v1/logs', encodeLogs(run), PROTOBUF_TYPE);
    expect((await sent).status).toBe(200);
    expect(await server.stop('SIGTERM')).toBe(0);
    expect(await countEvents()).toBe(run.length);
  });
});

describe('a start that cannot succeed says what, where and what to do', () => {
  it('a folder that another process has', async () => {
    const server = await startChildServer({ dataDir });
    await expect(startChildServer({ dataDir })).rejects.toThrow(
      new RegExp(`${dataDir}.* is in use by another process \\(PID ${server.pid}\\)\\. .*--data`),
    );
    await server.stop('SIGTERM');
  });

  it('a used port, for each of the three, and nothing stays open', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => squatter.once('listening', listening));
    const { port } = squatter.address() as { port: number };
    for (const [key, option] of [
      ['uiPort', '--port'],
      ['httpPort', '--http-port'],
      ['grpcPort', '--grpc-port'],
    ] as const) {
      await expect(startTestServer({ dataDir, [key]: port })).rejects.toThrow(
        `choose another with ${option}`,
      );
    }
    squatter.close();
    await (await startTestServer({ dataDir })).close();
  });

  it('a file of a newer tallyspan', async () => {
    await (await startTestServer({ dataDir })).close();
    const instance = await DuckDBInstance.create(path.join(dataDir, 'tallyspan.duckdb'));
    const connection = await instance.connect();
    await connection.run('INSERT INTO tallyspan_format VALUES (1000, now())');
    connection.closeSync();
    instance.closeSync();
    await expect(startTestServer({ dataDir })).rejects.toThrow(/newer tallyspan.*Upgrade/);
    await expect(openSource({ dataDir })).rejects.toThrow(/newer tallyspan.*Upgrade/);
  });

  it('a folder that cannot be made', async () => {
    await writeFile(path.join(dataDir, 'file'), '');
    await expect(startTestServer({ dataDir: path.join(dataDir, 'file', 'data') })).rejects.toThrow(
      /cannot make the data folder .*--data/,
    );
  });

  it('another address than loopback without a token', async () => {
    await expect(startTestServer({ dataDir, host: '0.0.0.0' })).rejects.toThrow(/TALLYSPAN_TOKEN/);
  });

  it('a folder without data, when it is only to be read', async () => {
    await expect(openSource({ dataDir })).rejects.toThrow(/no data at .*tallyspan up/);
  });
});

describe('a file of an older tallyspan', () => {
  it('gets the columns that it lacks and is read by their names', async () => {
    await (await startTestServer({ dataDir })).close();
    const instance = await DuckDBInstance.create(path.join(dataDir, 'tallyspan.duckdb'));
    const connection = await instance.connect();
    await connection.run('ALTER TABLE agent_run DROP COLUMN agent_turns');
    connection.closeSync();
    instance.closeSync();
    const server = await startTestServer({ dataDir });
    const run = sampleRun({ mark: 'a', endMs: Date.now() });
    await post(server.httpAddress, '/v1/logs', encodeLogs(run), PROTOBUF_TYPE);
    await server.close();
    const source = await openSource({ dataDir });
    expect(await source.run('a'.repeat(32))).toMatchObject({ 'agent.status': 'ok', 'agent.turns': 2 });
    await source.close();
  });

  it.each(['by a server', 'by a command alone'])(
    'with one table of all events has one for each when it is opened %s',
    async (how) => {
      const first = await startTestServer({ dataDir });
      const run = sampleRun({ mark: 'a', endMs: Date.now() });
      await post(first.httpAddress, '/v1/logs', encodeLogs(run), PROTOBUF_TYPE);
      await first.close();
      const before = await openSource({ dataDir });
      const tree = await before.run('a'.repeat(32));
      await before.close();
      await makeFormat1();
      if (how === 'by a server') await (await startTestServer({ dataDir })).close();
      const after = await openSource({ dataDir });
      expect(await after.run('a'.repeat(32))).toEqual(tree);
      expect((await after.meta()).events).toBe(run.length);
      await after.close();
    },
  );
});

/** Makes the file what format 1 was. */
async function makeFormat1(): Promise<void> {
  const instance = await DuckDBInstance.create(path.join(dataDir, 'tallyspan.duckdb'));
  const connection = await instance.connect();
  await connection.run('CREATE TABLE wide AS SELECT * FROM events');
  await connection.run('DROP VIEW events');
  for (const name of EVENT_NAMES) await connection.run(`DROP TABLE ${tableOf(name)}`);
  await connection.run('ALTER TABLE wide RENAME TO events');
  await connection.run('DELETE FROM tallyspan_format WHERE format > 1');
  connection.closeSync();
  instance.closeSync();
}

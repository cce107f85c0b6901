import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { decodeEvent } from '../../../core/event.ts';
import { openSource, type Source } from '../../../server/source.ts';
import { makeDataDir, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { sampleRun } from '../web/sample-run.ts';

const NOW = Date.now();
const RUNS = [...sampleRun({ mark: 'a', endMs: NOW - 60_000 }), ...sampleRun({ mark: 'b', endMs: NOW })];

let server: TestServer;
let source: Source;
let folder: string;

beforeAll(async () => {
  folder = await makeDataDir();
  server = await startTestServer();
  await sendEvents(server, RUNS);
  source = await openSource({ url: server.uiUrl });
});

afterAll(async () => {
  await source.close();
  await server.remove();
  await rm(folder, { recursive: true, force: true });
});

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

describe('export', () => {
  it('as JSON lines gives back the events, to the field, in the order of time', async () => {
    const text = (await bytesOf(source.export({ format: 'jsonl' }))).toString();
    const events = text.trimEnd().split('\n').map(decodeEvent);
    expect(events).toEqual(RUNS.toSorted((a, b) => a.timestamp - b.timestamp));
  });

  it('what was exported can be sent to another server, which has the same runs then', async () => {
    const text = (await bytesOf(source.export({ format: 'jsonl' }))).toString();
    const other = await startTestServer();
    const events = text.trimEnd().split('\n').map(decodeEvent);
    await sendEvents(
      other,
      events.filter((event) => event !== undefined),
    );
    const copy = await openSource({ url: other.uiUrl });
    expect(await copy.runs({ limit: 10 })).toEqual(await source.runs({ limit: 10 }));
    await other.remove();
  });

  it('as CSV holds no text that a spreadsheet would run, and numbers as they are', async () => {
    const other = await startTestServer();
    const evil = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1'];
    const events = sampleRun({ mark: 'e', endMs: NOW }).slice(0, evil.length);
    await sendEvents(
      other,
      events.map((event, index) => ({ ...event, 'user.id': evil[index] ?? 'plain = 1' })),
    );
    const copy = await openSource({ url: other.uiUrl });
    const file = path.join(folder, 'evil.csv');
    await writeFile(file, await bytesOf(copy.export({ format: 'csv' })));
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const answer = await connection.runAndReadAll(
      `SELECT user_id FROM read_csv('${file}', all_varchar = true)`,
    );
    const users = answer.getRowObjects().map((row) => String(row['user_id']));
    expect(users.length).toBe(events.length);
    for (const user of users) expect(user).toMatch(/^('|plain)/);
    connection.closeSync();
    instance.closeSync();
    await other.remove();
  });

  it('takes only the time that is asked for', async () => {
    const text = (await bytesOf(source.export({ format: 'jsonl', since: NOW - 30_000 }))).toString();
    expect(text.trimEnd().split('\n')).toHaveLength(RUNS.length / 2);
  });

  it('as CSV has a head and a line per event', async () => {
    const lines = (await bytesOf(source.export({ format: 'csv' }))).toString().trimEnd().split('\n');
    expect(lines[0]).toMatch(/^timestamp,event_name,/);
    expect(lines).toHaveLength(1 + RUNS.length);
  });

  it('as Parquet is read by others', async () => {
    const file = path.join(folder, 'events.parquet');
    await writeFile(file, await bytesOf(source.export({ format: 'parquet' })));
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const answer = await connection.runAndReadAll(
      `SELECT count(*), sum(cost_nano_usd) FROM '${file}' WHERE event_name = 'agent.model_call'`,
    );
    expect(answer.getRowsJS()).toEqual([[4n, 15_500_000n]]);
  });

  it('in another format is refused', async () => {
    const answer = await fetch(`${server.uiUrl}/api/export?format=xlsx`);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ detail: 'format is jsonl, csv, parquet, not xlsx' }),
    ]);
  });
});

describe('a backup of a running server', () => {
  it('is a database file with everything that was committed', async () => {
    await writeFile(path.join(folder, 'tallyspan.duckdb'), await bytesOf(source.backup()));
    const copy = await openSource({ dataDir: folder });
    expect(await copy.runs({ limit: 10 })).toEqual(await source.runs({ limit: 10 }));
    await copy.close();
    const again = await openSource({ dataDir: folder });
    expect((await bytesOf(again.backup())).length).toBeGreaterThan(0);
    await again.close();
    const restored = await startTestServer({ dataDir: folder });
    await sendEvents(restored, sampleRun({ mark: 'c', endMs: NOW }));
    await restored.close();
  });
});

// A file whose log and rows need more memory than the server gives the database, as older versions wrote them: it opens.

import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, it } from '@jest/globals';
import { attachSql } from '../../../server/store/file/attached-file.ts';
import { makeDataDir } from '../data-dir.ts';
import { openTestStore, removeTestStore } from '../test-store.ts';

const CALLS = 400;
const TEXT_PARTS = 7000;
/** Their lists take 80 MB together. */
const WIDE_CALLS = 2500;

it('a log of wide rows is opened, checkpointed and closed with as much memory as it takes', async () => {
  const dataDir = await makeDataDir();
  await (await openTestStore(dataDir)).database.close();
  const instance = await DuckDBInstance.create(':memory:', { default_block_size: '16384', threads: '1' });
  const connection = await instance.connect();
  await connection.run(attachSql(path.join(dataDir, 'tallyspan.duckdb'), 'old', false));
  await connection.run("SET checkpoint_threshold = '10GB'; PRAGMA disable_checkpoint_on_shutdown");
  for (let from = 0; from < CALLS; from += 100)
    await connection.run(
      `INSERT INTO old.agent_model_call BY NAME
       SELECT make_timestamptz((1795000000000 + ${from} + range) * 1000) AS timestamp,
         (SELECT string_agg(uuid()::VARCHAR, '') FROM range(${TEXT_PARTS}) AS part(n) WHERE n + outer_range.range >= 0) AS tallyspan_request_json
       FROM range(100) AS outer_range`,
    );
  connection.closeSync();
  instance.closeSync();
  const opened = await openTestStore(dataDir);
  await opened.store.write({
    events: [{ timestamp: 1, 'event.name': 'agent.model_call', cost_nano_usd: 1 }],
    spans: [],
  });
  const [row] = await opened.database.all('SELECT count(*) AS calls FROM agent_model_call');
  expect([row?.['calls'], opened.store.counters.commitsFailed]).toEqual([CALLS + 1, 0]);
  await opened.database.close();
  const again = await openTestStore(dataDir);
  const [after] = await again.database.all('SELECT count(*) AS calls FROM agent_model_call');
  expect(after?.['calls']).toBe(CALLS + 1);
  await removeTestStore(again);
});

function wideList(row: number): string[] {
  return Array.from({ length: 32 }, (_, item) =>
    `${row}/${item}/`.padEnd(1000, String((row * 7919 + item) % 9973)),
  );
}

it('rows that do not fit into the usual memory are stored with their content, and again after a start', async () => {
  const dataDir = await makeDataDir();
  const opened = await openTestStore(dataDir);
  const events = Array.from({ length: WIDE_CALLS }, (_, row) => ({
    timestamp: 1_795_000_000_000 + row,
    'event.name': 'agent.model_call' as const,
    trace_id: 'a'.repeat(32),
    span_id: String(row).padStart(16, '0'),
    'tallyspan.prefix.messages': wideList(row),
    ...(row === 5 && { 'tallyspan.request_json': '{"messages":[]}' }),
  }));
  await opened.store.write({ events, spans: [] });
  await opened.store.write({ events: [{ timestamp: 1, 'event.name': 'agent.model_call' }], spans: [] });
  expect([opened.store.counters.eventsStored, opened.store.counters.commitsFailed]).toEqual([
    WIDE_CALLS + 1,
    0,
  ]);
  await opened.database.close();
  const again = await openTestStore(dataDir);
  const [row] = await again.database.all(
    `SELECT count(*) AS calls, count(DISTINCT span_id) AS spans,
       (SELECT count(*) FROM recorded_content) AS pieces FROM agent_model_call`,
  );
  expect(row).toEqual({ calls: WIDE_CALLS + 1, spans: WIDE_CALLS, pieces: 1 });
  await removeTestStore(again);
});

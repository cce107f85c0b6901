// Texts of a batch reach DuckDB by their place in memory where its layout is the known one, else one by one.

import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from '@jest/globals';
import { EventAppender } from '../../../server/store/columns/event-appender.ts';
import { EventBatch } from '../../../server/store/columns/event-batch.ts';
import { putText, TextMemory } from '../../../server/store/columns/text-memory.ts';

const TEXTS = ['a', '', 'exactly twel', 'thirteen byte', 'ä€😀', 'nul\0within', 'long '.repeat(9000)];

/** Only the table that is written, with its columns in their order. */
const COLUMNS = new Map([
  [
    'agent_run',
    [
      { key: 'agent.run_id', name: 'agent_run_id', kind: 'string' as const },
      { key: 'user.id', name: 'user_id', kind: 'string' as const },
    ],
  ],
]);

async function readBack(hasTextMemory: boolean): Promise<unknown[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run('CREATE TABLE agent_run (agent_run_id VARCHAR, user_id VARCHAR)');
  const appender = new EventAppender(connection, COLUMNS, hasTextMemory);
  // More than a chunk, in two batches, with rows that have no value.
  const events = Array.from({ length: 3000 }, (_, index) => ({
    'event.name': 'agent.run' as const,
    timestamp: 1,
    'agent.run_id': `run-${index}`,
    ...(index % 8 === 7 ? {} : { 'user.id': TEXTS[index % 8] as string }),
  }));
  const batches = [EventBatch.of(events.slice(0, 1000)), EventBatch.of(events.slice(1000))];
  await appender.append(
    batches.map((batch) => ({ batch, rows: Array.from({ length: batch.rows }, (_, row) => row) })),
  );
  const reader = await connection.runAndReadAll('SELECT agent_run_id, user_id FROM agent_run');
  const rows = reader.getRows();
  appender.forget();
  connection.closeSync();
  instance.closeSync();
  expect(rows).toEqual(
    events.map((event) => [event['agent.run_id'], (event as { 'user.id'?: string })['user.id'] ?? null]),
  );
  return rows;
}

describe('texts of events', () => {
  it('are the same by their place in memory and one by one', async () => {
    expect(await readBack(true)).toEqual(await readBack(false));
  });

  it('go by their place, as the layout of this DuckDB is the known one', () => {
    expect(new TextMemory().hasKnownLayout()).toBe(true);
  });

  it('stand in their cell up to twelve bytes', () => {
    const words = new Uint32Array(4);
    const bytes = Buffer.from('0123456789abcdef');
    putText({ words, bytes: new Uint8Array(words.buffer) }, 0, { bytes, address: 2 ** 33 }, 1, 12);
    expect(Buffer.from(words.buffer).subarray(4).toString()).toBe('123456789abc');
    putText({ words, bytes: new Uint8Array(words.buffer) }, 0, { bytes, address: 2 ** 33 }, 1, 13);
    expect([words[0], Buffer.from(words.buffer).subarray(4, 8).toString(), words[2], words[3]]).toEqual([
      13,
      '1234',
      1,
      2,
    ]);
  });
});

// A data file of an older version, whose tables lack what the schema has got since: commands that only read it, with no
// server before them, find all that is in it.

import { rm } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { columnOf, tableOf } from '../../../core/columns.ts';
import { openDatabaseReadOnly } from '../../../server/store/file/database.ts';
import { openSource } from '../../../server/source.ts';
import { sampleRun } from '../web/sample-run.ts';
import { openTestStore } from '../test-store.ts';

it('is brought to the schema of today before it is read', async () => {
  const { dataDir, database, store } = await openTestStore();
  try {
    const run = sampleRun({ mark: 'a', endMs: Date.now() });
    await store.write({ events: run, spans: [] });
    await database.writer?.run('DROP VIEW events');
    await database.writer?.run('DROP TABLE judge_call');
    const table = tableOf('agent.model_call');
    await database.writer?.run(`ALTER TABLE ${table} DROP COLUMN ${columnOf('anthropic.plan')}`);
    await database.close();

    const source = await openSource({ dataDir });
    expect((await source.meta()).events).toBe(run.length);
    await source.close();

    const read = await openDatabaseReadOnly(dataDir);
    const rows = await read.all(
      `SELECT (SELECT count(*) FROM judge_call) AS judged, ${columnOf('anthropic.plan')} AS plan FROM ${table}`,
    );
    expect(rows[0]).toEqual({ judged: 0, plan: null });
    await read.close();
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});

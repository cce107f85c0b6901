// Look-ups of what is stored already: what they bring from the database grows with the batch, not with the time that
// lies between its rows.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { EventRecord } from '../../../core/event.ts';
import type { Database } from '../../../server/store/file/database.ts';
import type { SpanRow } from '../../../server/store/file/tables.ts';
import { EventStore } from '../../../server/store/write/event-store.ts';
import { timeClusters } from '../../../core/time/time-clusters.ts';
import { openTestStore, removeTestStore, type TestStore } from '../test-store.ts';

const STORED = 200_000;
const WEEK_MS = 7 * 864e5;
const NOW = 1_795_000_000_000;
const FIRST = 946_684_800_000;

let opened: TestStore;
let rowsRead = 0;

beforeAll(async () => {
  opened = await openTestStore();
  await opened.store.exclusively(async (writer) => {
    await writer.run(
      `INSERT INTO spans BY NAME SELECT printf('%032x', range) AS trace_id, printf('%016x', range) AS span_id, 'n' AS name,
         0 AS kind, 0 AS status_code, '{}' AS attributes, '{}' AS resource,
         make_timestamptz((${NOW - WEEK_MS}::BIGINT + range * 3000) * 1000) AS start_time,
         make_timestamptz((${NOW - WEEK_MS}::BIGINT + range * 3000) * 1000) AS end_time FROM range(${STORED})`,
    );
    await writer.run(
      `INSERT INTO agent_tool_call BY NAME SELECT printf('%032x', range) AS trace_id, printf('%016x', range) AS span_id,
         make_timestamptz((${NOW - WEEK_MS}::BIGINT + range * 3000) * 1000) AS timestamp FROM range(${STORED})`,
    );
  });
  const counting: Database = {
    ...opened.database,
    async all(sql, values) {
      const rows = await opened.database.all(sql, values);
      rowsRead += rows.length;
      return rows;
    },
  };
  opened = { ...opened, store: await EventStore.open(counting) };
  rowsRead = 0;
});

afterAll(() => removeTestStore(opened));

function spanAt(index: number, startMs: number): SpanRow {
  const id = index.toString(16);
  return {
    trace_id: id.padStart(32, '0'),
    span_id: id.padStart(16, '0'),
    name: 'n',
    kind: 0,
    status_code: 0,
    attributes: '{}',
    resource: '{}',
    start_time: startMs,
    end_time: startMs,
  };
}

function callAt(index: number, timestamp: number): EventRecord {
  const { trace_id, span_id } = spanAt(index, timestamp);
  return { timestamp, 'event.name': 'agent.tool_call', trace_id, span_id };
}

it('a batch of now and of long ago brings no more than its own rows', async () => {
  const times = [FIRST, NOW, NOW - WEEK_MS + 3000];
  // The last of each is stored already.
  const places = [STORED + 1, STORED + 2, 1];
  await opened.store.write({
    events: times.map((time, index) => callAt(places[index] as number, time)),
    spans: times.map((time, index) => spanAt(places[index] as number, time)),
  });
  expect(opened.store.counters).toMatchObject({
    eventsStored: 2,
    eventsDuplicate: 1,
    spansStored: 2,
    spansDuplicate: 1,
  });
  expect(rowsRead).toBeLessThanOrEqual(2 * times.length);
});

it('times are looked for in a few stretches, apart by the largest gaps', () => {
  expect(timeClusters([])).toEqual([]);
  expect(timeClusters([5])).toEqual([{ from: 5, to: 5 }]);
  expect(timeClusters([NOW, FIRST, NOW - 1])).toEqual([
    { from: FIRST, to: FIRST },
    { from: NOW - 1, to: NOW },
  ]);
  const many = Array.from({ length: 100 }, (_, index) => FIRST + index * WEEK_MS);
  const clusters = timeClusters(many);
  expect(clusters.length).toBeLessThanOrEqual(4);
  for (const time of many) expect(clusters.some(({ from, to }) => time >= from && time <= to)).toBe(true);
});

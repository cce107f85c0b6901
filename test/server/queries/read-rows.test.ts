import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEventRows } from '../../../server/queries/runs/read-rows.ts';
import { openTestStore, removeTestStore, type TestStore } from '../test-store.ts';

const ROWS = 50;

let opened: TestStore;

beforeAll(async () => {
  opened = await openTestStore();
  // The later, the earlier they come.
  await opened.store.write({
    events: Array.from({ length: ROWS }, (_, index) => ({
      timestamp: 1_795_000_000_000 + 1000 * Math.floor((ROWS - index) / 2),
      'event.name': index % 3 === 0 ? 'agent.note' : 'agent.tool_call',
      'service.instance.id': 'p',
      'tallyspan.seq': ROWS - index,
    })),
    spans: [],
  });
});

afterAll(() => removeTestStore(opened));

describe('rows of events', () => {
  it.each([1, 10, 33, ROWS, 1000])('up to %i of them are the first, in order', async (limit) => {
    const rows = await readEventRows(opened.database, 'true', limit);
    const places = Array.from({ length: Math.min(limit, ROWS) }, (_, index) => index + 1);
    expect(rows.map((row) => row['tallyspan_seq'])).toEqual(places);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEventRows } from '../../../server/queries/runs/read-rows.ts';
import type { DatabaseRow } from '../../../server/store/file/database.ts';
import { openTestStore, removeTestStore, type TestStore } from '../test-store.ts';

const ROWS = 50;
/** Three pages, the last of them full. */
const MANY = 3 * 8192;

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
  it.each([1, 10, 33, ROWS, 1000])('up to %i of an event are the first, in order', async (limit) => {
    const rows = await readEventRows(opened.database, 'true', () => limit);
    const places = Array.from({ length: ROWS }, (_, index) => index + 1);
    const isNote = (place: number): boolean => (ROWS - place) % 3 === 0;
    const expected = [
      ...places.filter(isNote).slice(0, limit),
      ...places.filter((place) => !isNote(place)).slice(0, limit),
    ];
    expect(rows.map((row) => row['tallyspan_seq'])).toEqual(expected.sort((a, b) => a - b));
  });

  it('of more than one page are all there, once, without columns that have no value', async () => {
    await opened.store.write({
      events: Array.from({ length: MANY }, (_, index) => ({
        timestamp: 1_796_000_000_000 + index,
        'event.name': 'agent.tool_cost',
        'service.instance.id': 'q',
        'tallyspan.seq': index + 1,
        tokens: index,
      })),
      spans: [],
    });
    const read = (limit: number): Promise<DatabaseRow[]> =>
      readEventRows(opened.database, "service_instance_id = 'q'", () => limit, ['agent.tool_cost']);
    expect((await read(MANY)).map((row) => row['tokens'])).toEqual(Array.from({ length: MANY }, (_, n) => n));
    expect((await read(MANY - 1)).length).toBe(MANY - 1);
    expect(Object.values((await read(1))[0] ?? {})).not.toContain(null);
  });
});

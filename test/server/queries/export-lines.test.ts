import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeEvent, type EventRecord } from '../../../core/event.ts';
import { exportEvents } from '../../../server/queries/export/export-events.ts';
import { LineSheet } from '../../../server/queries/export/line-sheet.ts';
import { openTestStore, removeTestStore, type TestStore } from '../test-store.ts';

const ROWS = 7000;
const START_MS = 1_795_000_000_000;

/** Of two kinds, with values of several types; several in each millisecond. */
const EVENTS: readonly EventRecord[] = Array.from({ length: ROWS }, (_, index): EventRecord => {
  const common = {
    timestamp: START_MS + Math.floor(index / 3),
    'service.instance.id': 'process-1',
    'tallyspan.seq': index,
  };
  return index % 2 === 0
    ? { ...common, 'event.name': 'agent.note', 'agent.note.text': `Grüße „${index}“\n` }
    : {
        ...common,
        'event.name': 'agent.tool_call',
        'tool.ok': index % 3 === 0,
        duration_ms: index,
        'tool.input_keys': ['limit', 'query'],
        'tool.result_len': index,
      };
});

let opened: TestStore;

beforeAll(async () => {
  opened = await openTestStore();
  // Not in the order of their time.
  await opened.store.write({ events: EVENTS.toReversed(), spans: [] });
});

afterAll(() => removeTestStore(opened));

describe('an export of many events as JSON lines', () => {
  it('comes in pieces of some thousand lines, to the field, in order of time and place', async () => {
    const pieces: string[][] = [];
    for await (const piece of exportEvents(opened.database, { format: 'jsonl' }))
      pieces.push(Buffer.from(piece).toString().trimEnd().split('\n'));
    expect(Math.max(...pieces.map((lines) => lines.length))).toBeLessThan(2100);
    expect(pieces.flat().map(decodeEvent)).toEqual(EVENTS);
  });

  it('has only the events that are asked for', async () => {
    const times = { since: START_MS + 10, until: START_MS + 1000 };
    const parts: Uint8Array[] = [];
    const asked = { format: 'jsonl', names: ['agent.note'], ...times } as const;
    for await (const piece of exportEvents(opened.database, asked)) parts.push(piece);
    const expected = EVENTS.filter(
      ({ timestamp, 'event.name': name }) =>
        name === 'agent.note' && timestamp > times.since && timestamp <= times.until,
    );
    expect(Buffer.concat(parts).toString().trimEnd().split('\n').map(decodeEvent)).toEqual(expected);
  });
});

describe('a line sheet', () => {
  it('grows with its lines and is empty once they are taken', () => {
    const sheet = new LineSheet();
    const long = 'ä'.repeat(700_000);
    sheet.add(long, 2000, 1);
    sheet.add('second', 1000, 2);
    sheet.add('first', 1999, 1);
    expect(Buffer.from(sheet.take()).toString()).toBe(`first\nsecond\n${long}\n`);
    expect(sheet.take()).toHaveLength(0);
    sheet.add('again', 1, 1);
    expect(Buffer.from(sheet.take()).toString()).toBe('again\n');
  });
});

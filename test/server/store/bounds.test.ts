// Bounds of what is stored: long texts and lists are cut and marked, recorded content lies apart, and the folder opens
// again whatever came.

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../../core/event.ts';
import { LIST_LIMITS, TEXT_LIMITS } from '../../../core/field-limits.ts';
import { readRecording } from '../../../server/queries/runs/read-recording.ts';
import { openTestStore, removeTestStore, type TestStore } from '../test-store.ts';

const START_MS = 1_795_000_000_000;
const RUN = 'a'.repeat(32);
const TEXT_BYTES = 190_000;
const CALLS = 120;
const LONG_BYTES = 15_000_000;

let opened: TestStore;
let sequence = 0;

beforeAll(async () => {
  opened = await openTestStore();
});

afterAll(() => removeTestStore(opened));

function note(fields: Partial<EventRecord>): EventRecord {
  sequence++;
  return {
    timestamp: START_MS + sequence,
    'event.name': 'agent.note',
    'service.instance.id': 'p',
    'tallyspan.seq': sequence,
    ...fields,
  };
}

async function reopen(): Promise<void> {
  await opened.database.close();
  opened = await openTestStore(opened.dataDir);
}

describe('a value beyond what its field may hold', () => {
  it('is cut at a character, told apart from others by a hash, and named', async () => {
    const same = 'ä'.repeat(5000);
    await opened.store.write({
      events: [
        note({ 'user.id': `${same}1` }),
        note({ 'user.id': `${same}2` }),
        note({ 'user.id': 'short' }),
      ],
      spans: [],
    });
    const rows = await opened.database.all(
      'SELECT user_id AS id, tallyspan_cut_fields AS cut FROM agent_note ORDER BY timestamp',
    );
    const ids = rows.map((row) => String(row['id']));
    expect(new Set(ids).size).toBe(3);
    for (const id of ids.slice(0, 2)) {
      expect(id).toMatch(/^ä+…[0-9a-f]{12}$/);
      expect(Buffer.byteLength(id)).toBeLessThanOrEqual(TEXT_LIMITS.name);
    }
    expect(rows.map((row) => row['cut'])).toEqual([['user.id'], ['user.id'], null]);
  });

  it('of a list is cut in items and in each', async () => {
    await opened.store.write({
      events: [
        {
          ...note({}),
          'event.name': 'agent.run.started',
          'agent.run_id': 'b'.repeat(32),
          'agent.tags': ['y'.repeat(1e6), ...Array.from({ length: 100_000 }, (_, index) => `t${index}`)],
        },
      ],
      spans: [],
    });
    const [row] = await opened.database.all(
      'SELECT agent_tags AS tags, tallyspan_cut_fields AS cut FROM agent_run_started',
    );
    const tags = row?.['tags'] as string[];
    expect(tags).toHaveLength(LIST_LIMITS.items);
    expect(tags[0]?.length).toBeLessThanOrEqual(LIST_LIMITS.itemChars);
    expect(row?.['cut']).toEqual(['agent.tags']);
  });

  it('of megabytes in every event is stored, and the folder opens again', async () => {
    const before = opened.store.counters.commitsFailed;
    const long = 'x'.repeat(LONG_BYTES);
    await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        opened.store.write({ events: [note({ 'user.id': `${long}${index}` })], spans: [] }),
      ),
    );
    expect(opened.store.counters.commitsFailed).toBe(before);
    await reopen();
    const [row] = await opened.database.all(
      "SELECT count(DISTINCT user_id) AS users FROM agent_note WHERE user_id LIKE 'xxx%'",
    );
    expect(row?.['users']).toBe(5);
  });
});

describe('recorded content', () => {
  it('of hundreds of kilobytes in every call is stored, read back, and no hindrance to a start', async () => {
    const requests = Array.from({ length: CALLS }, () =>
      randomBytes((TEXT_BYTES * 3) / 4).toString('base64'),
    );
    for (const [index, request] of requests.entries())
      await opened.store.write({
        events: [
          {
            ...note({ trace_id: RUN, span_id: String(index).padStart(16, '0'), 'agent.run_id': RUN }),
            'event.name': 'agent.model_call',
            'tallyspan.request_json': request,
          },
        ],
        spans: [],
      });
    expect(opened.store.counters.commitsFailed).toBe(0);
    await reopen();
    const recording = await readRecording(opened.database, RUN);
    expect(recording?.steps).toHaveLength(CALLS);
    for (const step of recording?.steps ?? [])
      expect(step.sealed_request?.length).toBeGreaterThan(TEXT_BYTES / 2);
    const [row] = await opened.database.all(
      'SELECT count(tallyspan_request_json) AS wide, max(octet_length(sealed)) AS piece FROM agent_model_call, recorded_content',
    );
    expect(row?.['wide']).toBe(0);
    expect(row?.['piece']).toBeLessThan(4096);
  }, 180_000);

  it('that is longer than may be is left out and marked', async () => {
    await opened.store.write({
      events: [
        {
          ...note({ trace_id: RUN, span_id: 'f'.repeat(16) }),
          'event.name': 'agent.model_call',
          'tallyspan.response_json': 'z'.repeat(TEXT_LIMITS.content + 1),
        },
      ],
      spans: [],
    });
    const [row] = await opened.database.all(
      `SELECT tallyspan_content_cut AS cut FROM agent_model_call WHERE span_id = '${'f'.repeat(16)}'`,
    );
    expect(row?.['cut']).toBe(true);
  });
});

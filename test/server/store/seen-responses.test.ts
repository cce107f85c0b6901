import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../../core/event.ts';
import { openTestStore, removeTestStore, type TestStore } from '../test-store.ts';

/** More than are held in memory, in this order. */
const RESPONSES = 60_000;
const PER_WRITE = 10_000;
const START_MS = 1_795_000_000_000;

let opened: TestStore;

function callOf(response: number, sequence: number): EventRecord {
  return {
    timestamp: START_MS + sequence,
    'event.name': 'agent.model_call',
    'service.instance.id': 'p',
    'tallyspan.seq': sequence,
    'gen_ai.response.id': `msg_${response}`,
    cost_nano_usd: 1,
  };
}

async function countedTwice(): Promise<number> {
  const [row] = await opened.database.all(
    `SELECT coalesce(sum(n - 1), 0)::DOUBLE AS n FROM (SELECT count(*) AS n FROM agent_model_call
       WHERE tallyspan_duplicate IS NOT TRUE GROUP BY gen_ai_response_id)`,
  );
  return Number(row?.['n']);
}

beforeAll(async () => {
  opened = await openTestStore();
  for (let first = 1; first <= RESPONSES; first += PER_WRITE)
    await opened.store.write({
      events: Array.from({ length: PER_WRITE }, (_, index) => callOf(first + index, first + index)),
      spans: [],
    });
});

afterAll(() => removeTestStore(opened));

describe('of more responses than are held', () => {
  it('each counts', async () => {
    const [row] = await opened.database.all(
      'SELECT count(*) AS n FROM agent_model_call WHERE tallyspan_duplicate IS NOT TRUE',
    );
    expect(row?.['n']).toBe(RESPONSES);
  });

  it('the newest fifty thousand are recognised when they come again, and only these', async () => {
    const again = [10_001, 35_000, RESPONSES, 1, 9_999];
    await opened.store.write({
      events: again.map((response, index) => callOf(response, RESPONSES + 1 + index)),
      spans: [],
    });
    expect(await countedTwice()).toBe(2);
  });
});

// Waste of a store that is read in slices: the same as of all events held at once, however small the slices are.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { EventRecord } from '../../core/event.ts';
import { findWaste } from '../../core/findings/find-waste.ts';
import { WasteSums } from '../../core/findings/waste-sums.ts';
import { readWaste } from '../../server/queries/findings/read-waste.ts';
import { generatePeriod, type Setting } from '../diagnosis/generate-period.ts';
import { openTestStore, removeTestStore, type TestStore } from '../server/test-store.ts';

const FROM = Date.UTC(2026, 10, 20);
const TO = FROM + 3 * 86_400_000;
/** Agents of every kind of waste, at the same time; long calls begin before and end after others. */
const SETTINGS: readonly Partial<Setting>[] = [
  { cache: 'off' },
  { gapMs: 400_000 },
  { breaks: 'tools_reordered' },
  { breaks: 'messages_changed', toolFailureRate: 0.4 },
];

const events: EventRecord[] = SETTINGS.flatMap((setting, index) =>
  generatePeriod({ runs: 12, seed: 4 + 1_000 * index, fromMs: FROM, spacingMs: 900_000, ...setting }).map(
    (event, at): EventRecord => ({
      ...event,
      'tallyspan.process_id': String(index).repeat(32),
      'tallyspan.seq': at + 1,
      'gen_ai.agent.name': `agent-${String(index)}`,
      ...(event['event.name'] === 'agent.model_call'
        ? {
            duration_ms: at % 9 === 0 ? 300_000 : 2_000,
            ...(at % 11 === 0 ? { 'gen_ai.response.finish_reasons': ['max_tokens'] } : {}),
          }
        : {}),
      ...(event['event.name'] === 'agent.tool_call' ? { 'tool.retry_attempt': at % 3 } : {}),
    }),
  ),
);
const [, second] = [...new Set(events.map((event) => event['agent.run_id']))];
events.push({
  timestamp: FROM + 905_000,
  'event.name': 'agent.note',
  trace_id: 'a'.repeat(32),
  span_id: 'a'.repeat(16),
  'agent.run_id': second ?? '',
  'agent.note.kind': 'loop_suspected',
});

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
  await store.store.write({ events, spans: [] });
});
afterAll(() => removeTestStore(store));

it.each([50, 1, 7, 100_000])('read %i calls at once', async (callsAtOnce) => {
  const whole = new WasteSums(TO);
  for (const spot of findWaste(events)) whole.add(spot);
  const kinds = new Set(whole.all.map(({ kind }) => kind));
  expect([...kinds].toSorted()).toEqual([
    'cache_broken',
    'cache_lifetime',
    'cut_answers',
    'loop',
    'no_cache',
    'tool_retries',
  ]);
  const { sums, daysOf } = await readWaste(store.database, { from: FROM - 3_600_000, to: TO }, callsAtOnce);
  const inOrder = (list: typeof sums) =>
    list.toSorted((a, b) =>
      JSON.stringify([a.kind, a.agent, a.subject]).localeCompare(
        JSON.stringify([b.kind, b.agent, b.subject]),
      ),
    );
  expect(inOrder(sums)).toEqual(inOrder(whole.all));
  expect([...daysOf.keys()].toSorted()).toEqual(SETTINGS.map((_, index) => `agent-${String(index)}`));
});

// What a list of runs has, and sums to, while runs go on and end.

import { expect, it, jest } from '@jest/globals';
import { listRunPage, sumRuns } from '../../../server/queries/runs/list-runs.ts';
import { cursorText, readCursor } from '../../../server/queries/runs/run-order.ts';
import { openTestStore, removeTestStore } from '../test-store.ts';
import { SAMPLE_COST_NANO_USD, sampleRun } from '../web/sample-run.ts';

it('a run that ends after the open ones were looked up is summed once, its list value as well', async () => {
  const store = await openTestStore();
  try {
    const ended = sampleRun({ mark: 'a', endMs: Date.now() - 60_000 });
    const open = sampleRun({ mark: 'b', endMs: Date.now() - 60_000, isOpen: true });
    const events = [...ended, ...open].map((event) => ({ ...event, 'service.name': 'claude-code' }));
    await store.store.write({ events, spans: [] });
    const runs = [...new Set(events.flatMap((event) => event['agent.run_id'] ?? []))];
    expect(runs).toHaveLength(2);
    const database = { ...store.database, openRuns: () => Promise.resolve(runs), isClaudeOnPlan: true };
    expect(await sumRuns(database, {})).toEqual({
      runs: 2,
      failed: 0,
      running: 1,
      costNanoUsd: 2 * SAMPLE_COST_NANO_USD,
      listValueNanoUsd: 2 * SAMPLE_COST_NANO_USD,
    });
  } finally {
    await removeTestStore(store);
  }
});

it('all runs that go on are listed and summed, however many they are', async () => {
  const store = await openTestStore();
  try {
    const started = { 'event.name': 'agent.run.started' as const, timestamp: Date.now() - 1000 };
    const events = Array.from({ length: 1500 }, (_, index) => ({
      ...started,
      'agent.run_id': `open-${String(index)}`,
      'tallyspan.process_id': 'p',
      'tallyspan.seq': index + 1,
    }));
    await store.store.write({ events, spans: [] });
    const database = { ...store.database, openRuns: () => store.store.openRuns() };
    expect(await sumRuns(database, {})).toMatchObject({ runs: 1500, running: 1500 });
    const first = await listRunPage(database, { limit: 900 });
    const second = await listRunPage(database, { limit: 900, cursor: first.next });
    const listed = [...first.runs, ...second.runs].map((run) => run['agent.run_id']);
    expect(new Set(listed).size).toBe(1500);
  } finally {
    await removeTestStore(store);
  }
});

it('a run that grows while the slowest are paged through is on one page, and not on none', async () => {
  const store = await openTestStore();
  const now = Date.now();
  const clock = jest.spyOn(Date, 'now').mockReturnValue(now);
  try {
    const ended = (run: string, durationMs: number) => ({
      'event.name': 'agent.run' as const,
      timestamp: now - 1000,
      'agent.run_id': run,
      'agent.status': 'ok' as const,
      duration_ms: durationMs,
    });
    const events = [
      ended('slow', 60_000),
      ended('middle', 40_000),
      ended('quick', 10_000),
      { 'event.name': 'agent.run.started' as const, timestamp: now - 30_000, 'agent.run_id': 'going' },
    ];
    await store.store.write({
      events: events.map((event, index) => ({
        ...event,
        'tallyspan.process_id': 'p',
        'tallyspan.seq': index + 1,
      })),
      spans: [],
    });
    const ask = { limit: 2, sort: 'slowest' as const };
    const first = await listRunPage(store.database, ask);
    expect(first.runs.map((run) => run['agent.run_id'])).toEqual(['slow', 'middle']);
    clock.mockReturnValue(now + 25_000);
    const cursor = first.next === undefined ? undefined : readCursor(cursorText(first.next));
    const second = await listRunPage(store.database, { ...ask, cursor });
    expect(second.runs.map((run) => run['agent.run_id'])).toEqual(['going', 'quick']);
  } finally {
    clock.mockRestore();
    await removeTestStore(store);
  }
});

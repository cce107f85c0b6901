// What a list of runs sums to while runs end.

import { expect, it } from '@jest/globals';
import { sumRuns } from '../../../server/queries/runs/list-runs.ts';
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

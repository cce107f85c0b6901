// Scores that name their run by the beginning of its id, as receipts and the terminal show it.

import { expect, it } from '@jest/globals';
import type { EventRecord } from '../../core/event.ts';
import { findRunId } from '../../server/queries/runs/read-run.ts';
import { openTestStore, removeTestStore } from '../server/test-store.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const RUN = `12345678${'a'.repeat(24)}`;
const ALIKE = [`87654321${'b'.repeat(24)}`, `87654321${'c'.repeat(24)}`];

const start = (runId: string): EventRecord => ({
  timestamp: NOW,
  'event.name': 'agent.run.started',
  'service.name': 'agent',
  'agent.run_id': runId,
  'gen_ai.agent.name': 'support',
});
const score = (runId: string, name: string): EventRecord => ({
  timestamp: NOW + 1_000,
  'event.name': 'agent.score',
  'service.name': 'agent',
  'agent.run_id': runId,
  'gen_ai.evaluation.name': name,
  'gen_ai.evaluation.score.value': 1,
  'tallyspan.key': name,
});

it('belong to the one run that begins so, and make no run of their own', async () => {
  const opened = await openTestStore();
  try {
    await opened.store.write({ events: [RUN, ...ALIKE].map(start), spans: [] });
    const scores = [score('12345678', 'short'), score('87654321', 'two'), score('12345678aaax', 'nobody')];
    await opened.store.write({ events: scores, spans: [] });
    const rows = await opened.database.all(
      'SELECT gen_ai_evaluation_name AS name, agent_run_id AS run, gen_ai_agent_name AS agent FROM agent_score ORDER BY name',
    );
    expect(rows).toEqual([
      { name: 'nobody', run: '12345678aaax', agent: null },
      { name: 'short', run: RUN, agent: 'support' },
      { name: 'two', run: '87654321', agent: null },
    ]);
    expect(await findRunId(opened.database, '12345678')).toBe(RUN);
    expect(await findRunId(opened.database, '12345678aaax')).toBeUndefined();
  } finally {
    await removeTestStore(opened);
  }
});

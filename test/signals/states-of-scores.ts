// Scores with several states each, some of which came in another order than they were given, twice, or from another
// service: of each only the highest revision counts. In a window of their own, before the fixed corpus.

import type { EventRecord } from '../../core/event.ts';
import { DAY_MS, MINUTE_MS } from '../../core/time/time.ts';
import { FIXED_DAYS, FIXED_TO } from './corpora.ts';

export const STATES_SERVICE = 'states';
export const STATES_TO = FIXED_TO - (FIXED_DAYS + 1) * DAY_MS;
export const STATES_FROM = STATES_TO - DAY_MS;

const TONE = { 'gen_ai.evaluation.name': 'tone' } as const;
const HELPFUL = { 'gen_ai.evaluation.name': 'helpful' } as const;
const GOOD = { ...HELPFUL, score_passed: true, score_millionths: 1_000_000 } as const;
const NOT_GOOD = { ...HELPFUL, score_passed: false, score_millionths: 0 } as const;

/** What is unlike in the records, in the order in which they came. */
const STATES: readonly Partial<EventRecord>[] = [
  // Former states came last; the one is as the latest but for its revision.
  { 'tallyspan.key': 'late', 'tallyspan.revision': 5, ...GOOD },
  { 'tallyspan.key': 'late', 'tallyspan.revision': 4, ...NOT_GOOD },
  { 'tallyspan.key': 'late', 'tallyspan.revision': 3, ...GOOD },
  // The same again, at another instant.
  { 'tallyspan.key': 'twice', ...TONE, score_millionths: -1_500_000 },
  { 'tallyspan.key': 'twice', ...TONE, score_millionths: -1_500_000 },
  // By somebody else, of another agent, in another service, and from a number to a label.
  { 'tallyspan.key': 'scorer', ...GOOD, score_run_cost_nano_usd: 1_000_000_007 },
  { 'tallyspan.key': 'scorer', 'tallyspan.revision': 1, ...NOT_GOOD, 'tallyspan.score.source': 'user' },
  { 'tallyspan.key': 'agent', ...TONE, score_millionths: 250_000 },
  {
    'tallyspan.key': 'agent',
    'tallyspan.revision': 1,
    ...TONE,
    score_millionths: 1,
    'gen_ai.agent.name': 'desk',
  },
  { 'tallyspan.key': 'service', ...GOOD },
  { 'tallyspan.key': 'service', 'tallyspan.revision': 1, ...NOT_GOOD, 'service.name': 'elsewhere' },
  { 'tallyspan.key': 'label', ...TONE, score_millionths: 700_000 },
  { 'tallyspan.key': 'label', 'tallyspan.revision': 9, ...TONE, 'gen_ai.evaluation.score.label': 'rude' },
  // Two revisions that a text would put the other way round.
  { 'tallyspan.key': 'digits', 'tallyspan.revision': 9, ...NOT_GOOD },
  { 'tallyspan.key': 'digits', 'tallyspan.revision': 10, ...GOOD, score_run_cost_nano_usd: 3 },
  // Without a key each is its own; these differ in no label.
  { ...TONE, score_millionths: 333_333 },
  { ...TONE, score_millionths: 333_333 },
  { ...TONE, score_millionths: 333_333, 'tallyspan.revision': 3 },
];

export function statesOfScores(): EventRecord[] {
  return STATES.map((own, index) => ({
    timestamp: STATES_FROM + (index + 1) * MINUTE_MS,
    'event.name': 'agent.score',
    'service.name': STATES_SERVICE,
    // Some keys are of one run.
    'agent.run_id': `run-${(own['tallyspan.key'] ?? '').length}`,
    'gen_ai.agent.name': 'support',
    'tallyspan.score.target': 'run',
    'tallyspan.score.source': 'human',
    ...own,
  }));
}

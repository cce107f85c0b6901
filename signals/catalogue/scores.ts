// Scores: whether the work is any good, and what good work costs. A score counts at the time at which it was given.

import type { Filter, Signal } from '../signal.ts';
import { count, distinct, per, range, ratio, RUN_DIMENSIONS, sum } from '../values.ts';

const SCORE = 'agent.score';
const JUDGE_CALL = 'judge.call';
const MILLION = 1_000_000;
const SCORE_DIMENSIONS = ['score', 'label', 'scorer', ...RUN_DIMENSIONS] as const;
const HAS_NUMBER: Filter = { field: 'score_millionths', isPresent: true };
const HAS_LABEL: Filter = { field: 'gen_ai.evaluation.score.label', isPresent: true };
const IS_JUDGED: Filter = { field: 'score_passed', isPresent: true };
const IS_GOOD: Filter = { field: 'score_passed', is: true };
const HAS_COST: Filter = { field: 'score_run_cost_nano_usd', isPresent: true };
/** A correction counts in place of what it corrects. */
const LATEST = { onlyLatest: true } as const;

export const SCORE_SIGNALS = [
  {
    id: 'score_mean',
    title: 'Mean score',
    unit: '1',
    help: 'Mean of the scores that are numbers; good counts as 1 and not good as 0. Ask for one score by its name: means of different scores mean nothing together.',
    value: per(
      ratio(sum(SCORE, 'score_millionths', [], LATEST), count(SCORE, [HAS_NUMBER], LATEST)),
      MILLION,
    ),
    window: range(),
    dimensions: SCORE_DIMENSIONS,
    whenEmpty: null,
    better: 'up',
    bad: 'The work got worse in the eyes of those who judge it.',
    action: 'Group by score and version; read the runs with the lowest score first.',
  },
  {
    id: 'score_share',
    title: 'Share of good',
    unit: 'ratio',
    help: 'Scores that say good, of all scores that say good or not.',
    value: ratio(count(SCORE, [IS_GOOD], LATEST), count(SCORE, [IS_JUDGED], LATEST)),
    window: range(),
    dimensions: SCORE_DIMENSIONS,
    whenEmpty: null,
    better: 'up',
    bad: 'More answers than before are wrong, refused or of no use.',
    action: 'Group by score and version; open the runs that are not good and read their comments.',
  },
  {
    id: 'score_label_share',
    title: 'Labels',
    unit: 'ratio',
    help: 'Scores with a label, of all scores with one. By label: the share of each label.',
    value: ratio(count(SCORE, [HAS_LABEL], LATEST), count(SCORE, [HAS_LABEL], LATEST), ['label']),
    window: range(),
    dimensions: SCORE_DIMENSIONS,
    whenEmpty: null,
    better: 'neither',
    bad: 'One kind of fault becomes more common among those that were labelled.',
    action: 'Group by label and version; fix the most common label first.',
  },
  {
    id: 'scored_runs',
    title: 'Scored runs',
    unit: '1',
    help: 'Runs that got a score, each counted once.',
    value: distinct(SCORE, 'agent.run_id', [{ anyOf: [HAS_NUMBER, HAS_LABEL] }], LATEST),
    window: range(),
    dimensions: SCORE_DIMENSIONS,
    whenEmpty: 0,
    better: 'up',
    bad: 'Too few runs are judged to say anything: the other numbers of scores are chance.',
    action: 'Score the end of each run by code, and read some runs of each day.',
  },
  {
    id: 'cost_per_good_run',
    title: 'Cost per good run',
    unit: 'nanoUsd',
    help: 'Cost of the runs that were judged good or not, with all that is nested in them, divided by the number of those judged good. Counts each score: ask for one by its name where runs have several.',
    value: ratio(
      sum(SCORE, 'score_run_cost_nano_usd', [IS_JUDGED], LATEST),
      count(SCORE, [IS_GOOD, HAS_COST], LATEST),
    ),
    window: range(),
    dimensions: SCORE_DIMENSIONS,
    whenEmpty: null,
    better: 'down',
    bad: 'A good result costs more: runs got more expensive, or fewer of them are good.',
    action: 'Compare cost_per_run and score_share by version: one of them moved.',
  },
  {
    id: 'judge_cost',
    title: 'Cost of judges',
    unit: 'nanoUsd',
    help: 'Cost of the model calls of judges, which is in no other cost. A call that ended without an answer counts with the most that it may have cost.',
    value: sum(JUDGE_CALL, 'cost_nano_usd'),
    window: range(),
    dimensions: ['score', 'model', 'agent'],
    whenEmpty: null,
    better: 'down',
    bad: 'Judging costs more than it shows.',
    action: 'Judge fewer runs (sample), or ask a model that costs less.',
  },
  {
    id: 'judge_calls',
    title: 'Calls of judges',
    unit: '1',
    help: 'Model calls of judges. Two for each verdict.',
    value: count(JUDGE_CALL),
    window: range(),
    dimensions: ['score', 'model', 'agent', 'error'],
    whenEmpty: 0,
    better: 'neither',
    bad: 'More calls than twice the scores of judges: many give no score.',
    action: 'Group by error; see what `tallyspan judge` says of a run.',
  },
] as const satisfies readonly Signal[];

// A score condition asks which scores a run has: one of a name, and where it says so one that is good, has a label, or
// is above or below a number. Scores of the run's calls count as well; a corrected score does not.

import { columnOf } from '../../../core/columns.ts';
import { instantSql, runsWithSql, textSql } from '../../../signals/sql-text.ts';
import type { MeasureSign } from './measure-sign.ts';

export interface ScoreCondition {
  /** Any where it is undefined. */
  readonly name?: string | undefined;
  /** What the score must be; any where it is undefined. */
  readonly value?: ScoreTest | undefined;
  /** Only scores given after this and up to that, Unix milliseconds. */
  readonly given?: { readonly from: number; readonly to: number } | undefined;
}

/** `text` is a label, and where it is a word for it whether the score is good. */
export type ScoreTest =
  | { readonly sign: MeasureSign; readonly millionths: number }
  | { readonly text: string; readonly isGood: boolean | undefined };

const NAME = columnOf('gen_ai.evaluation.name');
const LABEL = columnOf('gen_ai.evaluation.score.label');

/** A condition on rows that have the id of a run. */
export function scoreSql({ name, value, given }: ScoreCondition): string {
  const conditions = ['tallyspan_duplicate IS NOT TRUE', 'agent_run_id IS NOT NULL'];
  if (name !== undefined) conditions.push(`${NAME} = ${textSql(name)}`);
  if (value !== undefined) conditions.push(testSql(value));
  if (given !== undefined)
    conditions.push(`timestamp > ${instantSql(given.from)}`, `timestamp <= ${instantSql(given.to)}`);
  return runsWithSql('agent_score', conditions.join(' AND '));
}

function testSql(test: ScoreTest): string {
  if ('sign' in test) return `score_millionths ${test.sign} ${test.millionths}`;
  const isLabel = `lower(${LABEL}) = lower(${textSql(test.text)})`;
  return test.isGood === undefined
    ? isLabel
    : `(score_passed IS ${test.isGood ? 'TRUE' : 'FALSE'} OR ${isLabel})`;
}

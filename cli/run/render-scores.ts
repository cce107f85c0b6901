// Scores of a run as lines: which, what was said, by whom and why.

import type { EventJson } from '../../server/queries/field-values.ts';
import type { CliIo } from '../terminal/io.ts';
import { indented } from '../terminal/paragraph.ts';

export function renderScores(scores: readonly EventJson[], io: CliIo): readonly string[] {
  return scores.flatMap((score) => {
    const by = textOf(score, 'tallyspan.score.author', 'tallyspan.score.evaluator', 'tallyspan.score.source');
    const why = textOf(score, 'gen_ai.evaluation.explanation');
    const said = `${valueOf(score)}, by ${by}${why === '' ? '' : `: ${why}`}`;
    const name = `scored ${textOf(score, 'gen_ai.evaluation.name')}: `;
    return indented(said, name, '  ', io.stdout).map((line) => `${line}\n`);
  });
}

/** As it was given: a label, a number, true or false. */
function valueOf(score: EventJson): string {
  const { score_passed: passed } = score;
  const label = textOf(score, 'gen_ai.evaluation.score.label');
  if (label !== '') return label;
  return typeof passed === 'boolean' ? String(passed) : textOf(score, 'gen_ai.evaluation.score.value');
}

/** The first of these that the score has; empty where it has none. */
function textOf(score: EventJson, ...keys: readonly string[]): string {
  for (const key of keys) {
    const value = score[key];
    if (typeof value === 'number' || (typeof value === 'string' && value !== '')) return String(value);
  }
  return '';
}

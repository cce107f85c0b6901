// The built-in scorers: deterministic, of every run, without content; and those of an answer, where it was recorded.

import { usdOf } from '../money.ts';
import type { RunFacts } from './run-facts.ts';
import { ScoreError, type ScoreValue } from './score.ts';

/** Scores of an ended run by their names; what is not known is left out. */
export function builtInScores(run: RunFacts): Readonly<Record<string, ScoreValue>> {
  return {
    ended_ok: run.status === 'ok',
    no_tool_failures: run.toolFailures === 0,
    no_silent_failures: run.silentFailures.length === 0,
    not_refused: run.refusals === 0,
    not_cut: run.cutAnswers === 0,
    turns: run.turns,
    ...(run.durationMs === undefined ? {} : { latency_ms: run.durationMs }),
    ...(run.costNanoUsd === undefined || run.unpricedCalls > 0 ? {} : { cost_usd: usdOf(run.costNanoUsd) }),
  };
}

/** A check of an answer: its name as a score, and what it says of one. */
export interface AnswerCheck {
  readonly name: string;
  readonly isGood: (answer: string) => boolean;
}

export const ANSWER_CHECKS: readonly string[] = ['json', 'contains:TEXT', 'matches:PATTERN', 'equals:TEXT'];

/** The check that a word names, such as `contains:refunded`; undefined of anything else. @throws ScoreError on a wrong pattern */
export function answerCheckOf(word: string): AnswerCheck | undefined {
  if (word === 'json') return { name: 'json_valid', isGood: isJsonText };
  const [, kind, text = ''] = /^(contains|matches|equals):([^]+)$/.exec(word) ?? [];
  switch (kind) {
    case 'contains':
      return { name: `contains ${text}`, isGood: (answer) => answer.includes(text) };
    case 'equals':
      return { name: `equals ${text}`, isGood: (answer) => answer.trim() === text.trim() };
    case 'matches': {
      const pattern = patternOf(text);
      return { name: `matches ${text}`, isGood: (answer) => pattern.test(answer.trim()) };
    }
    default:
      return undefined;
  }
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    throw new ScoreError(`${text} is no regular expression: ${(error as Error).message}`);
  }
}

export function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

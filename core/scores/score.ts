// A score is a judgement of a run, a call or a session: a number, good or not, or a label, under a name. Whoever gives
// it, and by whatever way it comes, it is checked and turned into fields here.

import { cutText } from '../text/cut-text.ts';
import { maskKnownSecrets } from '../text/redaction.ts';
import type { EventRecord } from '../event.ts';
import { SENT_NAME_CHARS } from '../field-limits.ts';

export type ScoreValue = number | boolean | string;

/** Who scored: a person of the team, the end user of the agent, a program, or a model. */
export type ScoreSource = 'human' | 'user' | 'code' | 'judge';

export type ScoreTarget = 'run' | 'model_call' | 'tool_call' | 'session';

export const SCORE_SOURCES: readonly ScoreSource[] = ['human', 'user', 'code', 'judge'];
export const SCORE_TARGETS: readonly ScoreTarget[] = ['run', 'model_call', 'tool_call', 'session'];

/** A score as it is given. `value`: a number, true or false for good or not, or a label. */
export interface Score {
  readonly name: string;
  readonly value: ScoreValue;
  readonly comment?: string | undefined;
  readonly source?: ScoreSource | undefined;
  /** Person or program that gives it. */
  readonly author?: string | undefined;
  /** Evaluator and its version: `refund-check@3`. */
  readonly evaluator?: string | undefined;
}

/** A score that cannot be one: the message says why. */
export class ScoreError extends Error {
  override readonly name = 'ScoreError';
}

const MILLION = 1_000_000;
/** Beyond it millionths would no longer be whole numbers. */
const LARGEST_SCORE = 1e9;
const MAX_COMMENT_CHARS = 2000;

/** Fields of the event of a score, but for what is scored. @throws ScoreError */
export function scoreFields(score: Score): Partial<EventRecord> {
  const { name, comment, author, evaluator } = score;
  if (typeof name !== 'string' || name.trim() === '') throw new ScoreError('a score needs a name');
  if (name.length > SENT_NAME_CHARS)
    throw new ScoreError(`the name of a score has at most ${SENT_NAME_CHARS} characters`);
  const source = score.source ?? 'code';
  if (!SCORE_SOURCES.includes(source))
    throw new ScoreError(`the source of a score is ${SCORE_SOURCES.join(', ')}, not ${source}`);
  return {
    'gen_ai.evaluation.name': name,
    ...valueFields(name, score.value),
    ...textField(
      'gen_ai.evaluation.explanation',
      comment === undefined ? undefined : maskKnownSecrets(comment),
      MAX_COMMENT_CHARS,
    ),
    'tallyspan.score.source': source,
    ...textField('tallyspan.score.author', author, SENT_NAME_CHARS),
    ...textField('tallyspan.score.evaluator', evaluator, SENT_NAME_CHARS),
  };
}

function valueFields(name: string, value: unknown): Partial<EventRecord> {
  if (typeof value === 'boolean') return { ...numberFields(value ? 1 : 0), score_passed: value };
  if (typeof value === 'string' && value.trim() !== '') {
    const label = cutText(value, SENT_NAME_CHARS);
    const passed = passedOfLabel(label);
    return {
      'gen_ai.evaluation.score.label': label,
      ...(passed === undefined ? {} : { ...numberFields(passed ? 1 : 0), score_passed: passed }),
    };
  }
  if (typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= LARGEST_SCORE)
    return numberFields(value);
  if (typeof value === 'number' && Number.isFinite(value))
    throw new ScoreError(`the value of ${name} is a number up to a billion, not ${shownValue(value)}`);
  throw new ScoreError(`the value of ${name} is a number, true, false or a label, not ${shownValue(value)}`);
}

function shownValue(value: unknown): string {
  if (typeof value === 'string') return 'an empty text';
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
}

function numberFields(value: number): Partial<EventRecord> {
  return { 'gen_ai.evaluation.score.value': value, score_millionths: millionthsOf(value) };
}

/** A score in whole millionths. */
export function millionthsOf(value: number): number {
  // Never -0, which no store tells from 0.
  return Math.round(value * MILLION) + 0;
}

/** Whether a label says of itself that it is good or not. */
export function passedOfLabel(label: string): boolean | undefined {
  if (/^pass(ed)?$/i.test(label)) return true;
  return /^fail(ed)?$/i.test(label) ? false : undefined;
}

function textField(
  key: 'gen_ai.evaluation.explanation' | 'tallyspan.score.author' | 'tallyspan.score.evaluator',
  text: string | undefined,
  mostChars: number,
): Partial<EventRecord> {
  return typeof text === 'string' && text !== '' ? { [key]: cutText(text, mostChars) } : {};
}

/** Reads a value as it is written on a command line: `0.8`, `true`, `good`. */
export function parseScoreValue(text: string): ScoreValue {
  const trimmed = text.trim();
  if (/^(true|yes)$/i.test(trimmed)) return true;
  if (/^(false|no)$/i.test(trimmed)) return false;
  // What a program prints where it has no number is no label: the score is refused.
  if (/^[+-]?(nan|inf(inity)?)$/i.test(trimmed)) return Number.NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : trimmed;
}

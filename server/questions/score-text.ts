// A score condition as a person writes it behind `score:`: `helpful`, `helpful<0.7`, `helpful=good`, `"was it right"=no`,
// or without a name `<0.5`.

import { millionthsOf, passedOfLabel } from '../../core/scores/score.ts';
import type { MeasureSign } from '../queries/runs/measure-sign.ts';
import type { ScoreCondition, ScoreTest } from '../queries/runs/score-condition.ts';
import { quotedWhereNeeded, unquoted } from './quoted-text.ts';
import { RequestError } from './request-error.ts';

const CONDITION = /^\s*("(?:[^"\\]|\\.)*"|[^<>=]*?)\s*(?:(<=|>=|=|<|>)\s*(.*?))?\s*$/s;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const EXAMPLE = 'score:helpful<0.7 or score:helpful=good';

/** @throws RequestError */
export function readScoreText(text: string): ScoreCondition {
  const [, given = '', sign, value] = CONDITION.exec(text) ?? [];
  const name = unquoted(given);
  if (name === '' && sign === undefined)
    throw new RequestError(400, `a score is asked for by its name, such as ${EXAMPLE}, not ${text}`);
  return {
    ...(name === '' ? {} : { name }),
    ...(sign === undefined ? {} : { value: readTest(sign as MeasureSign, unquoted(value ?? ''), text) }),
  };
}

function readTest(sign: MeasureSign, value: string, text: string): ScoreTest {
  const number = NUMBER.test(value) ? millionthsOf(Number(value)) : undefined;
  if (number !== undefined && Number.isSafeInteger(number)) return { sign, millionths: number };
  if (value === '' || sign !== '=')
    throw new RequestError(
      400,
      `a score is compared with a number or a word, such as ${EXAMPLE}, not ${text}`,
    );
  return { text: value, isGood: isGoodWord(value) };
}

/** Whether a word says that a score is good or not; undefined where it is a label. */
function isGoodWord(word: string): boolean | undefined {
  if (/^(good|true|yes)$/i.test(word)) return true;
  return /^(bad|not good|false|no)$/i.test(word) ? false : passedOfLabel(word);
}

/** The text that says the same. */
export function scoreConditionText({ name, value }: ScoreCondition): string {
  const before = name === undefined ? '' : quotedWhereNeeded(name, /[\s"<>=]/);
  if (value === undefined) return before;
  return 'sign' in value
    ? `${before}${value.sign}${value.millionths / 1_000_000}`
    : `${before}=${quotedWhereNeeded(value.text)}`;
}

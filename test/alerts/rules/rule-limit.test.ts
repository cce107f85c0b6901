// A limit as people write it in the form of a rule: read as it was meant, or not at all.

import { describe, expect, it } from '@jest/globals';
import { limitOfText } from '../../../server/web/pages/alerts/own-rule-form.ts';

describe('a limit', () => {
  it.each([
    ['5', 'usd', 5],
    ['$5', 'usd', 5],
    ['5 $', 'usd', 5],
    ['-$0.50', 'usd', -0.5],
    ['$1,000.50', 'usd', 1000.5],
    ['1 000', 'count', 1000],
    ['12,345,678', 'count', 12_345_678],
    ['2 ×', 'times', 2],
    ['2x', 'times', 2],
    ['20 %', 'ratio', 0.2],
    ['.5', 'ratio', 0.5],
    ['90s', 'duration', 90],
    ['250ms', 'duration', 0.25],
    ['1.5', 'duration', 1.5],
  ] as const)('%j is read (%s)', (text, unit, value) => {
    expect(limitOfText(text, unit)).toBe(value);
  });

  it.each([
    ['0,5', 'usd'],
    ['1,5', 'usd'],
    ['0,500', 'usd'],
    ['1.000,50', 'usd'],
    ['1,00,000', 'usd'],
    ['1,5 s', 'duration'],
    ['5$3', 'usd'],
    ['0x10', 'count'],
    ['1e400', 'count'],
    ['20 %', 'usd'],
    ['20', 'ratio'],
    ['', 'usd'],
    ['five', 'usd'],
  ] as const)('%j is not guessed at (%s)', (text, unit) => {
    expect(limitOfText(text, unit)).toBeUndefined();
  });
});

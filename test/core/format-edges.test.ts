// Where one way to write a number ends and the next begins.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatTokens,
} from '../../core/text/format.ts';

describe('no data', () => {
  it.each([null, undefined])('%p is a dash in every form', (nothing) => {
    const forms = [formatCost, formatDuration, formatPercent, formatCount, formatTokens];
    expect(forms.map((form) => form(nothing))).toEqual(['–', '–', '–', '–', '–']);
  });
});

describe('an edge', () => {
  it.each([
    [1_000_000_000, '$1.00'],
    [999_949_999, '$0.9999'],
    [999_950_000, '$1.00'],
    [-999_999_999, '-$1.00'],
    [100_000, '$0.0001'],
    [99_000, '$0.000099'],
    [1, '$0.000000001'],
    [-1, '-$0.000000001'],
    [1_000_000_000_000_000, '$1,000,000.00'],
  ])('of cost: %p reads %s', (nanoUsd, text) => {
    expect(formatCost(nanoUsd)).toBe(text);
  });

  it.each([
    [999.5, '1.0 s'],
    [59_949, '59.9 s'],
    [59_950, '1 min'],
    [60_000, '1 min'],
    [3_599_000, '59 min 59 s'],
    [3_599_600, '1 h'],
    [3_600_000, '1 h'],
    [36_000_000, '10 h'],
  ])('of duration: %p ms reads %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });

  it.each([
    [0, '0'],
    [9_999, '9,999'],
    [10_000, '10.0k'],
    [999_949, '999.9k'],
    [999_950, '1.0M'],
    [12_345_678, '12.3M'],
  ])('of tokens: %p reads %s', (tokens, text) => {
    expect(formatTokens(tokens)).toBe(text);
  });
});

describe('a count', () => {
  it('is the number again without its commas, which stand at every third digit', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (count) => {
        const text = formatCount(count);
        expect(text).toMatch(/^\d{1,3}(,\d{3})*$/);
        expect(Number(text.replaceAll(',', ''))).toBe(count);
      }),
    );
  });
});

describe('a cost', () => {
  it('is written within half of its last digit, with two or more decimals and one sign', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e13, max: 1e13 }), (nanoUsd) => {
        const text = formatCost(nanoUsd);
        expect(text).toMatch(/^-?\$\d{1,3}(,\d{3})*\.\d{2,9}$/);
        const usd = Number(text.replaceAll(/[$,]/g, ''));
        const digits = text.split('.')[1]?.length ?? 0;
        expect(Math.abs(usd - nanoUsd / 1e9)).toBeLessThanOrEqual(0.5001 * 10 ** -digits);
      }),
    );
  });
});

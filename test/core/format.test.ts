import { describe, expect, it } from '@jest/globals';
import {
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatTimes,
  formatTokens,
} from '../../core/text/format.ts';

describe('numbers as people read them', () => {
  it.each([
    [null, '–'],
    [0, '$0.00'],
    [53_720_000, '$0.0537'],
    [14_200_000_000, '$14.20'],
    [1_234_567_890_000, '$1,234.57'],
    [-340_664_000, '-$0.3407'],
    [12, '$0.000000012'],
    [62_975, '$0.000063'],
  ])('cost %p reads %s', (nanoUsd, text) => {
    expect(formatCost(nanoUsd)).toBe(text);
  });

  it.each([
    [undefined, '–'],
    [0, '0 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [3_100, '3.1 s'],
    [59_960, '1 min'],
    [182_000, '3 min 2 s'],
    [7_500_000, '2 h 5 min'],
  ])('duration %p reads %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });

  it('tells no data from zero', () => {
    expect([formatPercent(null), formatPercent(0), formatPercent(0.974)]).toEqual(['–', '0.0 %', '97.4 %']);
    expect([formatCount(null), formatCount(0), formatCount(1204)]).toEqual(['–', '0', '1,204']);
  });

  it.each([
    [0.049, '0.05 ×'],
    [2.312, '2.31 ×'],
    [9.996, '10.0 ×'],
    [1234.56, '1,234.6 ×'],
  ])('ratio %p reads %s', (ratio, text) => {
    expect(formatTimes(ratio)).toBe(text);
  });

  it.each([
    [9_999, '9,999'],
    [12_345, '12.3k'],
    [999_960, '1.0M'],
  ])('tokens %p read %s', (tokens, text) => {
    expect(formatTokens(tokens)).toBe(text);
  });
});

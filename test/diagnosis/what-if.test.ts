// Laws of what-if: the settings in force give the actual cost; another setting gives what the same work
// costs when it is really run with it.

import { describe, expect, it } from '@jest/globals';
import { priceWhatIf } from '../../core/pricing/what-if.ts';
import { costOf, generatePeriod, USUAL, type Setting } from './generate-period.ts';

const PERIOD = { runs: 12, seed: 9 };

describe('the settings in force', () => {
  it.each<readonly [string, Partial<Setting>, Parameters<typeof priceWhatIf>[1]]>([
    ['no change', {}, {}],
    ['the same model', {}, { model: USUAL.model }],
    ['five minutes', { cache: '5m' }, { cache: '5m' }],
    ['one hour', { cache: '1h' }, { cache: '1h' }],
    ['one hour and long gaps', { cache: '1h', gapMs: 400_000 }, { cache: '1h' }],
    ['no cache', { cache: 'off' }, { cache: 'off' }],
    ['fast mode, the same model', { speed: 'fast' }, { model: USUAL.model }],
    ['searches', { webSearchesPerCall: 2 }, { cache: '5m' }],
  ])('%s: the actual cost, to the nano-dollar', (_name, setting, change) => {
    const events = generatePeriod({ ...PERIOD, ...setting });
    expect(priceWhatIf(events, change)).toMatchObject({
      actualNanoUsd: costOf(events),
      whatIfNanoUsd: costOf(events),
      differenceNanoUsd: 0,
      changedCalls: 0,
    });
  });
});

describe('another setting costs what the same work costs with it', () => {
  it.each<readonly [string, Partial<Setting>, Partial<Setting>, Parameters<typeof priceWhatIf>[1]]>([
    ['another model', {}, { model: 'claude-fable-5-2' }, { model: 'claude-fable-5-2' }],
    ['no cache instead of five minutes', {}, { cache: 'off' }, { cache: 'off' }],
    ['one hour instead of five minutes', {}, { cache: '1h' }, { cache: '1h' }],
    ['one hour instead of five minutes, long gaps', { gapMs: 400_000 }, { cache: '1h' }, { cache: '1h' }],
    [
      'five minutes instead of one hour, long gaps',
      { gapMs: 400_000, cache: '1h' },
      { cache: '5m' },
      { cache: '5m' },
    ],
    ['five minutes instead of none', { cache: 'off' }, { cache: '5m' }, { cache: '5m' }],
  ])('%s', (_name, both, other, change) => {
    const recorded = generatePeriod({ ...PERIOD, ...both });
    const really = costOf(generatePeriod({ ...PERIOD, ...both, ...other }));
    const { whatIfNanoUsd } = priceWhatIf(recorded, change);
    expect(Math.abs(whatIfNanoUsd - really) / really).toBeLessThan(0.005);
  });

  it('a batch costs half, searches apart', () => {
    const events = generatePeriod(PERIOD);
    const { whatIfNanoUsd } = priceWhatIf(events, { isBatch: true });
    expect(whatIfNanoUsd).toBeCloseTo(costOf(events) / 2, -3);
  });

  it('a model without a price changes nothing and says how many calls', () => {
    const events = generatePeriod(PERIOD);
    const result = priceWhatIf(events, { model: 'claude-unheard-of' });
    expect(result).toMatchObject({ unpricedCalls: result.calls, differenceNanoUsd: 0 });
  });
});

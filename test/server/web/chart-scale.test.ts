import { expect, it } from '@jest/globals';
import { alignAmounts } from '../../../server/web/parts/chart/chart-scale.ts';

// The axis of values: what stands below each other has the same decimals.

it.each([
  [
    ['$0.00', '$0.2000', '$0.8000', '$1.00'],
    ['$0.00', '$0.20', '$0.80', '$1.00'],
  ],
  [
    ['$0.00', '$0.0005', '$0.0010'],
    ['$0.0000', '$0.0005', '$0.0010'],
  ],
  [
    ['$0.00', '$0.000020', '$1,000.00'],
    ['$0.00000', '$0.00002', '$1,000.00000'],
  ],
  [
    ['0 ms', '500 ms', '1.5 s'],
    ['0 ms', '500 ms', '1.5 s'],
  ],
])('%j is written as %j', (labels, aligned) => {
  expect(alignAmounts(labels)).toEqual(aligned);
});

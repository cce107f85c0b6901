// Laws of the places of JSON keys, found by generated texts.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { locateJsonKeys } from '../../core/json-keys.ts';

describe('the place of a key', () => {
  it('reads every JSON text to its end', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        const written = JSON.stringify({ value, last: 1 }, null, indent);
        const lines = written.split('\n').length;
        expect(locateJsonKeys(written).lineOf(['last'])).toBe(Math.max(1, lines - 1));
      }),
    );
  });
});

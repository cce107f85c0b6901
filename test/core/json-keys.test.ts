// Lines of keys in a JSON text.

import { describe, expect, it } from '@jest/globals';
import { lineOfSyntaxError, locateJsonKeys } from '../../core/json-keys.ts';

describe('the place of a key', () => {
  const text = [
    '{',
    '  "a": {"b.c": [1,',
    '    {"d": "}\\"\\n]"}',
    '  ]},',
    '',
    '  "e": null, "f": -1.5e3, "g": {}, "h": [ ]',
    '}',
  ];
  const keys = locateJsonKeys(text.join('\n'));

  it.each([
    [[], 1],
    [['a'], 2],
    [['a', 'b.c'], 2],
    [['a', 'b.c', 0], 2],
    [['a', 'b.c', 1], 3],
    [['a', 'b.c', 1, 'd'], 3],
    [['e'], 6],
    [['f'], 6],
    [['g'], 6],
    [['h'], 6],
    // what is not there is where its owner is
    [['a', 'missing'], 2],
    [['a', 'b.c', 1, 'missing', 'deeper'], 3],
    [['missing'], 1],
  ])('%j is on line %i', (path, line) => {
    expect(keys.lineOf(path)).toBe(line);
  });

  it('counts lines before the first value', () => {
    expect(locateJsonKeys('\r\n\t {"a"\n:\n1}').lineOf([])).toBe(2);
    expect(locateJsonKeys('\n{"a"\n:\n1}').lineOf(['a'])).toBe(4);
  });

  it('knows keys that are there twice', () => {
    expect(locateJsonKeys('{"a": 1, "b": {"a": 1, "a": 2}, "a": 3}').repeated).toEqual([['b', 'a'], ['a']]);
  });
});

describe('the line of a syntax error', () => {
  it('is where the parser gave up, or the last one', () => {
    for (const [text, line] of [
      ['{\n\n x}', 3],
      ['{\n"a": 1', 2],
      ['{"a": tru}', 1],
    ] as const) {
      let caught: unknown;
      try {
        JSON.parse(text);
      } catch (error) {
        caught = error;
      }
      expect(lineOfSyntaxError(text, caught)).toBe(line);
    }
    expect(lineOfSyntaxError('a\nb', 'no error')).toBe(2);
  });
});

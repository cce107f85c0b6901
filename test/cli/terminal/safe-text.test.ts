import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { safeText } from '../../../core/text/safe-text.ts';
import { safeJson, safeLines, safeTexts } from '../../../cli/terminal/safe-text.ts';
import { obeyedIn } from './obeyed-characters.ts';

const HARD = [
  '\u001B',
  '\u009B',
  '\u202E',
  '\u2066',
  '\n',
  '\r',
  '\t',
  '\0',
  '\u007F',
  '\uD83D',
  '\\',
  'ä',
  '語',
  '👩‍💻',
];
const anyText = fc
  .array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...HARD)))
  .map((parts) => parts.join(''));

describe('safe text', () => {
  it.each([
    ['\u001B[2J', String.raw`\x1b[2J`],
    ['\u009B31m', String.raw`\x9b31m`],
    ['user\u202Etxt', String.raw`user\u202etxt`],
    ['one\ntwo\r\tthree', String.raw`one\ntwo\r\tthree`],
    ['half \uD83D', String.raw`half \ud83d`],
    ['Jürgen 語 👩‍💻', 'Jürgen 語 👩‍💻'],
  ])('%j', (text, expected) => {
    expect(safeText(text)).toBe(expected);
  });

  it('has nothing that a terminal obeys, and stays as it is when it is safe', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const safe = safeText(text);
        expect(obeyedIn(safe)).toEqual([]);
        expect(safeText(safe)).toBe(safe);
        expect(safe === text).toBe(obeyedIn(text).length === 0);
      }),
    );
  });

  it('keeps the ends of our own lines', () => {
    expect(safeLines('first \u001B\nsecond\n')).toBe('first \\x1b\nsecond\n');
  });

  it('reaches every text of a value and changes nothing else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), anyText, (value, text) => {
        expect(safeTexts({ a: [{ b: text }] })).toEqual({ a: [{ b: safeText(text) }] });
        expect(obeyedIn(JSON.stringify(safeTexts(value)))).toEqual([]);
      }),
    );
    expect(safeTexts({ count: 1, none: null, is: true })).toEqual({ count: 1, none: null, is: true });
  });

  it('is JSON that means the same', () => {
    fc.assert(
      fc.property(
        fc.dictionary(anyText, fc.oneof(anyText, fc.double({ noNaN: true, noDefaultInfinity: true }))),
        (value) => {
          const json = safeJson(value);
          expect(obeyedIn(json)).toEqual([]);
          expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
        },
      ),
    );
  });
});

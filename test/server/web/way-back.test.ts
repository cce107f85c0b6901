// The way back after signing in never leads to another server, whatever somebody wrote into the address.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { loginPathFor, pathOnServer, wayBackOf } from '../../../server/web/access/way-back.ts';

const SERVER = 'http://tallyspan.example:4319';

/** Pieces of which addresses are made that lead elsewhere, or might. */
const aPiece = fc.oneof(
  fc.constantFrom(
    '/',
    '//',
    '\\',
    '.',
    '..',
    '%2f',
    '%5c',
    '%2e',
    '@',
    ':',
    '?',
    '#',
    ';',
    '\t',
    '\n',
    '\r',
    '\0',
    '\u0085',
    ' ',
    '\u00a0',
    '\u2028',
    '／',
    '。',
    'http:',
    'https://',
    'javascript:',
    'data:',
    'other.example',
    'login',
    'runs',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const aText = fc.oneof(
  fc.array(aPiece, { maxLength: 8 }).map((pieces) => pieces.join('')),
  fc.array(aPiece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`),
  fc.string({ unit: 'binary' }),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
);

describe('the way back', () => {
  it('stays on this server, whatever is written', () => {
    fc.assert(
      fc.property(aText, (text) => {
        const path = wayBackOf(text);
        expect(new URL(path, SERVER).origin).toBe(SERVER);
        expect(path).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
        // The form sends it once more.
        expect(wayBackOf(path)).toBe(path);
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    '//other.example',
    '/\\other.example',
    '/\t/other.example',
    '/.//other.example',
    '/runs/..//other.example',
    '/%2e%2e//other.example',
    'https://other.example/',
    'javascript:alert(1)',
    '\n//other.example',
    ' //other.example',
    'runs',
    '',
  ])('is the overview for %j', (text) => {
    expect(wayBackOf(text)).toBe('/');
    expect(pathOnServer(text)).toBeUndefined();
  });

  it.each(['/', '/runs?status=error&user=a%20b', '/sessions/a%2Fb', '/runs/%zz', '/tools#search_docs'])(
    'is %s as it was asked for',
    (text) => {
      expect(wayBackOf(text)).toBe(text);
    },
  );

  it('is the overview where the address is too long to be written into another', () => {
    expect(wayBackOf(`/${'x'.repeat(1999)}`)).toHaveLength(2000);
    expect(wayBackOf(`/${'x'.repeat(2000)}`)).toBe('/');
  });

  it('is not the form itself', () => {
    for (const text of ['/login', '/login?next=%2Fruns', '/runs/../login']) expect(wayBackOf(text)).toBe('/');
  });

  it('is a parameter of the form that is shown, and left away where it is the overview', () => {
    expect(loginPathFor('/runs?status=error')).toBe('/login?next=%2Fruns%3Fstatus%3Derror');
    expect(loginPathFor('/')).toBe('/login');
  });
});

// A server behind a proxy without a token says so; on its own machine alone it need not.

import { expect, test } from '@jest/globals';
import { openProxyWarning } from '../../../server/process/access.ts';

const TOKEN = 'a token of some length';
const said = (token?: string, pageUrl?: string, hasTrustedProxies = false): boolean =>
  openProxyWarning({ token, pageUrl, hasTrustedProxies }) !== undefined;

test('it is said where settings tell of a proxy and the token is missing or short', () => {
  expect(said(undefined, 'https://tallyspan.example.com')).toBe(true);
  expect(said('short', 'https://tallyspan.example.com')).toBe(true);
  expect(said(undefined, undefined, true)).toBe(true);
});

test('it is not said with a token, nor on loopback alone', () => {
  expect(said(TOKEN, 'https://tallyspan.example.com', true)).toBe(false);
  expect(said()).toBe(false);
  for (const host of ['127.0.0.1', 'localhost', '[::1]'])
    expect(said(undefined, `http://${host}:4319`)).toBe(false);
});

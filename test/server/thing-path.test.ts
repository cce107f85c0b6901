import { describe, expect, it } from '@jest/globals';
import { thingPath } from '../../server/thing-path.ts';

describe('the page of a thing', () => {
  it.each(['a/b', '50%', '%41', 'a & b#c?d+e', '😀', 'שלום', '...', '.a', '"'])(
    '%s has an address',
    (name) => {
      const { pathname } = new URL(thingPath('user', name) ?? '', 'http://page');
      expect(pathname.split('/').length).toBe(3);
      expect(decodeURIComponent(pathname.slice('/users/'.length))).toBe(name);
    },
  );

  it.each(['.', '..'])('%s, which no path can hold, leads to its runs', (name) => {
    const url = new URL(thingPath('session', name) ?? '', 'http://page');
    expect([url.pathname, url.searchParams.get('session')]).toEqual(['/runs', name]);
  });
});

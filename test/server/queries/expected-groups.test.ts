import { describe, expect, it } from '@jest/globals';
import { readForGroups, type Groups } from '../../../server/queries/signals/expected-groups.ts';

/** What was read for which groups, in order. */
function makeReader() {
  const store = {};
  const asked: Groups[] = [];
  return {
    asked,
    ask: (shown: Groups | Promise<Groups>, question = 'most-expensive') =>
      readForGroups(store, question, Promise.resolve(shown), async (groups) => {
        asked.push(groups);
        return groups;
      }),
  };
}

describe('what is read about the groups that a page shows', () => {
  it('is read beside its table when they are those of last time', async () => {
    const { asked, ask } = makeReader();
    await ask(['ann', 'bob']);
    let show: ((groups: Groups) => void) | undefined;
    const again = ask(new Promise<Groups>((shown) => (show = shown)));
    expect(asked).toHaveLength(2);
    show?.(['bob']);
    expect(await again).toEqual(['ann', 'bob']);
    expect(asked).toHaveLength(2);
  });

  it('is read again when another came in between', async () => {
    const { ask } = makeReader();
    await ask(['ann', 'bob']);
    expect(await ask(['ann', null])).toEqual(['ann', null]);
    expect(await ask(['ann', null])).toEqual(['ann', null]);
  });

  it('of all groups is enough for any, and of some not for all', async () => {
    const { ask } = makeReader();
    await ask('all');
    expect(await ask(['ann'])).toBe('all');
    expect(await ask('all')).toBe('all');
  });

  it('is not what another question read', async () => {
    const { ask } = makeReader();
    await ask(['ann']);
    expect(await ask(['bob'], 'slowest')).toEqual(['bob']);
  });

  it('fails when the table does', async () => {
    const { ask } = makeReader();
    await ask(['ann']);
    await expect(ask(Promise.reject(new Error('no table')))).rejects.toThrow('no table');
  });
});

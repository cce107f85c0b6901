import { describe, expect, it } from '@jest/globals';
import { StoreBusyError, WriteQueue } from '../../../server/store/write/write-queue.ts';

/** A queue whose commits are told as the batches of each, and end when they are allowed to. */
function makeQueue() {
  const groups: string[][] = [];
  let allow: (() => void) | undefined;
  const queue = new WriteQueue<string>(async (group) => {
    groups.push([...group]);
    await new Promise<void>((allowed) => (allow = allowed));
    if (group.includes('bad')) throw new Error('not stored');
  });
  return {
    queue,
    groups,
    write: (...batches: string[]) => Promise.all(batches.map((batch) => queue.write(batch, 1))),
    /** Lets the commit end that is under way. */
    commit: () => allow?.(),
  };
}

function turn(): Promise<void> {
  return new Promise((next) => setImmediate(next));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

describe('a group', () => {
  it('is what came since the last one', async () => {
    const { groups, write, commit } = makeQueue();
    const first = write('a', 'b');
    await until(() => groups.length === 1);
    const second = write('c', 'd');
    commit();
    await first;
    await until(() => groups.length === 2);
    commit();
    await second;
    expect(groups).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('waits for those who were answered last and send again at once', async () => {
    const { groups, write, commit } = makeQueue();
    const first = write('a1', 'b1');
    await until(() => groups.length === 1);
    commit();
    await first;
    const again = write('a2');
    for (let turns = 0; turns < 5; turns++) await turn();
    expect(groups).toHaveLength(1);
    const late = write('b2');
    await until(() => groups.length === 2);
    commit();
    await Promise.all([again, late]);
    expect(groups[1]).toEqual(['a2', 'b2']);
  });

  it('does not wait long for a sender that is gone, and then not at all', async () => {
    const { groups, write, commit } = makeQueue();
    const first = write('a1', 'b1');
    await until(() => groups.length === 1);
    commit();
    await first;
    const second = write('a2');
    await until(() => groups.length === 2);
    commit();
    await second;
    const third = write('a3');
    for (let turns = 0; turns < 5; turns++) await turn();
    expect(groups).toEqual([['a1', 'b1'], ['a2'], ['a3']]);
    commit();
    await third;
  });

  it('that could not be stored is refused as a whole, and the next one is not', async () => {
    const { groups, write, commit } = makeQueue();
    const first = write('good', 'bad').catch((error: unknown) => String(error));
    await until(() => groups.length === 1);
    commit();
    expect(await first).toBe('Error: not stored');
    const second = write('good');
    await until(() => groups.length === 2);
    commit();
    await second;
  });
});

describe('the queue', () => {
  it('gives other works their turn between two commits', async () => {
    const { queue, groups, write, commit } = makeQueue();
    const first = write('a');
    await until(() => groups.length === 1);
    let isDone = false;
    const work = queue.exclusively(async () => {
      await turn();
      isDone = true;
      return 7;
    });
    const second = write('b');
    expect(isDone).toBe(false);
    commit();
    await first;
    expect(await work).toBe(7);
    await until(() => groups.length === 2);
    commit();
    await second;
    await queue.settle();
  });

  it('refuses what is too much to hold, but never a batch that comes alone', async () => {
    const { queue, groups, commit } = makeQueue();
    const large = queue.write('large', 60_000);
    await until(() => groups.length === 1);
    const waiting = queue.write('waiting', 50_000);
    await expect(queue.write('too much', 1)).rejects.toThrow(StoreBusyError);
    commit();
    await large;
    await until(() => groups.length === 2);
    commit();
    await waiting;
  });
});

// Loops and what looks like them from afar, in the shapes that real agents make.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isLoopToStop, LoopWatch, type Loop, type SettledCall } from '../../../core/limits/loop-watch.ts';

const did = (tool: string, input: unknown, content: unknown, isError = false): SettledCall => ({
  tool,
  input,
  result: { content, is_error: isError },
  isError,
});

/** The turn at which the loop is reported and at which it is to be stopped, from 1. */
function watch(turns: readonly (readonly SettledCall[])[]) {
  const watched = new LoopWatch();
  let reported: number | undefined;
  let last: Loop | undefined;
  for (const [index, turn] of turns.entries()) {
    last = watched.see(turn);
    if (last !== undefined) reported ??= index + 1;
    if (last !== undefined && isLoopToStop(last)) return { reported, stopped: index + 1, loop: last };
  }
  return { reported, stopped: undefined, loop: last };
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

const MUST_STOP: Readonly<Record<string, { turns: SettledCall[][]; stopped: number; period: number }>> = {
  'the same search again and again': {
    turns: times(9, () => [did('search', { query: 'refund policy' }, 'no results')]),
    stopped: 5,
    period: 1,
  },
  'keys in another order, and a time in the result': {
    turns: times(9, (index) => [
      did(
        'query',
        index % 2 === 0 ? { table: 'a', limit: 5 } : { limit: 5, table: 'a' },
        `{"rows": [], "took_ms": ${index}, "at": "2026-11-30T10:00:${10 + index}Z"}`,
      ),
    ]),
    stopped: 5,
    period: 1,
  },
  'the same failing command': {
    turns: times(9, () => [did('Bash', { command: 'npm test' }, 'Error: cannot find module x', true)]),
    stopped: 5,
    period: 1,
  },
  'to and fro between two tools': {
    turns: times(14, (index) => [
      index % 2 === 0 ? did('list', { dir: '/' }, 'a b') : did('read', { path: 'a' }, 'empty'),
    ]),
    stopped: 10,
    period: 2,
  },
  'a round of three': {
    turns: times(20, (index) => [did(['login', 'fetch', 'logout'][index % 3] as string, {}, 'ok')]),
    stopped: 15,
    period: 3,
  },
  'a round of four': {
    turns: times(28, (index) => [did('step', { n: index % 4 }, `page ${index % 4}`)]),
    stopped: 20,
    period: 4,
  },
  'an edit that fails each time in the same way': {
    turns: times(14, (index) => [
      index % 2 === 0
        ? did('Read', { path: 'a.ts' }, 'const a = 1')
        : did('Edit', { path: 'a.ts', old: 'x', new: 'y' }, 'old text not found', true),
    ]),
    stopped: 10,
    period: 2,
  },
  'two calls at once, in either order': {
    turns: times(9, (index) => {
      const calls = [did('a', { q: 1 }, 'x'), did('b', { q: 2 }, 'y')];
      return index % 2 === 0 ? calls : calls.toReversed();
    }),
    stopped: 5,
    period: 1,
  },
  'a poll that says nothing but how long it ran': {
    turns: times(9, (index) => [did('job', { id: 7 }, `still running after ${index * 3} s`)]),
    stopped: 5,
    period: 1,
  },
  'ids and times of the request, in input and result': {
    turns: times(9, (index) => [
      did(
        'http',
        { url: '/orders', request_id: `r-${index}`, timestamp: 1_790_000_000 + index },
        { status: 500, requestId: `r-${index}`, at: `2026-11-30T10:00:${10 + index}.123Z` },
        true,
      ),
    ]),
    stopped: 5,
    period: 1,
  },
  'the same day asked for again': {
    turns: times(9, () => [did('calendar', { date: '2026-11-30' }, 'no events')]),
    stopped: 5,
    period: 1,
  },
  'known pages in any order': {
    turns: times(40, (index) => [did('open', { page: (index * index + index) % 7 }, 'known')]),
    stopped: 20,
    period: 0,
  },
  'a charge that fails under a new number of the request, tried again with the same fields': {
    turns: times(9, (index) => [
      did(
        'charge',
        { order: 7, idempotency_key: `k-${index}`, attempt: index },
        `Error: upstream failed, attempt ${index} of 100 (request req_011CQx${index}bzK93mWqTu)`,
        true,
      ),
    ]),
    stopped: 5,
    period: 1,
  },
  'a state that never changes, with the moments of the question and of the answer': {
    turns: times(9, (index) => [
      did(
        'status',
        { id: 1, timestamp: 1_790_000_000 + index },
        { state: 'pending', lastChecked: 1_790_000_000_000 + index, uptime: index * 3 },
      ),
    ]),
    stopped: 5,
    period: 1,
  },
  'a header that is new each time': {
    turns: times(9, (index) => [
      did('http', { url: '/orders', headers: { 'x-request-id': `q-${index}` } }, '503 unavailable', true),
    ]),
    stopped: 5,
    period: 1,
  },
  'a command whose purpose is put in other words each time': {
    turns: times(9, (index) => [did('Bash', { command: 'ls', description: `List files, ${index}` }, 'a b')]),
    stopped: 5,
    period: 1,
  },
  'an editor that only looks, and a search': {
    turns: times(14, (index) => [
      index % 2 === 0
        ? did('str_replace_based_edit_tool', { command: 'view', path: 'a.ts' }, 'const a = 1')
        : did('grep', { pattern: 'x' }, 'no matches'),
    ]),
    stopped: 10,
    period: 2,
  },
  'the same list of things to do, and a search in vain': {
    turns: times(14, (index) => [
      index % 2 === 0
        ? did('TodoWrite', { todos: [{ content: 'find it', status: 'pending' }] }, 'Todos have been modified')
        : did('Grep', { pattern: 'x' }, 'no matches'),
    ]),
    stopped: 10,
    period: 2,
  },
};

const uuid = (index: number): string => `0f8fad5b-d9cb-469f-a165-${index.toString(16).padStart(12, '0')}`;

const MUST_NOT_STOP: Readonly<Record<string, SettledCall[][]>> = {
  'one order after the other by its id, none of them there': times(20, (index) => [
    did('get_order', { order_id: uuid(index), verbose: true }, 'not found', true),
  ]),
  'one session, trace or request after the other, all empty': times(20, (index) => [
    did('get_logs', { [['session_id', 'trace_id', 'request_id'][index % 3] as string]: `id-${index}` }, '[]'),
  ]),
  'paging by a cursor that looks random': times(20, (index) => [
    did('list', { cursor_token: index.toString(16).padStart(32, 'a') }, 'ten rows'),
  ]),
  'one commit after the other that says the same': times(20, (index) => [
    did('Bash', { command: `git show --stat ${index.toString(16).padStart(40, 'c')}` }, 'README.md | 2 +-'),
  ]),
  'positions in a film, all dark': times(20, (index) => [
    did('frame', { film: 'a.mp4', at: `00:00:${10 + index}`, timestamp: `00:00:${10 + index}` }, 'dark'),
  ]),
  'customers whose numbers look like times': times(20, (index) => [
    did('get_customer', { customer: String(1_500_000_000 + index) }, 'not found', true),
  ]),
  'one seed, or one duration, after the other without effect': times(20, (index) => [
    did('simulate', index % 2 === 0 ? { seed: index } : { duration: index }, 'stable'),
  ]),
  'a cell that is changed to and fro and run in between': times(30, (index) => [
    index % 2 === 0
      ? did('update_cell', { cell: 1, text: `v${index % 4}` }, 'ok')
      : did('run_cell', {}, 'NaN'),
  ]),
  'a poll that counts what is done': times(20, (index) => [
    did(
      'import_status',
      { id: 1 },
      { state: 'running', rows: index * 1_000, checked_at: 1_790_000_000 + index },
    ),
  ]),
  'edit, test, edit, test with the same failure': times(30, (index) => [
    index % 2 === 0
      ? did('Edit', { path: 'a.ts', old: `v${index}`, new: `v${index + 2}` }, 'ok')
      : did('Bash', { command: 'npm test' }, '1 failing'),
  ]),
  'edit to and fro between two versions, with a test in between': times(30, (index) => [
    index % 2 === 0
      ? did('str_replace_editor', { path: 'a.ts', text: `v${index % 4}` }, 'ok')
      : did('run_tests', {}, '1 failing'),
  ]),
  'read, write, build, look': times(40, (index) => [
    [
      did('Read', { path: 'a' }, 'text'),
      did('Write', { path: 'a', text: `draft ${index}` }, 'ok'),
      did('Bash', { command: 'make' }, 'done'),
      did('screenshot', {}, `image ${index}`),
    ][index % 4] as SettledCall,
  ]),
  'paging through results': times(30, (index) => [did('search', { query: 'x', page: index }, 'ten rows')]),
  'a poll that advances': times(30, (index) => [
    did('job_status', { id: 7 }, `{"state": "running", "progress": ${index * 3}}`),
  ]),
  'one tool for each of many files': times(30, (index) => [
    did('Read', { path: `src/${index}.ts` }, 'export {}'),
  ]),
  'a day after the other, with nothing on any of them': times(30, (index) => [
    did('calendar', { date: `2026-11-${String(1 + index).padStart(2, '0')}` }, 'no events'),
  ]),
  'an hour after the other in a log': times(24, (index) => [
    did(
      'logs',
      { from: `2026-11-30T${String(index).padStart(2, '0')}:00:00Z`, limit: 10 },
      'nothing in this hour',
    ),
  ]),
  'a search in other words each time, in vain': times(20, (index) => [
    did('WebSearch', { query: `refund policy wording ${index}` }, 'no results'),
  ]),
  'status of the repository after each edit': times(30, (index) => [
    [
      did('Edit', { path: `src/${index}.ts`, old: 'a', new: 'b' }, 'ok'),
      did('Bash', { command: 'git status --short' }, ' M src'),
      did('Bash', { command: 'npm test' }, 'all pass'),
    ][index % 3] as SettledCall,
  ]),
  'two agents in one list of turns, each with its own files': times(20, (index) => [
    did('Read', { path: `a/${index}.md` }, 'text'),
    did('Read', { path: 'README.md' }, 'the same'),
  ]),
  'waiting with a longer pause each time': times(12, (index) => [
    did('sleep', { seconds: 2 ** index }, 'done'),
  ]),
  'a retry or two that succeeds': [
    ...times(2, () => [did('fetch', { url: 'u' }, 'timeout', true)]),
    [did('fetch', { url: 'u' }, 'body')],
    [did('fetch', { url: 'v' }, 'timeout', true)],
    [did('fetch', { url: 'v' }, 'body of v')],
  ],
  'looking again after something new each time': times(30, (index) => [
    index % 2 === 0 ? did('todo', { done: index }, 'ok') : did('list', {}, 'a b c'),
  ]),
};

describe('loop watch', () => {
  it.each(Object.entries(MUST_STOP))('stops: %s', (_name, { turns, stopped, period }) => {
    const reported = period === 0 ? stopped - 8 : period * 3;
    const seen = watch(turns);
    expect(seen.loop?.period).toBe(period);
    expect(seen.stopped).toBe(stopped);
    // Reported at three rounds of five.
    expect(seen.reported).toBe(reported);
  });

  it.each(Object.entries(MUST_NOT_STOP))('lets go on: %s', (_name, turns) => {
    const seen = watch(turns);
    expect(seen.stopped).toBeUndefined();
    expect(seen.reported).toBeUndefined();
  });

  it('a round of one to four of any steps stops at the fifth, and never once something in it is new', () => {
    const stepArb = fc.record({
      tool: fc.constantFrom('search', 'read', 'list', 'query'),
      input: fc.dictionary(fc.constantFrom('q', 'path', 'limit', 'filter'), fc.jsonValue({ maxDepth: 1 }), {
        // An id that is all a tool is asked about is its subject.
        minKeys: 1,
      }),
      result: fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 2 })),
    });
    const roundArb = fc.uniqueArray(stepArb, {
      minLength: 1,
      maxLength: 4,
      selector: ({ tool, input }) =>
        JSON.stringify([tool, Object.entries(input).toSorted(([a], [b]) => a.localeCompare(b))]),
    });
    fc.assert(
      fc.property(roundArb, fc.nat(1_000), (round, salt) => {
        const period = round.length;
        const turns = times(period * 5, (index) => {
          const { tool, input, result } = round[index % period] as (typeof round)[number];
          const volatile = { request_id: `${String(salt)}-${String(index)}`, took_ms: index * salt };
          return [did(tool, { ...volatile, ...input }, [result, volatile])];
        });
        const seen = watch(turns);
        expect([seen.reported, seen.stopped]).toEqual([period * 3, period * 5]);
        const advancing = turns.map(([turn], index) => [
          index % period === 0 ? did('next', { page: index }, 'ok') : (turn as SettledCall),
        ]);
        expect(watch(advancing).stopped).toBeUndefined();
      }),
    );
  });

  it('names the tool and a hash of its input, the same whatever its volatile fields', () => {
    const one = watch(times(5, () => [did('q', { a: 1, timestamp: 1 }, '')]));
    const two = watch(times(5, (index) => [did('q', { timestamp: index, a: 1 }, '')]));
    expect(one.loop?.tool).toBe('q');
    expect(one.loop?.inputHash).toMatch(/^[0-9a-z]+$/);
    expect(two.loop?.inputHash).toBe(one.loop?.inputHash);
    expect(watch(times(5, () => [did('q', { a: 2 }, '')])).loop?.inputHash).not.toBe(one.loop?.inputHash);
  });
});

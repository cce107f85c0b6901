// What a filter finds: what is excluded is the complement of what is asked for, several values are their union, several
// names their intersection; and the line, the address, the command and the files of the page say the same.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { RunSummary, RunSumsAnswer } from '../../../server/source.ts';
import { filterParams, filterTextOf, readRunLine } from '../../../server/questions/filter-text.ts';
import { runCommand } from '../../cli/run-command.ts';
import { getJson, JSON_TYPE, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import {
  eventsOfRun,
  generateRuns,
  hasPair,
  LISTED_KEYS,
  NAMED_KEYS,
  NAMES,
  type GeneratedRun,
  type Pair,
} from './generated-runs.ts';

const RUNS = generateRuns(60, 11);
const SCORES = ['helpful', 'a=b', 'say "hi"'];

let server: TestServer;
let shown: ReadonlyMap<string, RunSummary>;

beforeAll(async () => {
  server = await startTestServer();
  const now = Date.now();
  await sendEvents(
    server,
    RUNS.flatMap((run) => eventsOfRun(run, now)),
  );
  for (const [index, run] of RUNS.entries()) {
    const name = SCORES[index % (SCORES.length + 1)];
    if (name === undefined || run.status === undefined) continue;
    const body = JSON.stringify({ run: run.id, name, value: (index % 5) / 4 });
    const answer = await fetch(`${server.uiUrl}/api/scores`, { method: 'POST', headers: JSON_TYPE, body });
    if (!answer.ok) throw new Error(await answer.text());
  }
  const all = await getJson<RunSummary[]>(server, '/api/runs?limit=1000');
  shown = new Map(all.map((run) => [run['agent.run_id'], run]));
  if (shown.size !== RUNS.length) throw new Error(`${String(shown.size)} of ${String(RUNS.length)} runs`);
});

afterAll(() => server.remove());

const value = fc.constantFrom(...NAMES);
const named = fc.tuple(fc.constantFrom(...NAMED_KEYS, ...LISTED_KEYS), value);
const status = fc
  .constantFrom('ok', 'error', 'lost', 'max_turns', 'running', 'failed')
  .map((one): Pair => ['status', one]);
const size = fc
  .tuple(
    fc.constantFrom('cost', 'duration', 'turns', 'tools', 'tokens'),
    fc.constantFrom('<', '<=', '=', '>=', '>'),
    fc.integer({ min: 0, max: 3 }),
  )
  // Between what runs that go on last while this test does, and what ended ones lasted.
  .map(([key, sign, number]): Pair => [key, `${sign}${number}${key === 'duration' ? 's' : ''}`]);
const id = fc.constantFrom('0', '00', '000a', '0010').map((one): Pair => ['run', one]);
const score = fc
  .tuple(fc.constantFrom(...SCORES, 'none'), fc.constantFrom('', '>0.4', '<=0.5', '=1', '=0.25'))
  .map(([name, test]): Pair => [
    'score',
    /[="]/.test(name) ? `"${name.replaceAll('"', '\\"')}"${test}` : name + test,
  ]);
const pair: fc.Arbitrary<Pair> = fc.oneof(named, status, size, id);
const minus = ([key, text]: Pair): Pair => [`-${key}`, text];

function queryOf(pairs: readonly Pair[]): string {
  const query = new URLSearchParams();
  for (const [key, text] of pairs) query.append(key, text);
  return query.toString();
}

async function idsOf(pairs: readonly Pair[]): Promise<ReadonlySet<string>> {
  const runs = await getJson<RunSummary[]>(server, `/api/runs?${queryOf([...pairs, ['limit', '1000']])}`);
  return new Set(runs.map((run) => run['agent.run_id']));
}

function expected(isFound: (run: GeneratedRun, shown: RunSummary) => boolean): ReadonlySet<string> {
  return new Set(RUNS.filter((run) => isFound(run, shown.get(run.id) as RunSummary)).map((run) => run.id));
}

const sorted = (ids: Iterable<string>): readonly string[] => [...ids].toSorted();
const all = (): readonly string[] => [...shown.keys()];

describe('a filter of runs', () => {
  it('finds what has the value', () =>
    fc.assert(
      fc.asyncProperty(pair, async (one) => {
        expect(sorted(await idsOf([one]))).toEqual(sorted(expected((run, row) => hasPair(run, row, one))));
      }),
      { numRuns: 80 },
    ));

  it('that excludes finds the complement, also of what has no value', () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(pair, score), async (one) => {
        const [has, hasNot] = [await idsOf([one]), await idsOf([minus(one)])];
        expect(sorted(hasNot)).toEqual(sorted(all().filter((run) => !has.has(run))));
      }),
      { numRuns: 80 },
    ));

  it('with several values of a name finds their union, and excludes each of them', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...NAMED_KEYS, ...LISTED_KEYS),
        fc.uniqueArray(value, { minLength: 2, maxLength: 4 }),
        async (key, values) => {
          const pairs = values.map((one): Pair => [key, one]);
          const found = await Promise.all(pairs.map((one) => idsOf([one])));
          const union = new Set(found.flatMap((ids) => [...ids]));
          expect(sorted(await idsOf(pairs))).toEqual(sorted(union));
          expect(sorted(await idsOf(pairs.map(minus)))).toEqual(
            sorted(all().filter((run) => !union.has(run))),
          );
        },
      ),
      { numRuns: 25 },
    ));

  it('of sizes is one of several, and between limits', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom('turns', 'tools', 'cost'),
        fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 2 }),
        async (key, [a = 0, b = 0]) => {
          const equal = [a, b].map((one): Pair => [key, `=${String(one)}`]);
          const either = await idsOf(equal);
          expect(sorted(either)).toEqual(
            sorted(expected((run, row) => equal.some((one) => hasPair(run, row, one)))),
          );
          const between: Pair[] = [
            [key, `>=${String(Math.min(a, b))}`],
            [key, `<${String(Math.max(a, b))}`],
          ];
          expect(sorted(await idsOf(between))).toEqual(
            sorted(expected((run, row) => between.every((one) => hasPair(run, row, one)))),
          );
        },
      ),
      { numRuns: 20 },
    ));

  it('of several names finds what has all of them, and nothing that is excluded, and sums to the same', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(named, status, id), { maxLength: 4 }),
        fc.array(pair, { maxLength: 3 }),
        async (asked, excluded) => {
          const keys = [...new Set(asked.map(([key]) => key))];
          const wanted = expected(
            (run, row) =>
              keys.every((key) => asked.some((one) => one[0] === key && hasPair(run, row, one))) &&
              !excluded.some((one) => hasPair(run, row, one)),
          );
          const pairs = [...asked, ...excluded.map(minus)];
          expect(sorted(await idsOf(pairs))).toEqual(sorted(wanted));
          const { runs } = await getJson<RunSumsAnswer>(server, `/api/runs/sums?${queryOf(pairs)}`);
          expect(runs).toBe(wanted.size);
        },
      ),
      { numRuns: 80 },
    ));
});

describe('the same filter', () => {
  const pairs = fc
    .array(
      fc
        .tuple(fc.oneof(named, status, size, score), fc.boolean())
        .map(([one, is]) => (is ? minus(one) : one)),
      { minLength: 1, maxLength: 4 },
    )
    .map((list) => [...new Map(list.map((one) => [one.join(' '), one])).values()]);

  it('is read from its line as it was written', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.constantFrom(...NAMED_KEYS, ...LISTED_KEYS), fc.string({ minLength: 1 }), fc.boolean()),
        ),
        (list) => {
          const written = list
            .filter(([, text]) => text.trim() !== '')
            .map(([key, text, is]): Pair => [is ? `-${key}` : key, text]);
          expect(readRunLine(filterTextOf(written))).toEqual(written);
        },
      ),
    );
  });

  it('is a line of the API, a file of the page and a command', () =>
    fc.assert(
      fc.asyncProperty(pairs, async (asked) => {
        const wanted = sorted(await idsOf(asked));
        const line = filterTextOf(asked);
        expect(sorted(await idsOf([['filter', line]]))).toEqual(wanted);
        // As the form of the page sends it: the address that it leads to names the filters.
        const led = await fetch(`${server.uiUrl}/runs?${new URLSearchParams({ q: line }).toString()}`);
        const address = new URL(led.url);
        for (const [key, texts] of Object.entries(filterParams(readRunLine(line))))
          expect([key, address.searchParams.getAll(key)]).toEqual([key, [texts].flat()]);
        address.searchParams.set('format', 'json');
        const rows = (await (await fetch(address)).json()) as readonly { readonly run: string }[];
        expect(rows.map(({ run }) => run).toSorted()).toEqual(wanted);
        const listed = await runCommand([
          'runs',
          '--json',
          '--limit',
          '1000',
          '--filter',
          line,
          '--url',
          server.uiUrl,
        ]);
        expect(listed.stderr).toBe('');
        const runs = JSON.parse(listed.stdout) as readonly RunSummary[];
        expect(runs.map((run) => run['agent.run_id']).toSorted()).toEqual(wanted);
      }),
      { numRuns: 20 },
    ));

  it('is on every page of the list', async () => {
    const asked = '-user=ana&-user=ben&-status=lost&agent=ana&agent=ben&agent=a+b&agent=-minus';
    const wanted = await getJson<RunSummary[]>(server, `/api/runs?${asked}&limit=1000`);
    expect(wanted.length).toBeGreaterThan(4);
    const paged: string[] = [];
    for (let next: string | undefined = `/api/runs?${asked}&limit=2`; next !== undefined;) {
      const answer: Response = await fetch(server.uiUrl + next);
      paged.push(...((await answer.json()) as RunSummary[]).map((run) => run['agent.run_id']));
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(paged).toEqual(wanted.map((run) => run['agent.run_id']));
  });
});

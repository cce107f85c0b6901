import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { formatCost } from '../../../core/text/format.ts';
import type { RunTree } from '../../../server/source.ts';
import { nestRuns, type NestableRun } from '../../../server/queries/runs/nested/nest-runs.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { NESTED_SESSION, nestedSession } from './nested-run.ts';
import { SAMPLE_COST_NANO_USD, sampleRun } from './sample-run.ts';

// Runs that a run started: below their turn in the session, and in the cost of the run.

const NOW = Date.now();

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await sendEvents(server, [
    ...nestedSession(NOW),
    ...circle('1', '2'),
    ...circle('2', '1'),
    ...sampleRun({ mark: '3', endMs: NOW }),
  ]);
});

afterAll(() => server.remove());

function circle(mark: string, parent: string): ReturnType<typeof sampleRun> {
  return sampleRun({ mark, endMs: NOW }).map((event) => ({
    ...event,
    'agent.parent_run_id': parent.repeat(32),
  }));
}

async function pageOf(path: string): Promise<string> {
  return (await fetch(server.uiUrl + path, { headers: { accept: 'text/html' } })).text();
}

function textOf(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function factIn(html: string, name: string): string {
  return textOf(new RegExp(`<dt>${name}</dt><dd[^>]*>(.*?)</dd>`, 's').exec(html)?.[1] ?? '');
}

function rowsOf(html: string, heading: string): string[] {
  const table = html.slice(html.indexOf(`id="${heading}"`));
  return [...table.slice(0, table.indexOf('</table>')).matchAll(/<tr.*?<\/tr>/gs)].map(([row]) => row);
}

const aRun = (index: number): fc.Arbitrary<NestableRun> =>
  fc.record({
    'agent.run_id': fc.constant(`run-${index}`),
    'agent.parent_run_id': fc.option(fc.integer({ min: 0, max: 12 }).map((parent) => `run-${parent}`)),
    started_at: fc.integer({ min: 0, max: 3 }).map((second) => `2026-01-01T00:00:0${second}Z`),
  });
const aList = fc
  .array(fc.nat(), { maxLength: 10 })
  .chain((list) => fc.tuple(...list.map((_, index) => aRun(index))));

describe('the turns of a session', () => {
  it('have every run once, each nested one below the one that started it', () => {
    fc.assert(
      fc.property(aList, (runs) => {
        const turns = nestRuns(runs);
        const placed = turns.flatMap(({ run, nested }) => [{ run, depth: 0 }, ...nested]);
        expect(placed.map(({ run }) => run['agent.run_id']).toSorted()).toEqual(
          runs.map((run) => run['agent.run_id']).toSorted(),
        );
        const starts = turns.map(({ run }) => run.started_at);
        expect(starts).toEqual(starts.toSorted());
        const above: NestableRun[] = [];
        for (const { run, depth } of placed) {
          above.splice(depth, above.length, run);
          const parent = depth === 0 ? run['agent.parent_run_id'] : above[depth - 1]?.['agent.run_id'];
          expect(parent).toBe(run['agent.parent_run_id']);
        }
        // A turn that another run of the list started is in a circle of such runs.
        const parents = new Map(runs.map((run) => [run['agent.run_id'], run['agent.parent_run_id'] ?? '']));
        for (const { run } of turns) {
          let at = parents.get(run['agent.run_id']) ?? '';
          for (let step = 0; step < runs.length && parents.has(at); step++) at = parents.get(at) ?? '';
          expect(parents.has(at) || !parents.has(parents.get(run['agent.run_id']) ?? '')).toBe(true);
        }
      }),
    );
  });
});

describe('the page of a session', () => {
  it('counts the runs that no other run of it started, and has the others below them', async () => {
    const html = await pageOf(`/sessions/${encodeURIComponent(NESTED_SESSION)}`);
    expect(factIn(html, 'Turns')).toBe('2');
    expect(factIn(html, 'Nested runs')).toBe('3');
    const rows = rowsOf(html, 'turns')
      .slice(1)
      .filter((row) => row.includes('href="/runs/'));
    expect(rows.map((row) => /(?:\d+\. |(?:↳ )+)?([4-9])\1{7} /.exec(textOf(row))?.[0])).toEqual([
      '1. 44444444 ',
      '↳ 55555555 ',
      '↳ 66666666 ',
      '↳ ↳ 77777777 ',
      '2. 88888888 ',
    ]);
    const [first = '', second = '', , , last = ''] = rows.map(textOf);
    const [own, all] = [formatCost(SAMPLE_COST_NANO_USD), formatCost(4 * SAMPLE_COST_NANO_USD)];
    // The last is what the session cost so far.
    expect(first).toContain(`${own} with its runs ${all} ${all} ok`);
    expect(second).toContain('searcher');
    expect(last).toContain(`${formatCost(SAMPLE_COST_NANO_USD)} ${formatCost(5 * SAMPLE_COST_NANO_USD)} ok`);
    expect(last).not.toContain('with its');
  });

  it('says nothing of nested runs where there are none', async () => {
    expect(await pageOf('/sessions/session-3')).not.toMatch(/Nested runs|with its/);
  });
});

describe('the page of a run', () => {
  it('says what it cost with the runs on all levels below it, whatever their session', async () => {
    const html = await pageOf(`/runs/${'4'.repeat(32)}`);
    expect(factIn(html, 'Cost')).toBe(
      `${formatCost(SAMPLE_COST_NANO_USD)} ${formatCost(5 * SAMPLE_COST_NANO_USD)} with its 4 runs`,
    );
    expect(factIn(await pageOf(`/runs/${'7'.repeat(32)}`), 'Cost')).toBe(formatCost(SAMPLE_COST_NANO_USD));
  });

  it('has the runs that it started among its steps, with those below them once they are open', async () => {
    const [five, six, seven, nine] = ['5', '6', '7', '9'].map((mark) => mark.repeat(32));
    const runsOf = async (query: string): Promise<string[]> => {
      const rows = rowsOf(await pageOf(`/runs/${'4'.repeat(32)}${query}`), 'steps');
      return rows.flatMap((row) => /data-run="(\w+)"/.exec(row)?.[1] ?? []);
    };
    expect(await runsOf('')).toEqual([five, six, nine]);
    expect(await runsOf(`?open=${six}`)).toEqual([five, six, seven, nine]);
    const rows = rowsOf(await pageOf(`/runs/${'4'.repeat(32)}`), 'steps').map(textOf);
    expect(rows.filter((row) => row.includes('Run searcher'))).toEqual([
      expect.stringMatching(/Run searcher ok .* 10\.0 s .*\$0\.0077$/),
      expect.stringMatching(/Run searcher running .* 1 nested run .*\$0\.0077$/),
      expect.stringMatching(/Run searcher ok .* 10\.0 s .*\$0\.0077$/),
    ]);
  });

  it('ends where runs name each other as the one that started them', async () => {
    const run = await getJson<RunTree>(server, `/api/runs/${'1'.repeat(32)}`);
    expect([run.nested_runs, run.cost_with_nested_nano_usd]).toEqual([1, 2 * SAMPLE_COST_NANO_USD]);
  });
});

describe('a run as JSON', () => {
  it('has the same', async () => {
    const run = await getJson<RunTree>(server, `/api/runs/${'4'.repeat(32)}`);
    expect(run).toMatchObject({
      nested_runs: 4,
      'agent.cost_nano_usd': SAMPLE_COST_NANO_USD,
      cost_with_nested_nano_usd: 5 * SAMPLE_COST_NANO_USD,
      cost_with_nested_usd: (5 * SAMPLE_COST_NANO_USD) / 1e9,
    });
    const alone = await getJson<RunTree>(server, `/api/runs/${'8'.repeat(32)}`);
    expect([alone.nested_runs, alone.cost_with_nested_nano_usd]).toEqual([0, SAMPLE_COST_NANO_USD]);
  });
});

const runOfList = (mark: string, nested?: number) =>
  sampleRun({ mark, endMs: NOW, user: 'nested-list' }).map((event) =>
    event['event.name'] === 'agent.run' && nested !== undefined
      ? { ...event, 'agent.nested_runs': 2, 'agent.nested_cost_nano_usd': nested }
      : event,
  );

it('the list shows what a run cost with the runs nested in it, and sorts by that', async () => {
  await sendEvents(server, [...runOfList('a', 6_000_000_000), ...runOfList('b')]);
  const runs = await getJson<readonly RunTree[]>(server, '/api/runs?user=nested-list&sort=most-expensive');
  expect(runs.map((run) => [run.nested_runs, run.cost_with_nested_nano_usd])).toEqual([
    [2, SAMPLE_COST_NANO_USD + 6_000_000_000],
    [0, SAMPLE_COST_NANO_USD],
  ]);
  expect(runs[0]?.['agent.cost_nano_usd']).toBe(SAMPLE_COST_NANO_USD);
  expect(await pageOf('/runs?user=nested-list')).toContain('with nested');
});

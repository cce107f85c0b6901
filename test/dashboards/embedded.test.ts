// Each number on a board is the number of the embedded server for the same data: every panel's queries through
// a real Loki, against the pages as someone reads them and against the API.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeEvent, type EventRecord } from '../../core/event.ts';
import { DAY_MS, HOUR_MS, localDateAt, startOfDate } from '../../core/time/time.ts';
import { dashboardOf, tilesOf, type Board } from '../../dashboards/board.ts';
import { BOARDS } from '../../dashboards/build.ts';
import { DAYS, type SignalSource } from '../../dashboards/source.ts';
import { sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { pushEvents } from '../signals/backends.ts';
import { liveCorpus } from '../signals/corpora.ts';
import { waitUntil } from '../stack/process.ts';
import { openLoki, type LokiServer } from '../stack/loki.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';
import { differences, Embedded, isSame, shownNumbers, type Numbers } from './embedded.ts';
import { askLoki, rangeOf, stepOf, type Frame, type Range } from './grafana.ts';
import { zoneNearNoon } from './places/noon.ts';
import { PLACES } from './places/page-places.ts';
import { labelsOf, type ShownPanel } from './places/place.ts';
import { boardOf, queriesOf, type Query } from './places/queries.ts';
import { writeOut } from '../stack/written-out.ts';

const TEST_LIMIT_MS = 120_000;
/** Days that each board is asked for; all of them are windows that the pages have too. */
const DAYS_SHOWN: Readonly<Record<Board['name'], number>> = {
  overview: 1,
  cost: 7,
  reliability: 1,
  tools: 1,
  run: 10,
  users: 7,
  health: 1,
};
/** Of the points of a time series each so-manieth is compared. */
const POINT_STRIDE = 5;

/** Runs that have not ended are closed within seconds. */
const LOST_AFTER_MS = 4000;

const PLACED = BOARDS.flatMap((board) =>
  tilesOf(board).map(({ key }) => [`${board.name}/${key}`, board, key] as const),
);

describe('the places of panels on the embedded pages', () => {
  it('leave out no panel', () => {
    expect(Object.keys(PLACES).sort()).toEqual(PLACED.map(([place]) => place).sort());
  });

  it('have a reason where there is none', () => {
    for (const place of Object.values(PLACES)) {
      expect('onNoPage' in place ? place.onNoPage : place.at).toMatch(/\w{4}/);
    }
  });
});

(await describeWith('loki'))('each number on a board equals the embedded server’s', () => {
  let loki: LokiServer;
  let server: TestServer;
  let embedded: Embedded;
  let now: number;
  let run: string;
  let timezone: string;

  beforeAll(async () => {
    now = Date.now();
    timezone = zoneNearNoon(now);
    [loki, server] = await Promise.all([
      openLoki(),
      startTestServer({ timezone, lostAfterMs: LOST_AFTER_MS, importPatienceMs: 0 }),
    ]);
    embedded = new Embedded(server.uiUrl, timezone);
    const corpus = liveCorpus(now, ['shop', 'desk']);
    await sendEvents(server, corpus);
    // The server closes the runs that never ended; Loki gets the very same records.
    await waitUntil(() => server.lines.some((line) => line.includes('were closed as abandoned')), {
      what: () => `the lost runs to be closed: ${server.lines.join('\n')}`,
    });
    const lines = (await embedded.page('/api/export')).trimEnd().split('\n');
    const events = lines.map((line) => decodeEvent(line)).filter((event) => event !== undefined);
    events.sort((a, b) => a.timestamp - b.timestamp);
    if (events.length <= corpus.length) throw new Error('no run was closed');
    run = runToShow(events);
    // Piece by piece: Loki refuses what comes much later than the rest of its stream.
    for (const piece of piecesOf(events)) await pushEvents(loki.otlpUrl, piece);
    await writeOut(loki, events);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await Promise.all([loki.stop(), server.remove()]);
  });

  const rangeFor = (board: Board, days: number = DAYS_SHOWN[board.name]): Range => ({
    from: now - days * DAY_MS,
    to: now,
  });

  const ask = (query: Query, range = rangeFor(query.board)): Promise<Frame[]> => {
    const choices = query.board.name === 'run' ? { run } : { timezone };
    return askLoki(loki.url, dashboardOf(query.board), query.panel, query.target, { range, now, choices });
  };

  it.each(PLACED)(
    '%s',
    async (place, board, key) => {
      const queries = queriesOf(board).filter((query) => query.place === `${board.name}/${key}`);
      const asked = queries.filter(({ target }) => target.datasource?.type === 'loki');
      const counterpart = PLACES[place];
      // The overview has bars of an hour: the panel has them when it shows four days.
      const days = place === 'overview/cost-over-time' ? 4 : DAYS_SHOWN[board.name];
      const range = rangeFor(board, days);
      const answers = await Promise.all(
        asked.map(async (query) => ({ source: query.source, frames: await ask(query, range), query })),
      );
      for (const { source, frames, query } of answers) {
        const faults = await apiFaults(query, frames, range);
        expect([source.kind, faults]).toEqual([source.kind, []]);
      }
      if (counterpart === undefined || 'onNoPage' in counterpart) return;
      const shown: ShownPanel = { days: Math.min(days, DAYS_SHOWN[board.name]), range, run, answers };
      expect([counterpart.at, await counterpart.differences(shown, embedded)]).toEqual([counterpart.at, []]);
    },
    TEST_LIMIT_MS,
  );

  it('a number that differs is noticed, on a page and in the API', async () => {
    const [query] = queriesOf(boardOf('overview'));
    if (query === undefined) throw new Error('the overview has no query');
    const expr = query.target.expr.replace('="ok"', '="error"');
    const range = rangeFor(query.board);
    const frames = await ask({ ...query, target: { ...query.target, expr } }, range);
    expect(await apiFaults(query, frames, range)).toHaveLength(1);
    const place = PLACES[query.place];
    const answers = [{ source: query.source, frames }];
    const shown: ShownPanel = { days: 1, range, run, answers };
    if (place === undefined || 'onNoPage' in place) throw new Error('the first panel is on no page');
    expect(await place.differences(shown, embedded)).toHaveLength(1);
  });

  /** What the API says otherwise than an answer of Loki. */
  async function apiFaults(query: Query, frames: readonly Frame[], shown: Range): Promise<string[]> {
    const { source, panel } = query;
    if (source.kind === 'month') return monthFaults(source.what, frames);
    // Runs are no dimension: their board is compared with the run's own page.
    if (source.kind !== 'signal' || source.within === 'run') return [];
    const range = rangeOf(panel, shown, now);
    switch (source.over) {
      case 'range':
        return differences(source, shownNumbers(frames, labelsOf(source)), await numbersOf(source, range));
      case 'days':
        return differences(source, shownNumbers(frames, ['day']), await costByDay());
      case 'steps':
        return stepFaults(source, frames, stepOf(panel, range));
    }
  }

  async function numbersOf(source: SignalSource, range: Range): Promise<Numbers> {
    const lengthMs = range.to - range.from;
    const before = { from: range.from - lengthMs, to: range.from };
    const own = (of: Range): Promise<Numbers> => embedded.numbers(source.signal, of, source.by);
    if (source.period === undefined) return own(range);
    if (source.period === 'before') return own(before);
    const [current, past] = await Promise.all([own(range), own(before)]);
    return new Map(
      [...new Set([...current.keys(), ...past.keys()])].map((name) => [
        name,
        (current.get(name) ?? 0) - (past.get(name) ?? 0),
      ]),
    );
  }

  async function stepFaults(
    source: SignalSource,
    frames: readonly Frame[],
    stepMs: number,
  ): Promise<string[]> {
    const times = [...new Set(frames.flatMap(({ points }) => [...points.keys()]))].sort((a, b) => a - b);
    const compared = times.filter((_, index) => index % POINT_STRIDE === 0);
    const faults = await Promise.all(
      compared.map(async (time) => {
        const numbers = await embedded.numbers(source.signal, { from: time - stepMs, to: time }, source.by);
        return differences(source, shownNumbers(frames, labelsOf(source), time), numbers);
      }),
    );
    return times.length === 0 ? ['no point at all'] : faults.flat();
  }

  async function costByDay(): Promise<Numbers> {
    const first = startOfDate(localDateAt(now, timezone) - DAYS + 1, timezone);
    const report = await embedded.json<{ rows: { name: string; cost_usd: number | null }[] }>(
      `/api/cost?by=day&since=${new Date(first).toISOString()}`,
    );
    return new Map(
      report.rows.flatMap(({ name, cost_usd: value }) => (value === null ? [] : [[name, value] as const])),
    );
  }

  async function monthFaults(what: 'soFar' | 'forecast', frames: readonly Frame[]): Promise<string[]> {
    const month = new Date(localDateAt(now, timezone) * DAY_MS);
    const startOfMonth = (later: number): number =>
      startOfDate(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + later) / DAY_MS, timezone);
    const one = async (id: string): Promise<number> =>
      (await embedded.numbers(id, { from: startOfMonth(0), to: now }, [])).get('') ?? Number.NaN;
    const soFar = await one('cost');
    const value = [...(frames[0]?.points.values() ?? [])][0];
    if (what === 'soFar') return isSame(value, soFar) ? [] : [`board ${value}, server ${soFar}`];
    const forecast = soFar + ((await one('cost_daily_mean')) * (startOfMonth(1) - now)) / DAY_MS;
    // Loki reads the clock a little later.
    const isNear = Math.abs((value ?? Number.NaN) - forecast) < forecast / 1000;
    return isNear ? [] : [`board ${value}, server ${forecast}`];
  }
});

/** The newest run with a failed tool call and an end. */
function runToShow(events: readonly EventRecord[]): string {
  const ended = new Set(
    events.filter((event) => event['event.name'] === 'agent.run').map((event) => event['agent.run_id']),
  );
  const call = events.findLast(
    (event) =>
      event['event.name'] === 'agent.tool_call' &&
      event['tool.ok'] === false &&
      ended.has(event['agent.run_id']),
  );
  const id = call?.['agent.run_id'];
  if (id === undefined) throw new Error('no tool call of the corpus failed');
  return id;
}

/** The events of each six hours. */
function piecesOf(events: readonly EventRecord[]): EventRecord[][] {
  const byPiece = new Map<number, EventRecord[]>();
  for (const event of events) {
    const piece = Math.floor(event.timestamp / (6 * HOUR_MS));
    byPiece.set(piece, [...(byPiece.get(piece) ?? []), event]);
  }
  return [...byPiece.values()];
}

// What the choices at the top of a board, its zone, its notes and its months do to the queries, on a real Loki.
// That each panel shows what it should with nothing chosen: shown.test.ts.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { EventRecord } from '../../core/event.ts';
import { DAY_MS, HOUR_MS, localDateAt, startOfDate } from '../../core/time/time.ts';
import { dashboardOf, type Board } from '../../dashboards/board.ts';
import { BOARDS } from '../../dashboards/build.ts';
import type { ListSource, SignalSource } from '../../dashboards/source.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { evaluate } from '../../signals/evaluate.ts';
import type { SignalResult } from '../../signals/result.ts';
import { liveCorpus } from '../signals/corpora.ts';
import { pushEvents } from '../signals/backends.ts';
import { openLoki, type LokiServer } from '../stack/loki.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';
import { askLoki, type Choices, type Frame, type LokiTarget } from './grafana.ts';
import { actualRows, expectedRows } from './places/list-oracle.ts';
import { zonesByNoon } from './places/noon.ts';
import { compareToOracle, type Asked } from './places/oracle.ts';
import { boardOf, queriesOf, queriesOfKind, type Query } from './places/queries.ts';
import { runWithFailedTool } from './run-with-failed-tool.ts';
import { writeOut } from '../stack/written-out.ts';

const TEST_LIMIT_MS = 240_000;
const NARROW: Choices = { user: ['a|b.*', 'Zoë "Q" (x)'], agent: 'support' };

(await describeWith('loki'))('the boards on a real Loki', () => {
  let loki: LokiServer;
  let events: EventRecord[];
  let now: number;
  let run: string;
  /** Loki tells days by its clock: here it is about midday, there it is some hours before or after. */
  let zone: string;
  let other: string;

  beforeAll(async () => {
    loki = await openLoki();
    now = Date.now();
    [zone = 'UTC', other = 'UTC'] = zonesByNoon(now);
    events = liveCorpus(now, ['shop', 'desk']);
    run = runWithFailedTool(events);
    await pushEvents(loki.otlpUrl, events);
    await writeOut(loki, events);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await loki.stop();
  });

  const ask = async (
    { board, panel, target }: Query,
    options: { days?: number; choices?: Choices } = {},
  ): Promise<{ frames: Frame[]; asked: Asked }> => {
    const range = { from: now - (options.days ?? 2) * DAY_MS, to: now };
    const choices = board.name === 'run' ? { run } : { timezone: zone, ...options.choices };
    const frames = await askLoki(loki.url, dashboardOf(board), panel, target, { range, now, choices });
    return {
      frames,
      asked: { events, range, now, timezone: String(options.choices?.['timezone'] ?? zone), choices },
    };
  };

  /** A call of $1 that many hours ago. */
  const late = (hours: number, digit: string): EventRecord => ({
    timestamp: now - hours * HOUR_MS,
    'event.name': 'agent.model_call',
    'service.name': 'late',
    span_id: digit.repeat(16),
    'agent.run_id': digit.repeat(32),
    cost_nano_usd: 1e9,
    'tallyspan.cost.status': 'priced',
  });

  it(
    'a board that is narrowed to users and an agent shows their numbers, whatever characters are in the names',
    async () => {
      const board = boardOf('overview');
      for (const [, query] of signalQueries(board)) {
        const { frames, asked } = await ask(query, { choices: NARROW });
        expect([query.panel.title, compareToOracle(query.source, query.panel, frames, asked)]).toEqual([
          query.panel.title,
          [],
        ]);
      }
    },
    TEST_LIMIT_MS,
  );

  it(
    'days follow the zone that is chosen',
    async () => {
      const queries = signalQueries(boardOf('overview')).filter(
        ([, { source }]) => source.over === 'days' || source.signal === 'cost_today',
      );
      expect(queries.length).toBeGreaterThanOrEqual(2);
      for (const [, query] of queries) {
        const { frames, asked } = await ask(query, { choices: { timezone: other } });
        expect(compareToOracle(query.source, query.panel, frames, asked)).toEqual([]);
      }
    },
    TEST_LIMIT_MS,
  );

  it(
    'a wrong query is noticed',
    async () => {
      const [, query] = signalQueries(boardOf('overview'))[0] ?? [];
      if (!query) throw new Error('the overview has no query');
      const wrong = {
        ...query,
        target: { ...query.target, expr: query.target.expr.replace('="ok"', '="error"') },
      };
      const { frames, asked } = await ask(wrong);
      expect(compareToOracle(query.source, query.panel, frames, asked)).toHaveLength(1);
    },
    TEST_LIMIT_MS,
  );

  it('the newest runs are those of the session that was chosen', async () => {
    const [, query] = listQueries().find(([name]) => name === 'users: Newest runs') ?? [];
    const session = events.findLast((event) => event['event.name'] === 'agent.run' && isOfSession(event))?.[
      'gen_ai.conversation.id'
    ];
    if (!query || session === undefined) throw new Error('no run of the corpus has a session');
    const { frames, asked } = await ask(query, { days: 10, choices: { session } });
    const own = events.filter((event) => event['gen_ai.conversation.id'] === session);
    expect(new Set(frames.map(({ labels }) => labels['gen_ai_conversation_id']))).toEqual(new Set([session]));
    expect(actualRows(query.source, frames).sort()).toEqual(
      expectedRows(query.source, { ...asked, events: own }).sort(),
    );
  });

  it('the month so far and its forecast are the sums of its days', async () => {
    const [soFar, forecast] = queriesOf(boardOf('cost')).filter(({ source }) => source.kind === 'month');
    if (!soFar || !forecast) throw new Error('the cost board has no month');
    const today = new Date(localDateAt(now, zone) * DAY_MS);
    const [begin = 0, end = 0] = [0, 1].map((later) =>
      startOfDate(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + later) / DAY_MS, zone),
    );
    const request = { from: begin, to: now, timezone: zone };
    const cost = valueOf(evaluate(signalOf('cost'), events, request)) / 1e9;
    const perDay = valueOf(evaluate(signalOf('cost_daily_mean'), events, request)) / 1e9;
    expect(numbersOf((await ask(soFar)).frames)).toEqual([cost]);
    const [shown = Number.NaN] = numbersOf((await ask(forecast)).frames);
    // Loki reads the clock a little later.
    const expected = cost + (perDay * (end - now)) / DAY_MS;
    expect(Math.abs(shown - expected)).toBeLessThan(expected / 1000);
    expect(shown).toBeGreaterThan(cost);
  });

  it('a failed tool call stands beside the model call that read its result', async () => {
    const query = queriesOf(boardOf('run')).find(({ source }) => source.kind === 'join');
    if (!query) throw new Error('the run board has no such table');
    const { frames } = await ask(query);
    const own = events.filter((event) => event['agent.run_id'] === run);
    const failed = own.filter(
      (event) => event['event.name'] === 'agent.tool_call' && event['tool.ok'] === false,
    );
    expect(frames.length).toBe(failed.length);
    for (const call of failed) {
      const frame = frames.find(({ labels }) => labels['span_id'] === call.span_id);
      const answer = own.find(
        (event) =>
          event['event.name'] === 'agent.model_call' &&
          event['agent.step_number'] === (call['agent.step_number'] ?? 0) + 1,
      );
      expect(frame?.labels['gen_ai_tool_name']).toBe(call['gen_ai.tool.name']);
      expect(frame?.labels['gen_ai_response_model']).toBe(answer?.['gen_ai.response.model']);
      expect(frame?.labels['tokens_output']).toBe(String(answer?.tokens_output));
    }
  });

  it('the lines of a run are all of its events', async () => {
    const query = queriesOf(boardOf('run')).find(({ source }) => source.kind === 'lines');
    if (!query) throw new Error('the run board has no lines');
    const { frames } = await ask(query, { days: 10 });
    const lines = frames.reduce((sum, { points }) => sum + points.size, 0);
    expect(lines).toBe(events.filter((event) => event['agent.run_id'] === run).length);
  });

  it('what arrives hours late is in a chart that was drawn before', async () => {
    const query = queriesOf(boardOf('overview')).find(({ place }) => place === 'overview/cost-over-time');
    if (!query) throw new Error('the overview has no such chart');
    const drawn = async (): Promise<number> => {
      const { frames } = await ask(query, { choices: { service: 'late' } });
      return numbersOf(frames).reduce((sum, value) => sum + value, 0);
    };
    await pushEvents(loki.otlpUrl, [late(6, 'a')]);
    expect(await drawn()).toBe(1);
    // Once more, so that the answer is in the cache if it may be.
    expect(await drawn()).toBe(1);
    await pushEvents(loki.otlpUrl, [late(5, 'b')]);
    expect(await drawn()).toBe(2);
  });

  it('what arrives hours late is in a number that was shown before', async () => {
    const query = queriesOf(boardOf('cost')).find(({ place }) => place === 'cost/cost');
    if (!query) throw new Error('the cost board has no such number');
    const shown = async (): Promise<number[]> =>
      numbersOf((await ask(query, { choices: { service: 'late' }, days: 10 })).frames);
    const [before = Number.NaN] = await shown();
    expect(await shown()).toEqual([before]);
    await pushEvents(loki.otlpUrl, [late(22, 'c')]);
    expect(await shown()).toEqual([before + 1]);
  });

  it('annotations and the choices of the service variable are answered', async () => {
    const note: EventRecord = {
      timestamp: now,
      'event.name': 'agent.note',
      'service.name': 'notes',
      span_id: 'a'.repeat(16),
      'agent.note.kind': 'first_seen',
    };
    await pushEvents(loki.otlpUrl, [note]);
    const dashboard = dashboardOf(boardOf('overview'));
    const marks = dashboard.annotations.list?.filter(({ expr }) => expr !== undefined) ?? [];
    const panel: Panel = { type: 'annotation' };
    const counts: number[] = [];
    for (const { expr = '' } of marks) {
      const target: LokiTarget = { refId: 'Anno', expr, queryType: 'range' };
      const range = { from: now - DAY_MS, to: now + 1000 };
      counts.push((await askLoki(loki.url, dashboard, panel, target, { range, now })).length);
    }
    expect(counts).toEqual([1, 0]);
    const service = dashboard.templating.list?.find(({ name }) => name === 'service')?.query;
    const { stream, label } = service as Record<string, string>;
    const params = new URLSearchParams({ query: stream ?? '', start: `${now - DAY_MS}000000` });
    const answer = await fetch(`${loki.url}/loki/api/v1/label/${label}/values?${params.toString()}`);
    expect(await answer.json()).toMatchObject({ data: ['desk', 'late', 'notes', 'shop'] });
  });
});

function signalQueries(board: Board): [string, Query<SignalSource>][] {
  return queriesOfKind(board, 'signal');
}

function listQueries(): [string, Query<ListSource>][] {
  return BOARDS.flatMap((board) =>
    queriesOfKind(board, 'list').map(
      ([, query]) => [`${board.name}: ${query.panel.title}`, query] as [string, Query<ListSource>],
    ),
  );
}

function numbersOf(frames: readonly Frame[]): number[] {
  return frames.flatMap(({ points }) => [...points.values()]);
}

function isOfSession(event: EventRecord): boolean {
  return event['gen_ai.conversation.id'] !== undefined;
}

function valueOf(result: SignalResult): number {
  return 'value' in result ? (result.value ?? Number.NaN) : Number.NaN;
}

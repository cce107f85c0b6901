// What a person sees on each board: the answers of a real Loki, made to frames as the browser makes them, through
// the transformations and field settings of Grafana's own library, equal to the oracle: rows in order, heads of
// columns, names and lengths of bars, names of numbers.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../core/event.ts';
import { DAY_MS } from '../../core/time/time.ts';
import { dashboardOf } from '../../dashboards/board.ts';
import { BOARDS } from '../../dashboards/build.ts';
import { pushEvents } from '../signals/backends.ts';
import { liveCorpus } from '../signals/corpora.ts';
import { openLoki, type LokiServer } from '../stack/loki.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';
import { askLoki } from './grafana.ts';
import { loadGrafanaData, type GrafanaData } from './grafana-data.ts';
import { zonesByNoon } from './places/noon.ts';
import type { Asked } from './places/oracle.ts';
import { panelQueriesOf } from './places/queries.ts';
import { shownFaults } from './places/shown-oracle.ts';
import { runWithFailedTool } from './run-with-failed-tool.ts';
import { writeOut } from '../stack/written-out.ts';

const TEST_LIMIT_MS = 240_000;

/** Panels of other servers than Loki, and of Grafana itself. */
const OF_OTHERS = new Set(['server', 'trace']);

const PANELS = BOARDS.flatMap((board) =>
  panelQueriesOf(board).map((queries) => [`${board.name}/${queries.tile.key}`, queries] as const),
);
const OF_LOKI = PANELS.filter(([, { tile }]) => {
  const sources = Object.values(tile.sources);
  return sources.length > 0 && !sources.some(({ kind }) => OF_OTHERS.has(kind));
});

(await describeWith('loki'))('each panel shows what the oracle says', () => {
  let library: GrafanaData;
  let loki: LokiServer;
  let events: EventRecord[];
  let now: number;
  let run: string;
  let timezone: string;

  beforeAll(async () => {
    library = loadGrafanaData();
    loki = await openLoki();
    now = Date.now();
    [timezone = 'UTC'] = zonesByNoon(now);
    events = withOddIds(liveCorpus(now, ['shop', 'desk']));
    run = runWithFailedTool(events);
    await pushEvents(loki.otlpUrl, events);
    await writeOut(loki, events);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await loki.stop();
  });

  it.each(OF_LOKI)(
    '%s',
    async (_, { board, tile, panel, targets }) => {
      const sources = Object.values(tile.sources);
      const days = sources.every(({ kind }) => kind === 'list') ? 10 : 2;
      const asked: Asked = {
        events,
        range: { from: now - days * DAY_MS, to: now },
        now,
        timezone,
        choices: board.name === 'run' ? { run } : { timezone },
      };
      const answers = await Promise.all(
        targets.map(async (target) => ({
          target,
          series: await askLoki(loki.url, dashboardOf(board), panel, target, {
            ...asked,
            choices: asked.choices ?? {},
          }),
        })),
      );
      expect(shownFaults({ library, tile, panel, answers, asked })).toEqual([]);
    },
    TEST_LIMIT_MS,
  );
});

/** The newest runs, the one that is shown among them, have ids that no address holds unless it is encoded. */
function withOddIds(events: readonly EventRecord[]): EventRecord[] {
  const runs = new Set(
    events
      .filter((event) => event['event.name'] === 'agent.run')
      .slice(-3)
      .map((event) => event['agent.run_id']),
  );
  return events.map((event) =>
    runs.has(event['agent.run_id'])
      ? {
          ...event,
          'user.id': 'a&b#c+d/e f@example.com',
          'gen_ai.conversation.id': 'conv #1 & 50% + /x?y=z "q"',
        }
      : event,
  );
}

describe('the panels', () => {
  it('are all there', () => {
    expect(PANELS.length).toBeGreaterThanOrEqual(128);
    expect(new Set(PANELS.map(([place]) => place)).size).toBe(PANELS.length);
    const others = PANELS.filter(([place]) => !OF_LOKI.some(([one]) => one === place));
    expect(others.map(([place]) => place).filter((place) => !place.startsWith('health/'))).toEqual([
      'overview/alerts',
      'run/traces',
    ]);
  });
});

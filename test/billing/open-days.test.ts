// Which days of the bill are fetched: all that may not be the last word, whatever was fetched after them.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DAY_MS } from '../../core/time/time.ts';
import type { ReconciliationReport } from '../../server/source.ts';
import { openDaysFetchedAtMs } from '../../server/billing/open-days.ts';
import { updateBill } from '../../server/billing/update-bill.ts';
import { dayText } from '../../server/queries/billing/read-billing.ts';
import { readCommand } from '../cli/read-command.ts';
import { runCommand } from '../cli/run-command.ts';
import { startAdminApi, type FakeAdminApi } from '../fakes/admin-api.ts';
import { startTestServer, type TestServer } from '../server/harness.ts';

const TODAY = Math.floor(Date.now() / DAY_MS);
let api: FakeAdminApi;
let server: TestServer;

beforeAll(async () => {
  api = await startAdminApi();
  api.usages = Array.from({ length: 31 }, (_, back) => ({
    day: dayText(TODAY - back),
    model: 'claude-sonnet-5-5',
    counts: { output_tokens: 1_000 },
    prices: { output_tokens: 10 },
  }));
  server = await startTestServer();
});
afterAll(async () => {
  await server.remove();
  await api.close();
});
beforeEach(() => {
  api.requests.length = 0;
});

const env = (): NodeJS.ProcessEnv => ({ ANTHROPIC_ADMIN_KEY: api.key, TALLYSPAN_ADMIN_API_URL: api.url });
const args = (): string[] => ['reconcile', '--since', '30d', '--url', server.uiUrl];

it('goes on where it was interrupted', async () => {
  // The second week has an amount that is none.
  const { usages } = api;
  api.usages = usages.map((one) =>
    one.day === dayText(TODAY - 20) ? { ...one, counts: { output_tokens: Number.NaN } } : one,
  );
  const { exitCode } = await runCommand(args(), { env: env() });
  expect(exitCode).toBe(1);
  api.usages = usages;
  const report = await readCommand<ReconciliationReport>(args(), { env: env() });
  expect(report.by_day).toHaveLength(31);
  expect(report.total.billed_list_nano_usd).toBe(31 * 10_000_000);
});

it('then asks for the days that are corrected alone', async () => {
  await runCommand(args(), { env: env() });
  const asked = api.requests.map(({ url }) => new URL(url, api.url).searchParams.get('starting_at'));
  expect([...new Set(asked)]).toEqual([`${dayText(TODAY - 5)}T00:00:00Z`]);
});

function fetchedBefore(day: number, at: number): Record<string, number> {
  return { [dayText(day)]: at * DAY_MS };
}

describe('of days that were fetched at different times', () => {
  it('those before a gap are fetched, too', async () => {
    const asked: string[] = [];
    const times = Object.assign(
      {},
      // Whole on day 100, once more on day 120, of which the last two days were asked alone.
      ...Array.from({ length: 21 }, (_, index) => fetchedBefore(80 + index, 100)),
      ...[118, 119, 120].map((day) => fetchedBefore(day, 120)),
    ) as Record<string, number>;
    await updateBill({
      fromDay: 90,
      toDay: 121,
      api: { url: api.url, key: api.key, paceMs: 0 },
      stored: { ledger: [], bill: [], fetchedAtMsByDay: times },
      serviceOfKey: new Map(),
      now: () => 120 * DAY_MS,
      append: () => Promise.resolve(),
    });
    for (const { url } of api.requests)
      asked.push(new URL(url, api.url).searchParams.get('starting_at')?.slice(0, 10) ?? '');
    expect([...new Set(asked)]).toEqual([95, 102, 109, 116].map(dayText));
  });

  it('the oldest of the open ones says how old the bill is', () => {
    const days = { fromDay: 90, toDay: 121 };
    const settled = fetchedBefore(100, 119);
    expect(openDaysFetchedAtMs(settled, days)).toBeUndefined();
    expect(
      openDaysFetchedAtMs({ ...settled, ...fetchedBefore(118, 119), ...fetchedBefore(120, 120) }, days),
    ).toBe(119 * DAY_MS);
  });
});

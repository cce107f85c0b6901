// The time of a page: pages of sessions and of limits have the same picker as the others, and show what is of their time.

import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { DAY_MS } from '../../../core/time/time.ts';
import { formatCost } from '../../../core/text/format.ts';
import { sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { SAMPLE_COST_NANO_USD, sampleRun } from './sample-run.ts';

jest.setTimeout(60_000);

let server: TestServer;
const session = '/sessions/talk';

beforeAll(async () => {
  server = await startTestServer({ lostAfterMs: 400 * DAY_MS });
  const now = Date.now();
  const runs = [
    ...sampleRun({ mark: 'a', endMs: now - 60_000, user: 'ana' }),
    ...sampleRun({ mark: 'b', endMs: now - 3 * DAY_MS, user: 'ana' }),
  ].map((event) => ({ ...event, 'gen_ai.conversation.id': 'talk' }));
  await sendEvents(server, runs);
});

afterAll(async () => {
  await server.remove();
});

async function page(address: string): Promise<string> {
  const answer = await fetch(server.uiUrl + address, { headers: { accept: 'text/html' } });
  expect([address, answer.status]).toEqual([address, 200]);
  return answer.text();
}

function costOf(html: string): string | undefined {
  return /data-signal="cost"[^>]*>([^<]+)/.exec(html)?.[1];
}

it('of a session is all of it until another is chosen', async () => {
  const all = await page(session);
  expect(costOf(all)).toBe(formatCost(2 * SAMPLE_COST_NANO_USD));
  const day = await page(`${session}?time=24h`);
  expect(costOf(day)).toBe(formatCost(SAMPLE_COST_NANO_USD));
  expect(day).toContain('<small> of 2</small>');
  expect(day).not.toContain('b'.repeat(32));
  expect(await page(`${session}?from=2020-01-01&to=2020-01-02`)).toContain('No turn in this time');
});

it.each(['/limits', '/limits?time=yesterday', '/limits?since=7d', session])(
  'stands on %s',
  async (address) => {
    expect(await page(address)).toContain('data-picker');
  },
);

it('stays the same where only the zone was changed in its form', async () => {
  const form = /<form class="filter" method="get"[^>]*>(.*?)<\/form>/s.exec(
    /<details class="own-time">.*/s.exec(await page('/?time=7d'))?.[0] ?? '',
  )?.[1];
  const fields = [...(form ?? '').matchAll(/<input[^>]*name="(\w+)"[^>]*value="([^"]*)"/g)].map(
    ([, name = '', value = '']): [string, string] => [name, value],
  );
  expect(new Set(fields.map(([name]) => name))).toEqual(new Set(['from', 'time', 'to', 'was']));
  const sent = new URLSearchParams([...fields, ['zone', 'Asia/Tokyo']]);
  const moved = await page(`/?${sent.toString()}`);
  expect(moved).toContain('<option value="7d" selected>last 7 days</option>');
  expect(moved).toContain('Days and times in Asia/Tokyo');
  sent.set('from', '2026-01-01T00:00');
  sent.set('to', '2026-01-02T00:00');
  const written = await page(`/?${sent.toString()}`);
  expect(written).toContain('1 Jan 00:00 – 2 Jan 00:00');
  expect(written).not.toContain('value="7d" selected');
});

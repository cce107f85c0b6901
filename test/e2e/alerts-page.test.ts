import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../../scripts/browser.ts';
import { writeAlertFile } from '../../server/alerting/alert-file.ts';
import { PAGE_URL, TOLD_RUN, TOLD_USER, alertMemory } from '../alerts/rules/alert-memory.ts';
import { makeDataDir, startTestServer, type TestServer } from '../server/harness.ts';

// The page of alerts has what a notice on the phone has: kind, severity, reasons with their links, where to look and
// what to do; a rule that fires says since when, and why it still does.

const MINUTE = 60_000;
const NOW = Date.now();

let server: TestServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  const dataDir = await makeDataDir();
  await writeAlertFile(dataDir, alertMemory(NOW));
  server = await startTestServer({ dataDir, alertEnv: { TALLYSPAN_URL: PAGE_URL } });
  browser = await startBrowser();
  page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await page.goto(`${server.uiUrl}/alerts`);
});

afterAll(async () => {
  await browser.close();
  await server.remove();
});

async function linksIn(selector: string): Promise<[string, string | null, string | null][]> {
  const links = await page.locator(`${selector} a`).all();
  return Promise.all(
    links.map(async (link) => [
      (await link.textContent()) ?? '',
      await link.getAttribute('href'),
      await link.getAttribute('rel'),
    ]),
  );
}

describe('a notice on the page of alerts', () => {
  it('says kind, severity, reasons and what to do in words', async () => {
    const rows = await page.locator('section[aria-labelledby=notices] tbody tr').allInnerTexts();
    expect(rows.map((row) => /still firing|firing|back to normal/.exec(row)?.[0])).toEqual([
      'still firing',
      'firing',
      'back to normal',
      'firing',
    ]);
    for (const row of rows) expect(row).toContain('warning');
    expect(rows[1]).toContain(`Top run e1e1e1e1 $3.92, 40 turns`);
    expect(rows[1]).toContain('What to do: See what the user runs.');
    expect(rows[2]).not.toContain('What to do');
  });

  it('links what it names to the pages of this server, and nothing that is no page', async () => {
    expect(await linksIn(`#notice-user-day-cost-firing-${NOW - 30 * MINUTE}`)).toEqual([
      ['e1e1e1e1', `/runs/${TOLD_RUN}`, null],
      ['claude', '/models#claude', null],
      ['run e1e1e1e1', `/runs/${TOLD_RUN}`, null],
    ]);
    expect((await linksIn(`#notice-user-day-cost-firing-${NOW - 300 * MINUTE}`)).at(-1)).toEqual([
      'http://grafana.example/d/1',
      'http://grafana.example/d/1',
      'noreferrer',
    ]);
    expect(await page.content()).not.toContain('href="javascript');
  });
});

function rowOf(ruleId: string): string {
  return `section[aria-labelledby=rules] tr:has-text("${ruleId}")`;
}

describe('a rule that fires', () => {
  it('says since when, and that it waits', async () => {
    const text = (await page.textContent(`${rowOf('user-day-cost')} td:nth-child(2)`)) ?? '';
    expect(text).toMatch(
      /^firing<b>user<\/b>\/88 since .*\d\d:\d\d; not met since .*\d\d:\d\d \(now (within its limit|no data)\); back to normal at .*\d\d:\d\d if it stays so$/,
    );
  });

  it('leads to what it is about, and to what it told last', async () => {
    expect(await linksIn(rowOf('user-day-cost'))).toEqual([
      ['Cost of one user in a day', '/alerts/user-day-cost', null],
      [
        expect.stringMatching(/\d\d:\d\d still firing$/),
        `#notice-user-day-cost-repeat-${NOW - 20 * MINUTE}`,
        null,
      ],
      [expect.stringMatching(/\d\d:\d\d firing$/), `#notice-user-day-cost-firing-${NOW - 30 * MINUTE}`, null],
      [
        expect.stringMatching(/\d\d:\d\d back to normal$/),
        `#notice-user-day-cost-resolved-${NOW - 200 * MINUTE}`,
        null,
      ],
      [TOLD_USER, `/users/${encodeURIComponent(TOLD_USER)}`, null],
    ]);
    expect((await linksIn(rowOf('conversation-cost'))).at(-1)).toEqual([
      'chat 1',
      '/sessions/chat%201',
      null,
    ]);
    await page.click(`${rowOf('user-day-cost')} a >> nth=1`);
    expect(await page.locator('tr:target').textContent()).toContain('still firing');
  });
});

function sendLimit(base: string, id: string, value: string): Promise<Response> {
  return fetch(`${base}/alerts/${id}/limit`, {
    method: 'POST',
    headers: { origin: base },
    body: new URLSearchParams({ value }),
    redirect: 'manual',
  });
}

describe('the page of a rule', () => {
  it('comes from the list, in which what fires is first', async () => {
    await page.goto(`${server.uiUrl}/alerts`);
    const states = await page.locator('section[aria-labelledby=rules] tbody td:nth-child(2)').allInnerTexts();
    const firing = states.map((text) => text.startsWith('firing'));
    expect(firing.lastIndexOf(true)).toBeLessThan(firing.indexOf(false));
    await page.click('a.strong >> nth=0');
    expect(new URL(page.url()).pathname).toMatch(/^\/alerts\/[a-z-]+$/);
    expect(await page.locator('section[aria-labelledby=course]').count()).toBe(1);
  });

  it('changes the limit, says who did and when, and takes it back; the change outlives the server', async () => {
    await page.goto(`${server.uiUrl}/alerts/run-cost`);
    const before = await page.inputValue('input[name=value]');
    await page.fill('input[name=value]', '1.25');
    await page.click('button:text("Save the limit")');
    expect(await page.textContent('section[aria-labelledby=limit]')).toMatch(/Changed .* from 127\.0\.0\.1/);
    expect(server.readAlertStates().rules.find(({ id }) => id === 'run-cost')).toMatchObject({
      threshold: 1_250_000_000,
      limit_changed: { by: '127.0.0.1' },
    });
    await server.close();
    server = await startTestServer({ dataDir: server.dataDir, alertEnv: { TALLYSPAN_URL: PAGE_URL } });
    await page.goto(`${server.uiUrl}/alerts/run-cost`);
    expect(await page.inputValue('input[name=value]')).toBe('1.25');
    await page.click('button:text("Back to the default")');
    expect(await page.inputValue('input[name=value]')).toBe(before);
  });

  it('refuses a limit that cannot be, and one that the environment sets', async () => {
    expect((await sendLimit(server.uiUrl, 'run-cost', '-1')).status).toBe(400);
    expect((await sendLimit(server.uiUrl, 'run-cost', '')).status).toBe(400);
    const fixed = await startTestServer({ alertEnv: { ALERT_RUN_USD: '2' } });
    expect((await sendLimit(fixed.uiUrl, 'run-cost', '1')).status).toBe(400);
    await page.goto(`${fixed.uiUrl}/alerts/run-cost`);
    expect(await page.textContent('section[aria-labelledby=limit]')).toContain('set by ALERT_RUN_USD');
    expect(await page.locator('input[name=value]').count()).toBe(0);
    await fixed.remove();
  });

  it('silences the rule for a time', async () => {
    await page.goto(`${server.uiUrl}/alerts/run-cost`);
    await page.selectOption('select[name=for]', '8h');
    await page.click('button:text("Silence")');
    expect(await page.textContent('.head')).toContain('silenced');
    await page.click('button:text("End the silence")');
    expect(await page.textContent('.head')).not.toContain('silenced');
  });
});

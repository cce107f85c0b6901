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
      [TOLD_USER, `/runs?user=${encodeURIComponent(TOLD_USER)}`, null],
    ]);
    expect(await linksIn(rowOf('conversation-cost'))).toEqual([['chat 1', '/sessions/chat%201', null]]);
    await page.click(`${rowOf('user-day-cost')} a >> nth=0`);
    expect(await page.locator('tr:target').textContent()).toContain('still firing');
  });
});

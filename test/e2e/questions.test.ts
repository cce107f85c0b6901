// The eleven questions that people come with, each answered in at most three actions: an action is a click, a key, or a
// text that is written and sent.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { DAY_MS } from '../../core/time/time.ts';
import { formatCost } from '../../core/text/format.ts';
import { startBrowser } from '../../scripts/browser.ts';
import { sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { SAMPLE_COST_NANO_USD, sampleRun } from '../server/web/sample-run.ts';

jest.setTimeout(120_000);

let empty: TestServer;
let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  [server, empty] = await Promise.all([startTestServer({ lostAfterMs: 400 * DAY_MS }), startTestServer()]);
  const now = Date.now();
  await sendEvents(server, [
    ...sampleRun({ mark: 'a', endMs: now - 60_000, user: 'ana' }),
    ...sampleRun({ mark: 'b', endMs: now - 120_000, user: 'ana', status: 'error' }),
    ...sampleRun({ mark: 'c', endMs: now - DAY_MS, user: 'ben', agent: 'research' }),
    ...sampleRun({ mark: 'd', endMs: now - DAY_MS - 60_000, user: 'ben', agent: 'research' }),
    ...sampleRun({ mark: 'e', endMs: now - 2 * DAY_MS, user: 'eva' }),
  ]);
  browser = await startBrowser();
});

afterAll(async () => {
  await browser.close();
  await server.remove();
  await empty.remove();
});

/** A page that counts what is done on it. */
class Visit {
  readonly page: Page;
  actions = 0;

  constructor(page: Page) {
    this.page = page;
  }

  static async open(path = '/', options: BrowserContextOptions = {}, base = server.uiUrl): Promise<Visit> {
    const page = await (await browser.newContext(options)).newPage();
    // A busy machine is slow.
    page.setDefaultTimeout(100_000);
    await page.goto(base + path);
    return new Visit(page);
  }

  async click(selector: string): Promise<void> {
    this.actions++;
    await this.page.click(selector);
    await this.page.waitForLoadState();
  }

  async choose(selector: string, value: string): Promise<void> {
    this.actions++;
    await Promise.all([this.page.waitForURL(/[?&]/), this.page.selectOption(selector, value)]);
  }

  /** Writes into the search and sends it. */
  async search(text: string): Promise<void> {
    this.actions++;
    await this.page.fill('form.search input', text);
    await this.page.press('form.search input', 'Enter');
    await this.page.waitForLoadState();
  }

  async press(key: string): Promise<void> {
    this.actions++;
    await this.page.keyboard.press(key);
  }

  /** Throws when it took more than three actions, or none. */
  async end(): Promise<void> {
    await this.page.context().close();
    if (this.actions < 1 || this.actions > 3) throw new Error(`it took ${this.actions} actions`);
  }
}

describe('in at most three actions one learns', () => {
  it('what a user cost this week', async () => {
    const visit = await Visit.open();
    await visit.search('ana');
    await visit.click('main table a:has-text("ana")');
    await visit.choose('select[name=time]', '7d');
    expect(await visit.page.textContent('[data-signal=cost]')).toBe(formatCost(2 * SAMPLE_COST_NANO_USD));
    await visit.end();
  });

  it('which run failed, and why', async () => {
    const visit = await Visit.open();
    await visit.search('status:failed');
    expect(await visit.page.locator('table.runs tbody tr').count()).toBe(1);
    await visit.click('table.runs a.mono');
    expect(await visit.page.textContent('main')).toContain('api_error');
    await visit.end();
  });

  it('which users failed, by a filter that is completed by keys alone', async () => {
    const visit = await Visit.open('/runs');
    const { page } = visit;
    await page.keyboard.press('/');
    await page.keyboard.type('status:failed user:a');
    const list = page.locator('form.search [role=option]');
    // What was typed before may still be answered.
    await list.filter({ hasText: 'filteruser:ana1 run' }).waitFor();
    expect(await list.allTextContents()).toEqual(['filteruser:ana1 run']);
    await visit.press('ArrowDown');
    await visit.press('Enter');
    expect(await page.inputValue('form.search input')).toBe('status:failed user:ana ');
    await Promise.all([page.waitForURL(/user=ana/), visit.press('Enter')]);
    expect(await page.locator('table.runs tbody tr').count()).toBe(1);
    // The line above the list completes, too.
    await page.fill('form.filter.line input[name=q]', 'agent:re');
    await page.locator('form.filter.line [role=option]').click();
    expect(await page.inputValue('form.filter.line input[name=q]')).toBe('agent:research ');
    await visit.end();
  });

  it('why yesterday cost more', async () => {
    const visit = await Visit.open();
    await visit.click('nav.main a:text("Cost change")');
    await visit.choose('select[name=time]', 'yesterday');
    expect(await visit.page.textContent('.headline')).toMatch(/^Yesterday cost \$0\.\d+ more than /);
    await visit.end();
  });

  it('what a tool costs', async () => {
    const visit = await Visit.open();
    await visit.search('search_docs');
    await visit.click('main table a:has-text("search_docs")');
    expect(await visit.page.locator('[data-signal=tool_cost]').count()).toBe(1);
    expect(await visit.page.textContent('[data-signal=tool_calls]')).toBe('5');
    await visit.end();
  });

  it('how one agent compares with another', async () => {
    const visit = await Visit.open('/agents?time=7d');
    await visit.click('input[value="agent:support"]');
    await visit.click('input[value="agent:research"]');
    await visit.click('button:text("Compare the two")');
    const cells = await visit.page.locator('tr[data-row=runs] td').allTextContents();
    expect(cells.slice(1, 3).toSorted()).toEqual(['2', '3']);
    await visit.end();
  });

  it.each([
    ['a trace', 'cccc'],
    ['a span', `${'d'.repeat(15)}1`],
    ['a response', 'msg_e_2'],
  ])('where %s is, by the beginning of its id', async (_what, id) => {
    const visit = await Visit.open('/users');
    await visit.search(id);
    expect(new URL(visit.page.url()).pathname).toMatch(/^\/runs\/([cde])\1{31}$/);
    await visit.end();
  });
});

describe('a filter', () => {
  it('is completed, and excludes until its chip is taken away', async () => {
    const { page } = await Visit.open('/runs');
    await page.fill('form.filter.line input[name=q]', 'agent:research -user:b');
    const option = page.locator('form.filter.line [role=option]');
    await option.waitFor();
    expect(await option.textContent()).toBe('filter-user:ben2 runs');
    await option.click();
    expect(await page.inputValue('form.filter.line input[name=q]')).toBe('agent:research -user:ben ');
    await page.fill('form.filter.line input[name=q]', '-user:ben -user:eva');
    await Promise.all([page.waitForURL(/-user=ben&-user=eva/), page.click('button:text("Filter")')]);
    expect(await page.locator('table.runs tbody tr').count()).toBe(2);
    await Promise.all([page.waitForURL(/-user=eva$/), page.click('ul.chips a:has-text("ben")')]);
    expect(await page.locator('table.runs tbody tr').count()).toBe(4);
    await page.click('a.narrow');
    await Promise.all([
      page.waitForURL(/-user=eva&.*-user=ana|-user=eva&-user=ana/),
      page.click('.facet-lists a.without:has-text("ana")'),
    ]);
    expect(await page.locator('table.runs tbody tr').count()).toBe(2);
    await page.fill('form.filter.line input[name=q]', 'usre:ana');
    await page.click('button:text("Filter")');
    expect(await page.textContent('main')).toContain('usre is no filter: did you mean user?');
    await page.context().close();
  });
});

describe('in at most three actions one', () => {
  it('takes a filtered list as a file', async () => {
    const visit = await Visit.open();
    await visit.search('user:ben cost>0.001');
    const [download] = await Promise.all([
      visit.page.waitForEvent('download'),
      visit.click('a:text("CSV")').catch(() => undefined),
    ]);
    const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
    expect(lines.slice(1).map((line) => /[cd]{32}/.exec(line)?.[0])).toEqual([
      'c'.repeat(32),
      'd'.repeat(32),
    ]);
    await visit.end();
  });

  it('gives another person a link to the same numbers', async () => {
    const visit = await Visit.open('/?time=7d');
    await visit.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await visit.click('.own-time summary');
    await visit.click('button[data-copy-link]');
    await visit.page.waitForSelector('button:has-text("Copied")');
    const link = await visit.page.evaluate<string>('navigator.clipboard.readText()');
    const cost = await visit.page.textContent('[data-signal=cost]');
    const other = await Visit.open(link.slice(server.uiUrl.length));
    expect(other.page.url()).toMatch(/from=.*to=/);
    expect(await other.page.textContent('[data-signal=cost]')).toBe(cost);
    await other.page.context().close();
    await visit.end();
  });

  it('reads on a phone what runs cost and when', async () => {
    const visit = await Visit.open('/', { viewport: { width: 390, height: 800 }, hasTouch: true });
    await visit.click('nav.main a:text("Runs")');
    const card = visit.page.locator('table.runs tbody tr').first();
    for (const label of ['Started', 'Cost', 'Status'])
      expect(await card.locator(`td[data-label=${label}]`).isVisible()).toBe(true);
    expect(await visit.page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await visit.end();
  });

  it('opens a run by keys alone', async () => {
    const visit = await Visit.open();
    await visit.press('/');
    await visit.page.keyboard.type('eeee');
    await visit.press('Enter');
    await visit.page.waitForURL(/\/runs\/e{32}/);
    expect(await visit.page.textContent('h1')).toContain('eeee');
    await visit.end();
  });

  it('looks at example data, and removes it again', async () => {
    const visit = await Visit.open('/', {}, empty.uiUrl);
    await visit.click('button:text("Show me example data")');
    expect(await visit.page.textContent('[data-signal=cost]')).toMatch(/^\$\d/);
    await visit.click('nav.main a:text("Users")');
    expect(await visit.page.locator('main tbody tr').count()).toBeGreaterThan(3);
    await visit.click('button:text("Remove the example data")');
    expect(await visit.page.textContent('h1')).toContain('Nothing here yet');
    await visit.end();
  });

  it('learns how to send the first run', async () => {
    const visit = await Visit.open('/', {}, empty.uiUrl);
    await visit.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await visit.click('button[data-copy-text] >> nth=0');
    await visit.page.waitForSelector('button:has-text("Copied")');
    expect(await visit.page.evaluate<string>('navigator.clipboard.readText()')).toContain(
      'node --import @tallyspan/node/register',
    );
    await visit.end();
  });
});

it.each([
  ['/alerts', '#rules'],
  ['/diagnose?from=today&against=7d', 'h1'],
  ['/compare/groups?a=user:ana&b=user:ben&time=7d', '#comparison'],
  ['/users?time=7d', 'details.columns'],
])('%s reads on a phone without scrolling sideways', async (path, part) => {
  const visit = await Visit.open(path, { viewport: { width: 390, height: 800 }, hasTouch: true });
  expect(await visit.page.locator(part).count()).toBe(1);
  expect(await visit.page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  const wide = await visit.page.evaluate<number>(
    `[...document.querySelectorAll('.scroll:has(> table.as-cards)')].filter((one) => one.scrollWidth > one.clientWidth).length`,
  );
  expect(wide).toBe(0);
  await visit.page.context().close();
});

it('a stretch that is drawn over a chart becomes the time of the page', async () => {
  const visit = await Visit.open('/?time=7d');
  const steps = visit.page.locator('.chart .step');
  const [from, to] = [await steps.nth(4).boundingBox(), await steps.nth(5).boundingBox()];
  await visit.page.mouse.move((from?.x ?? 0) + 10, (from?.y ?? 0) + 60);
  await visit.page.mouse.down();
  await visit.page.mouse.move((to?.x ?? 0) + 20, (to?.y ?? 0) + 60, { steps: 5 });
  await Promise.all([visit.page.waitForURL(/from=/), visit.page.mouse.up()]);
  expect(await visit.page.textContent('[data-signal=cost]')).toBe(formatCost(3 * SAMPLE_COST_NANO_USD));
  await visit.page.context().close();
});

it('a step of a chart shows its numbers when it is pointed at', async () => {
  const visit = await Visit.open('/?time=7d&stack=agent');
  await visit.page.locator('.chart .step').nth(5).hover();
  expect(await visit.page.textContent('.tip')).toContain(`research${formatCost(2 * SAMPLE_COST_NANO_USD)}`);
  await visit.page.context().close();
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { formatCost } from '../../core/text/format.ts';
import { startBrowser } from '../../scripts/browser.ts';
import { sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { SAMPLE_COST_NANO_USD, sampleRun } from '../server/web/sample-run.ts';

// The pages in a real browser. Whatever they ask of anybody but their own server is a failure.

let server: TestServer;
let browser: Browser;
let faults: string[];

beforeAll(async () => {
  server = await startTestServer();
  browser = await startBrowser();
});

afterAll(async () => {
  await browser.close();
  await server.remove();
});

/** A page that notes errors and requests to others. */
async function openPage(
  options: { javaScriptEnabled?: boolean; colorScheme?: 'light' | 'dark' } = {},
): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error') faults.push(line.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(server.uiUrl) && !request.url().startsWith('data:'))
      faults.push(`asked ${request.url()}`);
  });
  return page;
}

describe('the page', () => {
  it('tells a newcomer the next command, and shows the first run without a reload', async () => {
    const page = await openPage();
    await page.goto(server.uiUrl);
    for (const path of [
      '/tools',
      '/models',
      '/users',
      '/tasks',
      '/agents',
      '/sessions',
      '/runs',
      '/diagnose',
      '/',
    ]) {
      await page.goto(server.uiUrl + path);
      expect([path, await page.textContent('main')]).toEqual([
        path,
        expect.stringContaining('node --import @tallyspan/node/register'),
      ]);
    }
    await page.evaluate(() => {
      (globalThis as { wasNotReloaded?: boolean }).wasNotReloaded = true;
    });
    await sendEvents(server, [
      ...sampleRun({ mark: 'a', endMs: Date.now() - 1000 }),
      ...sampleRun({
        mark: 'b',
        endMs: Date.now() - 2000,
        status: 'error',
        user: '<img src=x onerror=alert(1)>',
      }),
      ...sampleRun({ mark: 'c', endMs: Date.now(), isOpen: true }),
    ]);
    await page.waitForSelector('.cards', { timeout: 90_000 });
    expect(await page.evaluate(() => (globalThis as { wasNotReloaded?: boolean }).wasNotReloaded)).toBe(true);
    expect(faults).toEqual([]);
  });

  it('has the four cards with the numbers of the events', async () => {
    const page = await openPage();
    await page.goto(server.uiUrl);
    const cards = await page.locator('.card').allTextContents();
    expect(cards[0]).toContain('50.0 %');
    expect(cards[0]).toContain('of 2 that ended');
    expect(cards[1]).toContain('10.0 s');
    expect(cards[2]).toContain(formatCost(3 * SAMPLE_COST_NANO_USD));
    expect(cards[3]).toContain('1 failed');
    expect(await page.locator('svg.plot .step').count()).toBeGreaterThanOrEqual(24);
    // The hour that goes on is no whole one.
    expect(await page.locator('svg.plot .unfinished').count()).toBe(1);
    expect(await page.locator('section[aria-labelledby=slowest] tbody tr').count()).toBe(3);
    expect(faults).toEqual([]);
  });

  it('keeps what it shows while it cannot be refreshed, says so, and goes on asking', async () => {
    const page = await openPage();
    await page.goto(`${server.uiUrl}/runs/${'c'.repeat(32)}`);
    const before = await page.textContent('main');
    let isFailing = true;
    await page.route('**/runs/**', async (route) => {
      if (isFailing) await route.fulfill({ status: 500, body: '<main><h1>The server failed</h1></main>' });
      else await route.continue();
    });
    await page.waitForSelector('#stale:not([hidden])', { timeout: 90_000 });
    expect(await page.textContent('#stale')).toMatch(/^not updated since \d\d:\d\d:\d\d$/);
    expect(await page.textContent('main')).toBe(before);
    isFailing = false;
    await page.waitForSelector('#stale', { state: 'hidden', timeout: 90_000 });
    expect(await page.locator('header').count()).toBe(1);
  });

  it('is dark on white on paper, whatever its look, and has nothing to press', async () => {
    const page = await openPage({ colorScheme: 'dark' });
    await page.goto(`${server.uiUrl}/runs/${'c'.repeat(32)}`);
    await page.click('[data-theme-switch]');
    await page.click('[data-theme-switch]');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const look = await page.evaluate<string[]>(
      '[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]',
    );
    expect(look).toEqual(['rgb(255, 255, 255)', 'rgb(26, 31, 39)']);
    expect(await page.locator(':is(header.top, button):visible').count()).toBe(0);
  });

  it('has the state of alerts from the latest refresh', async () => {
    const page = await openPage();
    await page.goto(`${server.uiUrl}/runs/${'c'.repeat(32)}`);
    expect(await page.textContent('header')).toContain('none firing');
    await page.route('**/runs/**', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.text()).replace('none firing', '7 firing');
      await route.fulfill({ response: answer, body });
    });
    await page.waitForSelector('header >> text=7 firing', { timeout: 90_000 });
    expect(await page.locator('#alert-state').count()).toBe(1);
    expect(await page.locator('main #alert-state').count()).toBe(0);
  });

  it('leads from a run in the list to its tree, and from a failed tool to the call that read its result', async () => {
    const page = await openPage();
    await page.goto(`${server.uiUrl}/runs?user=user-1`);
    await page.click('a.mono:has-text("aaaaaaaa")');
    expect(await page.locator('table.steps tbody tr').count()).toBe(4);
    const failed = page.locator('tr.failed');
    expect(await failed.textContent()).toContain('search_docs');
    await failed.locator('a', { hasText: 'read by' }).click();
    expect(await page.locator('tr:target').textContent()).toContain('read the failure of search_docs');
    expect(faults).toEqual([]);
  });

  it('shows what users wrote as text, never as markup', async () => {
    const page = await openPage();
    await page.goto(`${server.uiUrl}/runs`);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.textContent('main')).toContain('<img src=x onerror=alert(1)>');
    expect(faults).toEqual([]);
  });

  it.each([
    ['with a clipboard', true],
    ['without one, as over plain http in a network', false],
  ])('copies a run as JSON in a browser %s', async (_name, hasClipboard) => {
    const page = await openPage();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const reader = await page.context().newPage();
    await reader.goto(server.uiUrl);
    await reader.evaluate('navigator.clipboard.writeText("something else")');
    if (!hasClipboard) await page.addInitScript('delete Navigator.prototype.clipboard');
    await page.bringToFront();
    await page.goto(`${server.uiUrl}/runs/${'a'.repeat(32)}`);
    expect(await page.evaluate<boolean>('navigator.clipboard !== undefined')).toBe(hasClipboard);
    await page.click('button[data-copy]');
    await page.waitForSelector('button:has-text("Copied")');
    expect(await page.locator('textarea').count()).toBe(0);
    await reader.bringToFront();
    const text = await reader.evaluate<string>('navigator.clipboard.readText()');
    expect((JSON.parse(text) as Record<string, unknown>)['agent.run_id']).toBe('a'.repeat(32));
    expect(faults).toEqual([]);
  });

  it('says that it could not copy what is not there', async () => {
    const page = await openPage();
    await page.goto(`${server.uiUrl}/runs/${'a'.repeat(32)}`);
    await page.route('**/api/runs/*', (route) => route.fulfill({ status: 401, body: '{"error":"no"}' }));
    await page.click('button[data-copy]');
    await page.waitForSelector('button:has-text("Co"):not(:has-text("Copy as JSON"))');
    expect(await page.textContent('button[data-copy]')).toBe('Could not copy');
  });

  it('works without JavaScript', async () => {
    const page = await openPage({ javaScriptEnabled: false });
    await page.goto(server.uiUrl);
    await page.selectOption('select[name=time]', '7d');
    await page.click('form:has(select[name=time]) button[type=submit]');
    expect(page.url()).toContain('time=7d');
    expect(await page.locator('.card').count()).toBe(4);
    expect(faults).toEqual([]);
  });
});

describe('what the browser is told', () => {
  it('every page has a policy without inline script, style or other hosts', async () => {
    for (const path of ['/', '/runs', `/runs/${'a'.repeat(32)}`, '/no-such-page', '/api/runs']) {
      const answer = await fetch(server.uiUrl + path, { headers: { accept: 'text/html' } });
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain('unsafe');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('another Host is refused, so that no foreign name leads here', async () => {
    const { request } = await import('node:http');
    const { hostname, port } = new URL(server.uiUrl);
    const status = await new Promise<number | undefined>((done, failed) => {
      request({ hostname, port, path: '/', headers: { host: 'evil.example' } }, (answer) => {
        answer.resume();
        done(answer.statusCode);
      })
        .on('error', failed)
        .end();
    });
    expect(status).toBe(421);
  });

  it('a page that is not there says so, as a page to people and as JSON to programs', async () => {
    const page = await fetch(`${server.uiUrl}/runs/ffff`, { headers: { accept: 'text/html' } });
    expect([page.status, await page.text()]).toEqual([404, expect.stringContaining('There is no run ffff')]);
    const program = await fetch(`${server.uiUrl}/api/runs/ffff`);
    expect([program.status, await program.json()]).toEqual([
      404,
      expect.objectContaining({ detail: 'there is no run ffff' }),
    ]);
  });
});

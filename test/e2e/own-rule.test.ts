// Somebody makes an alert rule on the page, without code: chooses the number, tests it over the last 30 days, saves it, finds
// it on the list with the runs behind it, takes its code, and deletes it.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../../scripts/browser.ts';
import { JSON_TYPE, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { sampleRun } from '../server/web/sample-run.ts';

const NOW = Date.now();

let server: TestServer;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  server = await startTestServer();
  await sendEvents(
    server,
    ['a', 'b', 'c'].flatMap((mark, index) => sampleRun({ mark, endMs: NOW - 60_000 * (index + 1) })),
  );
  const scores = [
    ['a', 0.9],
    ['b', 0.2],
    ['c', 0.4],
  ].map(([mark, value]) => ({ run: String(mark).repeat(32), name: 'helpful', value }));
  const answer = await fetch(`${server.uiUrl}/api/scores`, {
    method: 'POST',
    headers: JSON_TYPE,
    body: JSON.stringify({ scores }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  browser = await startBrowser();
  page = await (await browser.newContext({ acceptDownloads: true })).newPage();
  faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
});

afterAll(async () => {
  await browser.close();
  await server.remove();
});

it('is made, tested, saved, exported and deleted on the page', async () => {
  await page.goto(`${server.uiUrl}/alerts`);
  await page.click('a:text("New rule")');

  // What the number cannot be grouped by is not offered, and the limit is in its unit.
  await page.selectOption('select[name=signal]', 'score_mean');
  expect(await page.locator('select[name=by] option[value=tool]').isDisabled()).toBe(true);
  expect(await page.locator('select[name=by] option[value=agent]').isDisabled()).toBe(false);
  expect(await page.textContent('[data-rule-unit]')).toBe('a number');
  await page.selectOption('select[name=dimension]', 'score');
  await page.fill('input[name=value]', 'helpful');
  await page.selectOption('select[name=window]', '24h');
  await page.selectOption('select[name=comparison]', 'below');
  await page.fill('input[name=limit]', '0.7');
  await page.fill('input[name=title]', 'Answers help too little');

  await page.click('button:text("Test on the last 30 days")');
  const tested = page.locator('section[aria-labelledby=tested]');
  await tested.waitFor();
  expect(await tested.textContent()).toContain('It would have fired once.');
  expect(await tested.locator('tbody tr').allTextContents()).toEqual([
    expect.stringMatching(/still firing.*0\.50$/),
  ]);
  // Nothing is saved before somebody has seen that.
  expect(server.readAlertStates().rules.some(({ title }) => title === 'Answers help too little')).toBe(false);

  await page.click('button:text("Save the rule")');
  await page.waitForURL(/\/alerts\/own-[a-z-]+$/);
  const address = page.url();
  const behind = page.locator('section[aria-labelledby=runs] tr[data-run]');
  expect(await behind.evaluateAll((rows) => rows.map((row) => row.getAttribute('data-run')?.[0]))).toEqual([
    'b',
    'c',
  ]);

  await page.goto(`${server.uiUrl}/alerts`);
  await page.click('a:text("Answers help too little")');
  expect(page.url()).toBe(address);

  const [file] = await Promise.all([page.waitForEvent('download'), page.click('a:text("Export as code")')]);
  const code = await readFile(await file.path(), 'utf8');
  expect(file.suggestedFilename()).toMatch(/^own-.*\.ts$/);
  for (const part of ["signal: 'score_mean'", "score: 'helpful'", 'threshold: 0.7', "comparison: 'below'"])
    expect(code).toContain(part);

  await page.click('button:text("Delete the rule")');
  await page.waitForURL(/\/alerts$/);
  expect(await page.textContent('main')).not.toContain('Answers help too little');
  expect(faults).toEqual([]);
}, 60_000);

it('says beside the form what cannot be, and keeps what was written', async () => {
  await page.goto(`${server.uiUrl}/alerts/new`);
  await page.fill('input[name=limit]', 'a lot');
  await page.fill('input[name=title]', 'Too much');
  await page.click('button:text("Test on the last 30 days")');
  await page.waitForSelector('[role=alert]');
  expect(await page.textContent('[role=alert]')).toContain('Write a limit as a number');
  expect(await page.inputValue('input[name=title]')).toBe('Too much');
  expect(await page.locator('button:text("Save the rule")').count()).toBe(0);
});

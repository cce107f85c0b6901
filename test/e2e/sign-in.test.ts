import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startBrowser } from '../../scripts/browser.ts';
import { startWebhook } from '../fakes/webhook.ts';
import type { RecordingService } from '../fakes/recording-service.ts';
import { startTestServer, type TestServer } from '../server/harness.ts';

// Signing in, in a real browser: from a link in a chat to the page that it names, and back to the form when the
// cookie has gone. Another site cannot press the button that sends.

const TOKEN = 'a token of some length';

let browser: Browser;
let webhook: RecordingService;
let server: TestServer;
let elsewhere: Server;
let url: string;
/** A page of another site with a link to the runs, and a form that sends a test notice. */
let elsewhereUrl: string;

beforeAll(async () => {
  browser = await startBrowser();
  webhook = await startWebhook();
  server = await startTestServer({ host: '0.0.0.0', token: TOKEN, alertEnv: { WEBHOOK_URL: webhook.url } });
  url = server.uiUrl.replace('0.0.0.0', '127.0.0.1');
  elsewhere = createServer((_request, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(`<a href="${url}/runs?status=error">see</a>
      <form method="post" action="${url}/alerts/test"><input name="channel" value="webhook"><button>win</button></form>`);
  });
  await new Promise<void>((listening) => elsewhere.listen(0, 'localhost', listening));
  elsewhereUrl = `http://localhost:${(elsewhere.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await browser.close();
  elsewhere.close();
  await server.remove();
  await webhook.close();
});

async function signIn(context: BrowserContext, path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url + path);
  await page.fill('input[type=password]', TOKEN);
  await page.click('button:has-text("Sign in")');
  return page;
}

describe('somebody who signs in', () => {
  it('comes to the page that was asked for, without JavaScript', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await signIn(context, '/runs?status=error');
    expect(page.url()).toBe(`${url}/runs?status=error`);
    expect(await page.textContent('h1')).toBe('Runs');
    await context.close();
  });

  it('comes by a link of another site to the page that it names', async () => {
    const context = await browser.newContext();
    const page = await signIn(context, '/');
    await page.goto(elsewhereUrl);
    await page.click('a');
    expect([page.url(), await page.textContent('h1')]).toEqual([`${url}/runs?status=error`, 'Runs']);
    await context.close();
  });

  it('sends nothing by a form of another site', async () => {
    const context = await browser.newContext();
    const page = await signIn(context, '/alerts');
    await page.goto(elsewhereUrl);
    await page.click('button');
    await page.waitForLoadState();
    expect(page.url()).not.toBe(elsewhereUrl);
    expect(webhook.requests).toHaveLength(0);
    // Nor where the browser sends the cookie all the same.
    const cookies = await context.cookies(url);
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const answer = await fetch(`${url}/alerts/test`, {
      method: 'POST',
      body: new URLSearchParams({ channel: 'webhook' }),
      headers: { cookie, origin: elsewhereUrl, 'sec-fetch-site': 'cross-site' },
    });
    expect([cookie, answer.status]).toEqual([expect.stringMatching(/^tallyspan_session=/), 403]);
    expect(webhook.requests).toHaveLength(0);
    await context.close();
  });
});

describe('a page that is open when the cookie goes', () => {
  it('becomes the form as a whole, which leads back to it', async () => {
    const context = await browser.newContext();
    const page = await signIn(context, '/?window=7d');
    await context.clearCookies();
    await page.waitForURL(`${url}/login?next=${encodeURIComponent('/?window=7d')}`, { timeout: 90_000 });
    expect(await page.locator('nav').count()).toBe(0);
    await page.fill('input[type=password]', TOKEN);
    await page.click('button:has-text("Sign in")');
    expect(page.url()).toBe(`${url}/?window=7d`);
    await context.close();
  });
});

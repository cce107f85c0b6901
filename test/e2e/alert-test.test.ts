import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../../scripts/browser.ts';
import { SLACK_PATH, startSlack } from '../fakes/slack.ts';
import { startWebhook } from '../fakes/webhook.ts';
import type { RecordingService } from '../fakes/recording-service.ts';
import { startTestServer, type TestServer } from '../server/harness.ts';

// The button that sends a test notice: it says what came of it, and only a page of this server, or a
// program with the token, can press it.

const TOKEN = 'a token of some length';
const PEOPLE = { accept: 'text/html' };
const OUTCOME = 'main [role=status]';

let browser: Browser;
let webhook: RecordingService;
let slack: RecordingService;
let server: TestServer;
let wellServed: TestServer;
let guarded: TestServer;

beforeAll(async () => {
  browser = await startBrowser();
  webhook = await startWebhook();
  server = await startTestServer({
    // Slack is not there: port 9 takes no connection.
    alertEnv: {
      WEBHOOK_URL: webhook.url,
      WEBHOOK_SECRET: 'not the secret that the receiver knows',
      SLACK_WEBHOOK_URL: 'http://127.0.0.1:9/services/T0/B0/secretsecretsecret',
    },
  });
  slack = await startSlack();
  wellServed = await startTestServer({ alertEnv: { SLACK_WEBHOOK_URL: slack.url + SLACK_PATH } });
  guarded = await startTestServer({
    host: '0.0.0.0',
    token: TOKEN,
    alertEnv: { WEBHOOK_URL: webhook.url },
  });
});

afterAll(async () => {
  await browser.close();
  for (const one of [server, wellServed, guarded]) await one.remove();
  await webhook.close();
  await slack.close();
});

function ask(headers: Record<string, string>, to: TestServer = server): Promise<Response> {
  return fetch(`${to.uiUrl.replace('0.0.0.0', '127.0.0.1')}/alerts/test`, {
    method: 'POST',
    body: new URLSearchParams({ channel: 'webhook' }),
    headers,
    redirect: 'manual',
  });
}

/** Presses the button of a channel and reads the outcome on the page that comes then. */
async function sendTest(page: Page, channel: string): Promise<string> {
  await page.click(`button:has-text("Send a test to ${channel}")`);
  const outcome = page.locator(OUTCOME, { hasText: ` to ${channel} ` });
  await outcome.waitFor();
  return (await outcome.textContent()) ?? '';
}

describe('the test button', () => {
  it('says why the notice was not taken, with and without JavaScript, and hides no secret in it', async () => {
    for (const javaScriptEnabled of [true, false]) {
      const page = await (await browser.newContext({ javaScriptEnabled })).newPage();
      await page.goto(`${server.uiUrl}/alerts`);
      expect(await sendTest(page, 'webhook')).toMatch(/^Not sent to webhook .*401/);
      const text = await sendTest(page, 'slack');
      expect(text).toMatch(/^Not sent to slack .*Slack was not reached/);
      expect(await page.content()).not.toContain('secretsecretsecret');
      // It can be loaded again without sending again, and says of each channel how it went.
      const before = webhook.requests.length;
      expect(page.url()).toBe(`${server.uiUrl}/alerts`);
      await page.reload();
      expect(await page.textContent(OUTCOME)).toBe(text);
      const rows = await page.locator('section[aria-labelledby=channels] tbody tr').allTextContents();
      expect(rows).toEqual([
        expect.stringMatching(/^slack.*\d not sent: Slack was not reached/),
        expect.stringMatching(/^webhook.*\d not sent: .*401/),
      ]);
      expect(webhook.requests.length).toBe(before);
      await page.context().close();
    }
  });

  it('says that it was sent when the service took it', async () => {
    const page = await browser.newPage();
    await page.goto(`${wellServed.uiUrl}/alerts`);
    expect(await sendTest(page, 'slack')).toMatch(/^Sent to slack/);
    expect(slack.accepted()).toHaveLength(1);
    await page.close();
  });
});

describe('a request to send a test', () => {
  it('of a page elsewhere, or of nobody who says who he is, is refused and sends nothing', async () => {
    const before = webhook.requests.length;
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: server.uiUrl, 'sec-fetch-site': 'cross-site' },
      { origin: server.uiUrl.replace(/\d+$/, '1') },
    ] as Record<string, string>[])
      expect([headers, (await ask(headers)).status]).toEqual([headers, 403]);
    expect(webhook.requests.length).toBe(before);
  });

  it('needs the token where there is one', async () => {
    const origin = guarded.uiUrl.replace('0.0.0.0', '127.0.0.1');
    const before = webhook.requests.length;
    expect((await ask({ origin }, guarded)).status).toBe(401);
    expect((await ask({ origin, ...PEOPLE }, guarded)).status).toBe(303);
    expect(webhook.requests.length).toBe(before);
    const answer = await ask({ authorization: `Bearer ${TOKEN}` }, guarded);
    expect((await answer.json()) as object).toMatchObject({ channel: 'webhook', is_sent: false });
    expect(webhook.requests.length).toBe(before + 1);
  });

  it('is no page: who comes by its address is sent to the alerts, where no address says how a test went', async () => {
    const answer = await fetch(`${server.uiUrl}/alerts/test`, { headers: PEOPLE, redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/alerts']);
    const plain = await startTestServer({ alertEnv: { WEBHOOK_URL: webhook.url } });
    const forged = await fetch(`${plain.uiUrl}/alerts?channel=webhook&test=sent&is_sent=true`);
    expect(await forged.text()).not.toMatch(/<div class="message|<\/time> (not )?sent/);
    await plain.remove();
  });

  it('names no channel that is not configured', async () => {
    const answer = await fetch(`${server.uiUrl}/alerts/test`, {
      method: 'POST',
      body: new URLSearchParams({ channel: 'pagerduty' }),
      headers: { origin: server.uiUrl },
    });
    expect(await answer.json()).toMatchObject({ is_sent: false, reason: 'no such channel is configured' });
    const page = await fetch(`${server.uiUrl}/alerts/test`, {
      method: 'POST',
      body: new URLSearchParams({ channel: 'pagerduty' }),
      headers: { origin: server.uiUrl, ...PEOPLE },
      redirect: 'manual',
    });
    expect([page.status, await page.text()]).toEqual([
      404,
      expect.stringContaining('pagerduty: no such channel is configured'),
    ]);
  });
});

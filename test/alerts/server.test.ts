// Alerts in the embedded server, live: OTLP in, notices out, to the bytes that Telegram and the mail
// server get; a restart tells nothing twice; a wrong variable stops the start.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RULE_IDS } from '../../alerts/rules/all-rules.ts';
import { readAlertConfig } from '../../alerts/rules/policy.ts';
import type { Environment } from '../../alerts/rules/setting.ts';
import type { EventRecord } from '../../core/event.ts';
import { dayOf } from '../../core/time/time.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { ALERT_FILE } from '../../server/alerting/alert-file.ts';
import type { AlertOverview } from '../../server/alerting/alert-overview.ts';
import { Alerter } from '../../server/alerting/alerter.ts';
import { makeChannels } from '../../server/alerting/channels/make-channels.ts';
import { runSignal } from '../../server/queries/signals/signals.ts';
import { startServer, type RunningServer } from '../../server/start-server.ts';
import { readServerSettings } from '../../server/server-settings.ts';
import { openDatabase } from '../../server/store/file/database.ts';
import { EventStore } from '../../server/store/write/event-store.ts';
import { describeWhere } from '../fixtures/describe-where.ts';
import { hasOpenssl, makeCertificate } from '../fakes/certificate.ts';
import { jsonOf } from '../fakes/recording-service.ts';
import { headerOf, startMailSink } from '../fakes/smtp.ts';
import { BOT_TOKEN, CHAT_ID, parseHtml, startTelegram } from '../fakes/telegram.ts';
import { sendLogs, toLog } from '../stack/otlp-client.ts';
import { eventsOfDay, eventsOfRun, hex } from './rules/corpus.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const WAIT_MS = 60_000;

let dataDir = '';
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'tallyspan-alerting-'));
});
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(alertEnv: Environment, lines: string[] = []): Promise<RunningServer> {
  const ports = { uiPort: 0, grpcPort: 0, httpPort: 0 };
  const server = await startServer({ dataDir, ...ports, alertEnv, log: (line) => void lines.push(line) });
  closers.push(() => server.close());
  return server;
}

/** A zone in which it is about noon now, so that midnight is far whenever the test runs. */
function noonZone(nowMs: number): string {
  const offset = 12 - new Date(nowMs).getUTCHours();
  // The signs of these names are those of POSIX: Etc/GMT-3 is ahead of UTC.
  return offset === 0 ? 'UTC' : `Etc/GMT${offset > 0 ? '-' : '+'}${Math.abs(offset)}`;
}

/** Seven usual days of $6, and one run that has just spent $40. */
function runaway(nowMs: number, timezone: string): EventRecord[] {
  const usual = [7, 6, 5, 4, 3, 2, 1].map((ago) => dayOf(nowMs, timezone, -ago).from);
  const loop = eventsOfRun({
    atMs: nowMs - 60_000,
    id: 'loop',
    user: 'user-88',
    session: 's',
    calls: 40,
    gapMs: 1000,
    callUsd: 1,
    ends: false,
    tool: { name: 'search_docs' },
  });
  return [...usual.flatMap((dayMs) => eventsOfDay({ dayMs, usd: 6, runs: 24 })), ...loop];
}

const describeTls = describeWhere(hasOpenssl(), 'alerts by e-mail in the server', 'openssl is not installed');

describeTls('a runaway loop in the embedded server', () => {
  it('tells of a runaway loop on Telegram and by e-mail, with the reason, the run, the user and the model behind it', async () => {
    const certificate = makeCertificate();
    const telegram = await startTelegram();
    closers.push(() => telegram.close());
    const login = { user: 'alerts@example.com', password: 'p4ssword' };
    const mails = await startMailSink({ certificate, login });
    closers.push(() => mails.close());
    const nowMs = Date.now();
    const timezone = noonZone(nowMs);
    const lines: string[] = [];
    const server = await start(
      {
        TIMEZONE: timezone,
        TELEGRAM_BOT_TOKEN: BOT_TOKEN,
        TELEGRAM_CHAT_ID: CHAT_ID,
        TELEGRAM_API_URL: telegram.url,
        SMTP_HOST: `${mails.host}:${mails.port}`,
        SMTP_USER: login.user,
        SMTP_PASSWORD: login.password,
        SMTP_CA_FILE: certificate.caFile,
        ALERT_EMAIL: 'on-call@example.com',
        // Only the rule in question: others would speak of the same run.
        ALERT_DISABLED: RULE_IDS.filter((id) => id !== 'cost-spike').join(','),
      },
      lines,
    );
    expect(lines).toContain('alerts: notices go to telegram, email');
    const events = runaway(nowMs, timezone);
    expect(
      await sendLogs(`http://${server.httpAddress}`, { 'service.name': 'agent' }, events.map(toLog)),
    ).toBe(200);

    const [request] = await telegram.waitForAccepted(1, WAIT_MS);
    const text = parseHtml(String((request && jsonOf(request))?.['text']));
    const runId = hex('loop', 32);
    expect(text?.split('\n')).toEqual([
      '🔴 Cost today $40.00, 6.7 × the 7-day average $6.00 (limit 2 ×)',
      'Why: one run of user-88 cost 160 × the median run (+$40.00)',
      `Top run ${runId.slice(0, 8)} user-88 $40.00, 40 turns (still running)`,
      expect.stringMatching(/^Top user user-88 \+\$40\.00 \(118 % of the increase\)$/),
      expect.stringMatching(/^Top model claude-sonnet-4-6 \+\$34\.00 \(100 % of the increase\)$/),
      `Look: ${server.uiUrl}/runs/${runId}`,
      expect.stringMatching(
        /^Do: Open the most expensive run\..* Fix: Limit the turns and the cost of a run/,
      ),
    ]);
    const [mail] = await mails.waitForMails(1, WAIT_MS);
    expect(mail && headerOf(mail, 'Subject')).toBe(`🔴 ${text?.split('\n')[0]?.slice(3)}`);

    const answer = (await (await fetch(`${server.uiUrl}/api/alerts`)).json()) as AlertOverview;
    expect(answer).toMatchObject({ firing: 1, has_channel: true });
    expect(answer).toEqual(JSON.parse(JSON.stringify(server.readAlertStates())));
    expect(JSON.stringify(answer)).not.toContain(BOT_TOKEN);
    expect(lines.join('\n')).not.toContain(BOT_TOKEN);
    await server.close();
    expect(await readFile(path.join(dataDir, ALERT_FILE), 'utf8')).not.toContain(BOT_TOKEN);
  });
});

describe('the embedded server', () => {
  it('without a channel says so in the log and in the answer for the page, and starts', async () => {
    const lines: string[] = [];
    const server = await start({}, lines);
    expect(lines.join('\n')).toMatch(/alerts: no channel is configured, so notices are only on the page/);
    expect(server.readAlertStates().has_channel).toBe(false);
  });

  it.each([
    [{ TELEGRAM_BOT_TOKEN: BOT_TOKEN }, /alerts: TELEGRAM_BOT_TOKEN is set but TELEGRAM_CHAT_ID is not: /],
    [{ TELEGRAM_BOT_TOKEN: 'wrong', TELEGRAM_CHAT_ID: '1' }, /alerts: TELEGRAM_BOT_TOKEN is no bot token/],
    [{ ALERT_RUN_USD: 'cheap' }, /alerts: ALERT_RUN_USD is "cheap"/],
  ])('with %j does not start, and says why', async (env, message) => {
    await expect(start(env)).rejects.toThrow(message);
  });
});

describe('the zone of calendar days', () => {
  it('is one for pages and alerts: the option, else TIMEZONE', async () => {
    const server = await start({ TIMEZONE: 'asia/calcutta' });
    const meta = (await (await fetch(`${server.uiUrl}/api/meta`)).json()) as { timezone: string };
    expect(meta.timezone).toBe('Asia/Kolkata');
    const given = { dataDir, log: () => undefined, alertEnv: { TIMEZONE: 'Asia/Tokyo' } };
    const { timezone, alerting } = readServerSettings({ ...given, timezone: 'Europe/Berlin' });
    expect([timezone, alerting.config.policy.timezone]).toEqual(['Europe/Berlin', 'Europe/Berlin']);
  });

  it('stops the start where it is none, by the name of what was set', async () => {
    await expect(start({ TIMEZONE: 'Mars/Olympus' })).rejects.toThrow(/TIMEZONE is "Mars\/Olympus"/);
  });
});

describe('a restart', () => {
  async function openAlerter(telegramUrl: string): Promise<{
    alerter: Alerter;
    write: (events: EventRecord[]) => Promise<void>;
    close: () => Promise<void>;
  }> {
    const database = await openDatabase(dataDir);
    const store = await EventStore.open(database);
    const env = { TELEGRAM_BOT_TOKEN: BOT_TOKEN, TELEGRAM_CHAT_ID: CHAT_ID, TELEGRAM_API_URL: telegramUrl };
    const config = readAlertConfig(env, RULE_IDS);
    const alerter = await Alerter.open({
      config,
      channels: makeChannels(config.channels),
      dataDir,
      database,
      read: (id, request) => runSignal(database, signalOf(id), request),
      pageUrl: 'http://127.0.0.1:4319',
      timing: { firstRetryMs: 20, longestRetryMs: 100, giveUpAfterMs: MINUTE },
      log: () => undefined,
    });
    return {
      alerter,
      write: (events) => store.write({ events, spans: [] }),
      close: async () => {
        await alerter.close();
        await database.close();
      },
    };
  }

  const atMs = Math.floor((Date.now() - DAY) / (10 * MINUTE)) * 10 * MINUTE;
  const dear = eventsOfRun({ atMs: atMs - MINUTE, id: 'dear', calls: 1, callUsd: 0.83 });

  it('in the middle of an alert tells nothing twice, and tells the end once', async () => {
    const telegram = await startTelegram();
    closers.push(() => telegram.close());
    const first = await openAlerter(telegram.url);
    await first.write(dear);
    await first.alerter.check(atMs);
    await telegram.waitForAccepted(1);
    await first.close();
    const second = await openAlerter(telegram.url);
    await second.alerter.check(atMs + MINUTE);
    await second.alerter.check(atMs + 2 * MINUTE);
    expect(second.alerter.overview().firing).toBe(1);
    await second.alerter.check(atMs + 70 * MINUTE);
    await telegram.waitForAccepted(2);
    await second.close();
    const texts = telegram.requests.map((request) => String(jsonOf(request)?.['text']).split('\n')[0]);
    expect(texts).toEqual([
      '🟠 <b>Most expensive run of the hour $0.8300 (limit $0.5000)</b>',
      '✅ <b>Back to normal: Most expensive run of the hour</b>',
    ]);
  });

  it('delivers what the last process could not', async () => {
    const telegram = await startTelegram();
    closers.push(() => telegram.close());
    telegram.trouble(
      ...Array.from({ length: 50 }, () => ({ kind: 'answer' as const, answer: { status: 502, body: '' } })),
    );
    const first = await openAlerter(telegram.url);
    await first.write(dear);
    await first.alerter.check(atMs);
    await first.close();
    expect(telegram.accepted()).toHaveLength(0);
    const healthy = await startTelegram();
    closers.push(() => healthy.close());
    const second = await openAlerter(healthy.url);
    await healthy.waitForAccepted(1);
    await second.close();
    expect(healthy.requests).toHaveLength(1);
  });

  it('with an alert file that cannot be read starts anew and keeps the file', async () => {
    await writeFile(path.join(dataDir, ALERT_FILE), '{"format":1,');
    const telegram = await startTelegram();
    closers.push(() => telegram.close());
    const { alerter, close } = await openAlerter(telegram.url);
    expect(alerter.overview().firing).toBe(0);
    await close();
    expect(await readFile(path.join(dataDir, `${ALERT_FILE}.unreadable`), 'utf8')).toBe('{"format":1,');
  });
});

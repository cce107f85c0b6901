// Channels against real servers that refuse what the services refuse: what is delivered, byte for byte.

import { afterEach, describe, expect, it } from '@jest/globals';
import { emailChannel } from '../../server/alerting/channels/email.ts';
import { eventsOf, pagerDutyChannel } from '../../server/alerting/channels/pagerduty.ts';
import { slackChannel } from '../../server/alerting/channels/slack.ts';
import { telegramChannel } from '../../server/alerting/channels/telegram.ts';
import { webhookChannel } from '../../server/alerting/channels/webhook.ts';
import { describeWhere } from '../fixtures/describe-where.ts';
import { hasOpenssl, makeCertificate } from '../fakes/certificate.ts';
import { ROUTING_KEY, startPagerDuty } from '../fakes/pagerduty.ts';
import { jsonOf, type RecordedRequest } from '../fakes/recording-service.ts';
import { SLACK_PATH, slackLimit, startSlack } from '../fakes/slack.ts';
import { headerOf, partOf, startMailSink } from '../fakes/smtp.ts';
import { BOT_TOKEN, CHAT_ID, parseHtml, refusal, startTelegram, tooManyRequests } from '../fakes/telegram.ts';
import { startWebhook, WEBHOOK_SECRET } from '../fakes/webhook.ts';
import { failureOf, never, NOTICE, PAGE, RESOLVED } from './channel-notices.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function started<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const service = await starting;
  closers.push(() => service.close());
  return service;
}

function firstJson(requests: readonly RecordedRequest[]): Record<string, unknown> {
  const [first] = requests;
  return (first && jsonOf(first)) ?? {};
}

describe('Telegram', () => {
  it('gets HTML that the Bot API parses, with links, and nothing of the user as markup', async () => {
    const telegram = await started(startTelegram());
    await telegramChannel({ botToken: BOT_TOKEN, chatId: CHAT_ID, apiUrl: telegram.url }).send(NOTICE, never);
    const [request] = telegram.accepted();
    expect(request?.path).toBe(`/bot${BOT_TOKEN}/sendMessage`);
    const body = firstJson(telegram.accepted());
    expect(body).toMatchObject({ chat_id: CHAT_ID, parse_mode: 'HTML', disable_notification: false });
    expect(body['text']).toBe(
      [
        '🔴 <b>Cost so far today $3.92, 21 × the usual by now $0.18 (limit 2 ×)</b>',
        `Top run <a href="${PAGE}/runs/9f2c41aa">9f2c41aa</a> &lt;eve&gt; &amp; co $3.92`,
        `Top tool <a href="${PAGE}/tools#a%7Cb">a|b*c</a> +$3.10 (79 % of the increase)`,
        `Look: ${PAGE}/runs/9f2c41aa`,
        'Do: Stop the process.',
      ].join('\n'),
    );
  });

  it('is told quietly that it is over', async () => {
    const telegram = await started(startTelegram());
    await telegramChannel({ botToken: BOT_TOKEN, chatId: CHAT_ID, apiUrl: telegram.url }).send(
      RESOLVED,
      never,
    );
    expect(firstJson(telegram.accepted())).toMatchObject({ disable_notification: true });
  });

  it('never gets more than 4096 characters, cut between lines', async () => {
    const telegram = await started(startTelegram());
    const line = [{ text: `<${'x'.repeat(900)}>` }];
    const long = { ...NOTICE, why: [line, line, line, line, line] };
    await telegramChannel({ botToken: BOT_TOKEN, chatId: CHAT_ID, apiUrl: telegram.url }).send(long, never);
    const text = String(firstJson(telegram.accepted())['text']);
    expect(text.length).toBeLessThanOrEqual(4096);
    const lines = parseHtml(text)?.split('\n') ?? [];
    expect(lines).toHaveLength(7);
    // Where to look and what to do stay; of the reasons the last are left out.
    expect(lines.slice(-2)).toEqual([`Look: ${PAGE}/runs/9f2c41aa`, 'Do: Stop the process.']);
  });

  it('says how long to wait, and the wait is read from its answer', async () => {
    const telegram = await started(startTelegram());
    telegram.trouble({ kind: 'answer', answer: tooManyRequests(7) });
    const error = await failureOf(
      telegramChannel({ botToken: BOT_TOKEN, chatId: CHAT_ID, apiUrl: telegram.url }),
    );
    expect(error).toMatchObject({ isPermanent: false, retryAfterMs: 7000 });
  });

  it('refuses a wrong token for good, and the message does not hold it', async () => {
    const telegram = await started(startTelegram());
    const botToken = '987654321:AAwrongTokenThatNobodyKnows_000';
    const error = await failureOf(telegramChannel({ botToken, chatId: CHAT_ID, apiUrl: telegram.url }));
    expect(error.isPermanent).toBe(true);
    expect(error.message).toBe('Telegram answered 401: Unauthorized');
  });

  it('masks the token even when the service repeats it', async () => {
    const telegram = await started(startTelegram());
    telegram.trouble({ kind: 'answer', answer: refusal(400, `bot${BOT_TOKEN} is bad`) });
    const error = await failureOf(
      telegramChannel({ botToken: BOT_TOKEN, chatId: CHAT_ID, apiUrl: telegram.url }),
    );
    expect(error.message).toBe('Telegram answered 400: bot*** is bad');
  });

  it.each([170, 180, 190, 195, 199])(
    'masks the token where the text is cut, too: after %i characters',
    async (before) => {
      const telegram = await started(startTelegram());
      telegram.trouble({ kind: 'answer', answer: refusal(400, `${'x'.repeat(before)}${BOT_TOKEN} is bad`) });
      const { message } = await failureOf(
        telegramChannel({ botToken: BOT_TOKEN, chatId: CHAT_ID, apiUrl: telegram.url }),
      );
      expect(message.replace(/^Telegram answered 400: x+/, '')).toMatch(/^\*{0,3}( |$)/);
    },
  );

  it('that drops the connection or is not there is tried again, without the token in the message', async () => {
    const telegram = await started(startTelegram());
    telegram.trouble({ kind: 'drop' });
    const channel = telegramChannel({ botToken: BOT_TOKEN, chatId: CHAT_ID, apiUrl: telegram.url });
    const dropped = await failureOf(channel);
    expect(dropped.isPermanent).toBe(false);
    await telegram.close();
    closers.pop();
    const gone = await failureOf(channel);
    expect(gone.isPermanent).toBe(false);
    expect(gone.message).toMatch(/^Telegram was not reached: ECONN(REFUSED|RESET)$/);
    expect(dropped.message + gone.message).not.toContain(BOT_TOKEN);
  });
});

describe('Slack', () => {
  it('gets a section in mrkdwn with its three characters escaped and links of its form', async () => {
    const slack = await started(startSlack());
    await slackChannel({ url: slack.url + SLACK_PATH }).send(NOTICE, never);
    const body = firstJson(slack.accepted()) as { blocks: { text: { type: string; text: string } }[] };
    expect(body.blocks[0]?.text.type).toBe('mrkdwn');
    expect(body.blocks[0]?.text.text.split('\n')[1]).toBe(
      `Top run <${PAGE}/runs/9f2c41aa|9f2c41aa> &lt;eve&gt; &amp; co $3.92`,
    );
    expect(body.blocks[0]?.text.text.split('\n')[2]).toContain(`<${PAGE}/tools#a%7Cb|a¦b*c>`);
  });

  it.each([9_999_999_999, 1e300])('a wait of %d s is heeded for an hour at most', async (seconds) => {
    const slack = await started(startSlack());
    slack.trouble({ kind: 'answer', answer: slackLimit(seconds) });
    const failure = await failureOf(slackChannel({ url: slack.url + SLACK_PATH }));
    expect((failure as { retryAfterMs?: number }).retryAfterMs ?? 0).toBeLessThanOrEqual(3_600_000);
    const telegram = await started(startTelegram());
    telegram.trouble({ kind: 'answer', answer: tooManyRequests(seconds) });
    expect(
      await failureOf(telegramChannel({ botToken: BOT_TOKEN, chatId: CHAT_ID, apiUrl: telegram.url })),
    ).toMatchObject({ isPermanent: false, retryAfterMs: 3_600_000 });
  });

  it('gives a wait in its header; a webhook that is gone is not tried again', async () => {
    const slack = await started(startSlack());
    slack.trouble({ kind: 'answer', answer: slackLimit(30) });
    expect(await failureOf(slackChannel({ url: slack.url + SLACK_PATH }))).toMatchObject({
      retryAfterMs: 30_000,
    });
    const gone = await failureOf(slackChannel({ url: `${slack.url}/services/T1/B1/anotherSecret` }));
    expect(gone).toMatchObject({ isPermanent: true, message: 'Slack answered 404: no_service' });
  });
});

describe('PagerDuty', () => {
  it('opens one incident per alert and closes the same one', async () => {
    const pagerDuty = await started(startPagerDuty());
    const channel = pagerDutyChannel({ routingKey: ROUTING_KEY, url: `${pagerDuty.url}/v2/enqueue` });
    const items = ['user-1', 'user-2'].map((key) => ({ key, value: 6e9, threshold: 5e9 }));
    await channel.send({ ...NOTICE, items, unit: 'usd' }, never);
    await channel.send({ ...RESOLVED, items: items.slice(0, 1), unit: 'usd' }, never);
    const events = pagerDuty.accepted().map((request) => jsonOf(request));
    expect(events.map((event) => [event?.['event_action'], event?.['dedup_key']])).toEqual([
      ['trigger', 'tallyspan/cost-pace/user-1'],
      ['trigger', 'tallyspan/cost-pace/user-2'],
      ['resolve', 'tallyspan/cost-pace/user-1'],
    ]);
    expect(events[0]?.['payload']).toMatchObject({
      severity: 'critical',
      source: 'tallyspan',
      summary: NOTICE.headline,
    });
  });

  it('keeps two names apart that are longer than a key and begin alike', () => {
    const items = ['a', 'b'].map((end) => ({ key: 'x'.repeat(300) + end, value: 1, threshold: 0 }));
    const keys = eventsOf({ ...NOTICE, items }).map((event) => String(event['dedup_key']));
    expect(new Set(keys).size).toBe(2);
    for (const key of keys) expect(key.length).toBeLessThanOrEqual(255);
    expect(eventsOf({ ...RESOLVED, items }).map((event) => event['dedup_key'])).toEqual(keys);
  });

  it('goes on where it was stopped, so that a limit of the rate holds up no incident for ever', async () => {
    const pagerDuty = await started(startPagerDuty());
    const channel = pagerDutyChannel({ routingKey: ROUTING_KEY, url: `${pagerDuty.url}/v2/enqueue` });
    const items = ['a', 'b', 'c'].map((key) => ({ key, value: 1, threshold: 0 }));
    const limited = { status: 429, body: '{}' };
    pagerDuty.trouble({ kind: 'delay', delayMs: 0 }, { kind: 'answer', answer: limited });
    expect((await failureOf(channel, { ...NOTICE, items })).isPermanent).toBe(false);
    await channel.send({ ...NOTICE, items }, never);
    const keys = pagerDuty.accepted().map((request) => jsonOf(request)?.['dedup_key']);
    expect(keys).toEqual(items.map(({ key }) => `tallyspan/cost-pace/${key}`));
    // Told again, it is told of all.
    await channel.send({ ...NOTICE, items }, never);
    expect(pagerDuty.accepted()).toHaveLength(6);
  });

  it('refuses an unknown key for good', async () => {
    const pagerDuty = await started(startPagerDuty());
    const channel = pagerDutyChannel({ routingKey: 'f'.repeat(32), url: `${pagerDuty.url}/v2/enqueue` });
    const error = await failureOf(channel);
    expect(error).toMatchObject({
      isPermanent: true,
      message: "PagerDuty answered 400: 'routing_key' is invalid",
    });
  });
});

describe('webhook', () => {
  it('carries a signature that the receiver can check, and the numbers beside the text', async () => {
    const webhook = await started(startWebhook());
    await webhookChannel({ url: `${webhook.url}/hook`, secret: WEBHOOK_SECRET }).send(NOTICE, never);
    expect(firstJson(webhook.accepted())).toMatchObject({
      version: 1,
      kind: 'firing',
      rule: 'cost-pace',
      at: '2026-11-20T03:07:00.000Z',
      alerts: [{ key: '', value: 21.3, threshold: 2, value_text: '21 ×', threshold_text: '2 ×' }],
    });
    expect(webhook.accepted()[0]?.headers['x-tallyspan-notice']).toBe(NOTICE.id);
  });

  it('with another secret is refused for good', async () => {
    const webhook = await started(startWebhook());
    const error = await failureOf(webhookChannel({ url: `${webhook.url}/hook`, secret: 'another' }));
    expect(error.isPermanent).toBe(true);
  });

  it('does not follow a redirect with the notice', async () => {
    const webhook = await started(startWebhook());
    const headers = { location: `${webhook.url}/elsewhere` };
    webhook.trouble({ kind: 'answer', answer: { status: 307, body: '', headers } });
    expect((await failureOf(webhookChannel({ url: `${webhook.url}/hook` }))).isPermanent).toBe(true);
    expect(webhook.requests).toHaveLength(1);
  });
});

const describeTls = describeWhere(hasOpenssl(), 'e-mail over TLS', 'openssl is not installed');

describeTls('e-mail', () => {
  const certificate = hasOpenssl() ? makeCertificate() : { key: '', cert: '', caFile: '' };
  const login = { user: 'alerts@example.com', password: 'p4ss=word$' };
  const base = {
    from: 'alerts@example.com',
    to: ['a@example.com', 'b@example.com'],
    caFile: certificate.caFile,
  };

  it.each(['starttls', 'implicit'] as const)(
    'goes out encrypted (%s) and logged in, as text and HTML',
    async (tls) => {
      const sink = await started(startMailSink({ certificate, login, isImplicitTls: tls === 'implicit' }));
      await emailChannel({ ...base, ...login, host: sink.host, port: sink.port, tls }).send(NOTICE, never);
      const [mail] = sink.mails;
      expect(mail).toMatchObject({ from: base.from, to: base.to, isEncrypted: true, user: login.user });
      if (mail === undefined) throw new Error('no mail');
      expect(headerOf(mail, 'Subject')).toBe(`🔴 ${NOTICE.headline}`);
      expect(headerOf(mail, 'From')).toBe('tallyspan <alerts@example.com>');
      expect(partOf(mail, 'text/plain')).toContain('Top run 9f2c41aa <eve> & co $3.92');
      expect(partOf(mail, 'text/html')).toContain(
        `Top run <a href="${PAGE}/runs/9f2c41aa">9f2c41aa</a> &lt;eve&gt; &amp; co $3.92<br>`,
      );
    },
  );

  it('is not sent when the server offers no encryption', async () => {
    const sink = await started(startMailSink());
    const channel = emailChannel({ ...base, host: sink.host, port: sink.port, tls: 'starttls' });
    expect((await failureOf(channel)).message).toMatch(/^The mail server: /);
    expect(sink.mails).toHaveLength(0);
  });

  it('is not sent to a server whose certificate nobody vouches for', async () => {
    const sink = await started(startMailSink({ certificate }));
    const { caFile: _, ...untrusting } = base;
    await failureOf(emailChannel({ ...untrusting, host: sink.host, port: sink.port, tls: 'starttls' }));
    expect(sink.mails).toHaveLength(0);
  });

  it('with a wrong password is refused for good, without the password in the message', async () => {
    const sink = await started(startMailSink({ certificate, login }));
    const wrong = { user: login.user, password: 'wrong-password' };
    const error = await failureOf(
      emailChannel({ ...base, ...wrong, host: sink.host, port: sink.port, tls: 'starttls' }),
    );
    expect(error.isPermanent).toBe(true);
    expect(error.message).not.toContain('wrong-password');
  });

  it('that the server puts off is tried again; what it rejects is not', async () => {
    const sink = await started(startMailSink({ certificate }));
    const channel = emailChannel({ ...base, host: sink.host, port: sink.port, tls: 'starttls' });
    sink.refuse(451, 550);
    expect((await failureOf(channel)).isPermanent).toBe(false);
    expect((await failureOf(channel)).isPermanent).toBe(true);
  });

  it('that reaches only some of its receivers says whom it does not, and is not sent again', async () => {
    const sink = await started(startMailSink({ certificate, unknown: ['b@example.com'] }));
    const channel = emailChannel({ ...base, host: sink.host, port: sink.port, tls: 'starttls' });
    const error = await failureOf(channel);
    expect(error).toMatchObject({
      isPermanent: true,
      message: expect.stringMatching(/^The mail server took the mail, but not for b@example\.com: .*550/),
    });
    expect(sink.mails.map(({ to }) => to)).toEqual([['a@example.com']]);
  });

  it('keeps a line break in a value out of the headers', async () => {
    const sink = await started(startMailSink({ certificate }));
    const channel = emailChannel({ ...base, host: sink.host, port: sink.port, tls: 'starttls' });
    await channel.send({ ...NOTICE, headline: 'user\r\nBcc: eve@example.com' }, never);
    const [mail] = sink.mails;
    expect(mail && headerOf(mail, 'Bcc')).toBeUndefined();
    expect(mail?.to).toEqual(base.to);
  });
});

// Channels whose other end misbehaves below its protocol: answers that are cut or never end.

import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { DeliveryError, type Channel } from '../../server/alerting/channels/channel.ts';
import { emailChannel } from '../../server/alerting/channels/email.ts';
import { pagerDutyChannel } from '../../server/alerting/channels/pagerduty.ts';
import { slackChannel } from '../../server/alerting/channels/slack.ts';
import { telegramChannel } from '../../server/alerting/channels/telegram.ts';
import { webhookChannel } from '../../server/alerting/channels/webhook.ts';
import { startWebhook } from '../fakes/webhook.ts';
import { failureOf, never, NOTICE } from './channel-notices.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Port of a server that does this with each connection. */
async function listening(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('a webhook', () => {
  it.each([
    ['is cut short', '4\r\n{"ok'],
    ['never ends', '1\r\nx\r\n'],
  ])('that has taken the notice has it once, though its answer %s', async (_, rest) => {
    let requests = 0;
    const port = await listening((socket) => {
      socket.once('data', () => {
        requests++;
        socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${rest}`);
        if (rest.startsWith('4')) socket.end();
      });
    });
    await webhookChannel({ url: `http://127.0.0.1:${port}/hook` }).send(NOTICE, never);
    expect(requests).toBe(1);
  });

  it('that closes without an answer is said in words, and an answer of many lines as one', async () => {
    const webhook = await startWebhook();
    closers.push(() => webhook.close());
    const answer = { status: 400, body: '<html>\r\n <b>no\n' };
    webhook.trouble({ kind: 'drop' }, { kind: 'answer', answer });
    const channel = webhookChannel({ url: `${webhook.url}/hook` });
    expect((await failureOf(channel)).message).toBe(
      'The webhook was not reached: it closed the connection without an answer',
    );
    expect((await failureOf(channel)).message).toBe('The webhook answered 400: <html> <b>no');
  });
});

/** What somebody between the service and us may say with a status of success. */
const FOREIGN = ['<!doctype html><title>Sign in to the network</title>', '', 'Accepted', '{"ok":false}'];
const OF_SERVICES = [
  { name: 'Telegram', channelAt: telegramAt, taken: '{"ok":true,"result":{}}' },
  { name: 'Slack', channelAt: slackAt, taken: 'ok' },
  { name: 'Slack', channelAt: slackAt, taken: '{"success":true}' },
  { name: 'PagerDuty', channelAt: pagerDutyAt, taken: '{"status":"success","message":"Event processed"}' },
] as const;

function telegramAt(apiUrl: string): Channel {
  return telegramChannel({ apiUrl, botToken: '1234567:AAbotTokenOfATest_0123456789abcdef', chatId: '42' });
}

function slackAt(url: string): Channel {
  return slackChannel({ url: `${url}/services/T1/B1/secret` });
}

function pagerDutyAt(url: string): Channel {
  return pagerDutyChannel({ url: `${url}/v2/enqueue`, routingKey: '0123456789abcdef0123456789abcdef' });
}

/** Port of a server that says so much of its answer, with a status of success, and closes. */
async function cutAfter(start: string): Promise<number> {
  return listening((socket) => {
    socket.once('data', () => {
      socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${start}`);
    });
  });
}

describe.each(OF_SERVICES)('$name that says $taken', ({ name, channelAt, taken }) => {
  async function answering(...bodies: string[]): Promise<Channel> {
    const service = await startWebhook();
    closers.push(() => service.close());
    service.trouble(
      ...bodies.map((body) => ({
        kind: 'answer' as const,
        answer: { status: 200, body, headers: { 'content-type': 'text/html' } },
      })),
    );
    return channelAt(service.url);
  }

  it('has taken the notice', async () => {
    const channel = await answering(taken);
    await expect(channel.send(NOTICE, never)).resolves.toBeUndefined();
  });

  it.each(FOREIGN)('has not where it answers %j: it is tried again', async (body) => {
    const { message, isPermanent } = await failureOf(await answering(body));
    const said = body === '' ? '' : `: ${body}`;
    expect({ message, isPermanent }).toEqual({
      message: `${name} answered 200, but not as ${name} does${said}`,
      isPermanent: false,
    });
  });

  it('has taken the notice where its answer is cut, and a page that is cut has not', async () => {
    const cut = channelAt(`http://127.0.0.1:${await cutAfter('9\r\n{"ok"')}`);
    await cut.send(NOTICE, never);
    const page = channelAt(`http://127.0.0.1:${await cutAfter('6\r\n<html>\r\n')}`);
    expect((await failureOf(page)).message).toBe(`${name} answered 200, but not as ${name} does: <html>`);
  });
});

describe('a mail', () => {
  it('ends at once with the process, though the server goes on and on', async () => {
    const port = await listening((socket) => {
      socket.write('220 here\r\n');
      socket.on('data', (line) => {
        if (!/RCPT/.test(String(line))) return void socket.write('250 ok\r\n');
        const wait = setInterval(() => socket.write('250-wait\r\n'), 50);
        socket.on('close', () => clearInterval(wait));
      });
    });
    const stop = new AbortController();
    const receivers = { from: 'alerts@example.com', to: ['a@example.com'] };
    const channel = emailChannel({ ...receivers, host: '127.0.0.1', port, tls: 'off' });
    const sending = channel.send(NOTICE, stop.signal);
    setTimeout(() => stop.abort(), 300);
    await expect(sending).rejects.toBeInstanceOf(DeliveryError);
  });
});

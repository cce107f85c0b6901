// Channels whose other end misbehaves below its protocol: answers that are cut or never end.

import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { DeliveryError } from '../../server/alerting/channels/channel.ts';
import { emailChannel } from '../../server/alerting/channels/email.ts';
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

// What is no request that could be routed is answered in the form of its port, like every other refusal.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { startTestServer, type TestServer } from '../harness.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.remove());

/** The head and the body of what is answered to these bytes. */
async function answerTo(address: string, bytes: string): Promise<{ head: string; body: unknown }> {
  const { hostname, port } = new URL(address.includes('://') ? address : `http://${address}`);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  return { head: head.toLowerCase(), body: JSON.parse(body) };
}

const LONG = `/${'a'.repeat(20_000)}`;
const FAULTS = [
  [
    'an address that is too long',
    `GET ${LONG} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`,
    431,
    'longer than 16 KB',
  ],
  ['no method', 'HELLO / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n', 400, 'this is no request of HTTP'],
] as const;

describe.each(FAULTS)('%s', (_, bytes, status, message) => {
  it('is a problem at the port of the page, with the headers of every answer', async () => {
    const { head, body } = await answerTo(server.uiUrl, bytes);
    expect(head).toMatch(new RegExp(`^http/1.1 ${String(status)} `));
    expect(head).toContain('content-type: application/problem+json');
    expect(head).toContain('content-security-policy: ');
    expect(body).toMatchObject({ status, detail: expect.stringContaining(message) });
  });

  it('is a status of OTLP at the port of senders', async () => {
    const { head, body } = await answerTo(server.httpAddress, bytes);
    expect(head).toMatch(new RegExp(`^http/1.1 ${String(status)} `));
    expect(body).toEqual({ code: 3, message: expect.stringContaining(message) });
  });
});

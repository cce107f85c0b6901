// A sender that was given the wrong port sends for ever and hears nothing: the server's log says what is wrong.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import { startTestServer, type TestServer } from '../harness.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.remove());

/** Sends the bytes and waits until the server has closed the connection. */
async function sendBytes(address: string, bytes: string): Promise<void> {
  const { hostname, port } = new URL(`http://${address}`);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(Buffer.from(bytes, 'latin1'));
  await once(socket, 'close');
}

function asItIs(bytes: Buffer): Buffer {
  return bytes;
}

function linesOf(port: string): string[] {
  return server.lines.filter((line) => line.startsWith(`a sender on the port of OTLP over ${port} `));
}

it('HTTP or TLS on the port of gRPC is said once', async () => {
  await sendBytes(
    server.grpcAddress,
    'POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}',
  );
  await sendBytes(server.grpcAddress, `\u0016\u0003\u0001${'a'.repeat(60)}`);
  expect(linesOf('gRPC')).toEqual([expect.stringContaining('OTLP over HTTP goes to the other port')]);
});

it('gRPC on the port of HTTP is said once', async () => {
  for (const _ of [1, 2]) {
    const client = new Client(server.httpAddress, credentials.createInsecure());
    await new Promise((answered) => {
      client.makeUnaryRequest('/x/y', asItIs, asItIs, Buffer.alloc(0), answered);
    });
    client.close();
  }
  expect(linesOf('HTTP')).toEqual([expect.stringContaining('speaks gRPC')]);
});

it('TLS on the port of HTTP is said', async () => {
  const other = await startTestServer();
  await sendBytes(other.httpAddress, '\u0016\u0003\u0001aaaa');
  expect(other.lines).toContainEqual(expect.stringContaining('uses TLS'));
  await other.remove();
});

it('what is neither is not said', async () => {
  const other = await startTestServer();
  await sendBytes(other.httpAddress, 'zz zz\r\n\r\n');
  expect(other.lines.filter((line) => line.includes('a sender on the port'))).toEqual([]);
  await other.remove();
});

it('another method on a path of OTLP is answered with the right one, OPTIONS as well', async () => {
  const { status, headers } = await fetch(`http://${server.httpAddress}/v1/logs`, { method: 'OPTIONS' });
  expect([status, headers.get('allow')]).toEqual([405, 'POST']);
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { toOtlpLogs } from '../../../core/otlp/otlp-log.ts';
import { getJson, startTestServer, type TestServer } from '../harness.ts';
import { sampleRun } from '../web/sample-run.ts';

const RUN = sampleRun({ mark: 'a', endMs: Date.now() });
const BODY = JSON.stringify(toOtlpLogs(RUN));

let server: TestServer;
let sockets: Socket[];

beforeEach(async () => {
  sockets = [];
  server = await startTestServer();
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await server.remove();
});

async function open(address: string): Promise<Socket> {
  const { hostname, port } = new URL(`http://${address}`);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Begins to send the run; half of the body is not sent yet. */
async function beginUpload(): Promise<Socket> {
  const socket = await open(server.httpAddress);
  const head = [
    'POST /v1/logs HTTP/1.1',
    `host: ${server.httpAddress}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(BODY)}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${BODY.slice(0, BODY.length / 2)}`);
  // Something was asked afterwards and answered: the server has seen the head of the request.
  const other = await fetch(`http://${server.httpAddress}/v1/logs`, { method: 'POST', body: '' });
  await other.arrayBuffer();
  return socket;
}

describe('a server that is stopped', () => {
  it('answers what is under way, which is stored, and closes what is idle before', async () => {
    const kept = await open(server.uiUrl.replace('http://', ''));
    kept.write(`GET /healthz HTTP/1.1\r\nhost: ${new URL(server.uiUrl).host}\r\n\r\n`);
    await once(kept, 'data');
    const silent = await open(server.httpAddress);
    const upload = await beginUpload();
    const answer = once(upload, 'data') as Promise<[Buffer]>;
    const cut = once(upload, 'close');

    const idle = Promise.all([kept, silent].map((socket) => once(socket, 'close')));
    const closed = server.close();
    await idle;
    upload.write(BODY.slice(BODY.length / 2));
    const [bytes] = await answer;
    expect(bytes.toString()).toMatch(/^HTTP\/1\.1 200 OK/);
    await Promise.all([cut, closed]);

    const next = await startTestServer({ dataDir: server.dataDir });
    expect(await getJson(next, '/api/meta')).toMatchObject({ events: RUN.length });
    await next.close();
  });

  it('does not wait for ever for one that is never sent to its end', async () => {
    const upload = await beginUpload();
    const cut = once(upload, 'close');
    await server.close();
    await cut;
    expect(upload.bytesRead).toBe(0);
  });
});

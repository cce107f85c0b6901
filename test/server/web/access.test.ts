import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { Client, credentials, status, type ServiceError } from '@grpc/grpc-js';
import { JSON_TYPE, post, startTestServer, type TestServer } from '../harness.ts';

const TOKEN = 'a token of some length';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ host: '0.0.0.0', token: TOKEN });
});

afterAll(() => server.remove());

function url(address: string): string {
  return address.replace('0.0.0.0', '127.0.0.1');
}

describe('a server that other machines reach', () => {
  it('shows nothing and takes nothing without its token', async () => {
    for (const path of ['/api/runs', '/api/export', '/api/backup', '/metrics'])
      expect((await fetch(url(server.uiUrl) + path)).status).toBe(401);
    expect((await post(url(server.httpAddress), '/v1/logs', '{}', JSON_TYPE)).status).toBe(401);
    const client = new Client(url(server.grpcAddress), credentials.createInsecure());
    const code = await new Promise((done) => {
      client.makeUnaryRequest(
        '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.alloc(0),
        (error: ServiceError | null) => done(error?.code),
      );
    });
    client.close();
    expect(code).toBe(status.UNAUTHENTICATED);
  });

  it('opens with it, and with no other', async () => {
    const ask = (token: string): Promise<Response> =>
      fetch(`${url(server.uiUrl)}/api/runs`, { headers: { authorization: `Bearer ${token}` } });
    expect((await ask(TOKEN)).status).toBe(200);
    expect((await ask(`${TOKEN}x`)).status).toBe(401);
    expect((await ask('')).status).toBe(401);
    const headers = { ...JSON_TYPE, authorization: `Bearer ${TOKEN}` };
    expect((await post(url(server.httpAddress), '/v1/logs', '{}', headers)).status).toBe(200);
  });

  it('says that it lives without a token', async () => {
    expect((await fetch(`${url(server.uiUrl)}/healthz`)).status).toBe(200);
  });
});

describe('what costs only its sender', () => {
  it('many connections that never finish their request leave the others an answer', async () => {
    const { hostname, port } = new URL(`http://${url(server.httpAddress)}`);
    const sockets = Array.from({ length: 200 }, () => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.write('POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n');
      return socket;
    });
    const headers = { ...JSON_TYPE, authorization: `Bearer ${TOKEN}` };
    expect((await post(url(server.httpAddress), '/v1/logs', '{}', headers)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });
});

describe('the server about itself', () => {
  it('counts what came and what was stored', async () => {
    const answer = await fetch(`${url(server.uiUrl)}/metrics`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const text = await answer.text();
    expect(text).toMatch(/^tallyspan_requests_total \d+$/m);
    expect(text).toMatch(/^tallyspan_events_stored_total 0$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:http2';
import { Client, credentials, status, type ServiceError } from '@grpc/grpc-js';
import { decodeResponse, encodeLogs, getJson, startTestServer, type TestServer } from '../harness.ts';
import { waitUntil } from '../../stack/process.ts';
import { sampleRun } from '../web/sample-run.ts';

const LOGS = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';

let server: TestServer;
let client: Client;

beforeAll(async () => {
  server = await startTestServer();
  client = new Client(server.grpcAddress, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
  });
});

afterAll(async () => {
  client.close();
  await server.remove();
});

function send(path: string, body: Buffer): Promise<Buffer> {
  return new Promise((done, failed) => {
    client.makeUnaryRequest(
      path,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      body,
      (error, answer) => {
        if (error) failed(error);
        else done(answer ?? Buffer.alloc(0));
      },
    );
  });
}

async function codeOf(sent: Promise<unknown>): Promise<[number | undefined, string]> {
  const error = await sent.then(
    () => undefined,
    (fault: unknown) => fault as ServiceError,
  );
  return [error?.code, error?.details ?? ''];
}

describe('OTLP over gRPC', () => {
  it('is answered after the events can be read', async () => {
    const run = sampleRun({ mark: '1', endMs: Date.now() });
    expect(decodeResponse(await send(LOGS, encodeLogs(run)))).toEqual({});
    const runs = await getJson<{ 'agent.run_id': string }[]>(server, '/api/runs');
    expect(runs.map((one) => one['agent.run_id'])).toEqual(['1'.repeat(32)]);
  });

  it('gives a sender room for a large request once it has sent the first', async () => {
    const session = connect(`http://${server.grpcAddress}`);
    const grown = new Promise<number>((told) => {
      session.on('remoteSettings', ({ initialWindowSize = 0 }) => {
        if (initialWindowSize > 65_535) told(initialWindowSize);
      });
    });
    session.request({ ':method': 'POST', ':path': LOGS, 'content-type': 'application/grpc' }).end();
    expect(await grown).toBe(1024 * 1024);
    const room = (): number => session.state.remoteWindowSize ?? 0;
    await waitUntil(async () => room() > 1_000_000, { what: () => `room for more than ${room()} bytes` });
    session.destroy();
  });

  it('a malformed message is the sender’s fault, not ours', async () => {
    expect(await codeOf(send(LOGS, Buffer.from('nonsense')))).toEqual([
      status.INVALID_ARGUMENT,
      expect.stringMatching(/protobuf|cut off|OTLP/),
    ]);
  });

  it('a message of 65 MB is refused and the connection goes on', async () => {
    const [code] = await codeOf(send(LOGS, Buffer.alloc(65 * 1024 * 1024)));
    expect(code).toBe(status.RESOURCE_EXHAUSTED);
    expect(decodeResponse(await send(LOGS, Buffer.alloc(0)))).toEqual({});
  });

  it('an unknown service is unimplemented', async () => {
    const [code] = await codeOf(send('/no.such.Service/Export', Buffer.alloc(0)));
    expect(code).toBe(status.UNIMPLEMENTED);
  });
});

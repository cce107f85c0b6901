import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { status, type ServiceError } from '@grpc/grpc-js';
import {
  BodiesBusyError,
  BodyAllowance,
  BodyTooLongError,
  BodyTooSlowError,
  readBody,
  unpackBody,
} from '../../../server/intake/body.ts';
import { startChildServer, type ChildServer } from '../child-server.ts';
import { JSON_TYPE, PROTOBUF_TYPE, makeDataDir, post } from '../harness.ts';
import { LOGS_EXPORT, openGrpc } from './grpc-sender.ts';

// Who may send is looked at before the body is taken, and what all requests hold together has a limit.

const MEBIBYTE = 1024 * 1024;
const TOKEN = 'a token of some length';
const PEAK_LIMIT_BYTES = 700 * MEBIBYTE;
const AUTHORIZATION = { authorization: `Bearer ${TOKEN}` };

let dataDir: string;
let server: ChildServer;

beforeAll(async () => {
  dataDir = await makeDataDir();
  server = await startChildServer({ dataDir, token: TOKEN });
});

afterAll(async () => {
  await server.stop('SIGTERM');
  rmSync(dataDir, { recursive: true, force: true });
});

/** Node's own books of a connection would not hold what a test sends at once. */
function open(): ClientHttp2Session {
  return connect(`http://${server.grpcAddress}`, { maxSessionMemory: Number.MAX_SAFE_INTEGER });
}

/** Status of gRPC, or the reason why there was none. */
async function call(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body: Buffer | undefined,
): Promise<number | string> {
  const stream = session.request({
    ':method': 'POST',
    ':path': LOGS_EXPORT,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  const answered = new Promise<number | string>((done) => {
    const look = (answer: IncomingHttpHeaders): void => {
      if (answer['grpc-status'] !== undefined) done(Number(answer['grpc-status']));
    };
    stream.on('response', look).on('trailers', look);
    stream.on('error', (error) => done(error.message)).on('close', () => done('no status'));
  });
  stream.resume();
  // Without a body the request stays open: the answer needs none.
  if (body !== undefined) stream.end(body);
  const answer = await answered;
  stream.close();
  return answer;
}

function framed(message: Buffer, isPacked = false): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = isPacked ? 1 : 0;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** What a server answers to so many calls over so many connections, each once. */
async function flood(
  headers: Record<string, string>,
  body: Buffer,
  connections = 3,
  calls = 60,
): Promise<unknown[]> {
  const sessions = Array.from({ length: connections }, () => open());
  for (const session of sessions) session.on('error', () => undefined);
  const answers = await Promise.all(
    sessions.flatMap((session) => Array.from({ length: calls }, () => call(session, headers, body))),
  );
  for (const session of sessions) session.destroy();
  return [...new Set(answers)];
}

function peakBytes(): number {
  return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]);
}

function same(bytes: Buffer): Buffer {
  return bytes;
}

describe('a call without the token', () => {
  it('is refused on its headers, before any of its body', async () => {
    const session = open();
    expect(await call(session, {}, undefined)).toBe(status.UNAUTHENTICATED);
    expect(await call(session, { authorization: 'Bearer wrong' }, undefined)).toBe(status.UNAUTHENTICATED);
    session.destroy();
  });

  it('with a large body is told so by the library that most senders have', async () => {
    const client = openGrpc(server.grpcAddress);
    const code = await new Promise((done) => {
      client.makeUnaryRequest(
        LOGS_EXPORT,
        same,
        same,
        Buffer.alloc(MEBIBYTE * 19),
        (error: ServiceError | null) => done(error?.code),
      );
    });
    client.close();
    expect(code).toBe(status.UNAUTHENTICATED);
  });
});

describe('many large requests at once', () => {
  const plain = framed(Buffer.alloc(19 * MEBIBYTE, 1));
  const packed = framed(gzipSync(Buffer.alloc(19 * MEBIBYTE, 1)), true);

  it.each([
    ['without a token', {}, plain, [status.UNAUTHENTICATED]],
    // On a busy machine gigabytes come too slowly for some.
    [
      'of 19 MB',
      AUTHORIZATION,
      plain,
      [status.INVALID_ARGUMENT, status.UNAVAILABLE, status.DEADLINE_EXCEEDED],
    ],
    [
      'of 19 MB when decompressed',
      { ...AUTHORIZATION, 'grpc-encoding': 'gzip' },
      packed,
      [status.INVALID_ARGUMENT, status.UNAVAILABLE],
    ],
  ])('%s are answered in bounded memory', async (_what, headers, body, expected) => {
    for (const answer of await flood(headers, body)) expect(expected).toContain(answer);
    expect(peakBytes()).toBeLessThan(PEAK_LIMIT_BYTES);
  });

  it('over HTTP are, too', async () => {
    const body = gzipSync(Buffer.alloc(19 * MEBIBYTE, 1));
    const headers = { ...PROTOBUF_TYPE, ...AUTHORIZATION, 'content-encoding': 'gzip' };
    const statuses = await Promise.all(
      Array.from(
        { length: 120 },
        async () => (await post(server.httpAddress, '/v1/logs', body, headers)).status,
      ),
    );
    for (const answer of statuses) expect([400, 503]).toContain(answer);
    expect(peakBytes()).toBeLessThan(PEAK_LIMIT_BYTES);
    // The next one finds the whole allowance again.
    const next = await post(server.httpAddress, '/v1/logs', '{}', { ...JSON_TYPE, ...AUTHORIZATION });
    expect(next.status).toBe(200);
  });
});

describe('names in headers', () => {
  it.each([
    { 'content-type': 'application/JSON' },
    { 'content-type': 'Application/Json; charset=UTF-8', 'content-encoding': 'GZIP' },
    { 'content-type': 'APPLICATION/X-PROTOBUF', 'content-encoding': 'GZip' },
  ])('are read in any case: %j', async (headers) => {
    const plain = /json/i.test(headers['content-type']) ? '{}' : '';
    const body = headers['content-encoding'] === undefined ? plain : gzipSync(plain);
    const answer = await post(server.httpAddress, '/v1/logs', body, { ...headers, ...AUTHORIZATION });
    expect([answer.status, answer.type]).toEqual([
      200,
      plain === '{}' ? 'application/json' : 'application/x-protobuf',
    ]);
  });
});

describe('a body', () => {
  it('that does not come within its time is given up', async () => {
    const share = new BodyAllowance().share();
    const stream = new PassThrough();
    stream.write('x');
    await expect(readBody(stream, share, { limitMs: 5 })).rejects.toThrow(BodyTooSlowError);
  });

  it('has a length, and all have one together, which is given back', async () => {
    const allowance = new BodyAllowance(10);
    const read = (text: string, limitBytes?: number): Promise<Buffer> => {
      const share = allowance.share();
      const body = readBody(
        PassThrough.from([Buffer.from(text)]),
        share,
        limitBytes === undefined ? {} : { limitBytes },
      );
      return body.finally(() => share.end());
    };
    await expect(read('12345', 4)).rejects.toThrow(BodyTooLongError);
    await expect(read('12345678901')).rejects.toThrow(BodiesBusyError);
    expect((await read('1234567890')).toString()).toBe('1234567890');
    const share = allowance.share();
    await expect(unpackBody(gzipSync('a'.repeat(11)), 'gzip', share)).rejects.toThrow(BodiesBusyError);
    share.end();
    expect((await read('1234567890')).toString()).toBe('1234567890');
  });

  it('of a sender who leaves is none', async () => {
    const stream = new PassThrough();
    const body = readBody(stream, new BodyAllowance().share());
    stream.write('x');
    stream.destroy();
    await once(stream, 'close');
    await expect(body).rejects.toThrow('ended before its end');
  });
});

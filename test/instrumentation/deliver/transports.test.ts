// Transports against real servers that answer as no endpoint should: each exchange ends, in its time, with a few
// bytes held, and says what it means.

import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server as HttpServer } from 'node:http';
import { createServer as createHttp2, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net';
import { readRefusedPart } from '../../../instrumentation/encode/otlp-answer.ts';
import { decodeGrpcMessage } from '../../../instrumentation/deliver/grpc-message.ts';
import { MAX_ANSWER_BYTES, namesSize } from '../../../instrumentation/deliver/otlp.ts';
import { statusDetails } from './status-details.ts';
import { createTransport } from '../../../instrumentation/deliver/transport.ts';

/** Enough for an endpoint that answers, on a machine that is busy with other suites. */
const ANSWER_TIMEOUT_MS = 60_000;
/** For an endpoint that never does: each such exchange waits for all of it. */
const NO_ANSWER_TIMEOUT_MS = 300;
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name];
});

async function listen(server: HttpServer | Http2Server | Server, onClose: () => void): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    onClose();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A server that writes bytes of its own, and counts them until the client goes. */
async function startTcp(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTcp((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  return listen(server, () => {
    for (const socket of sockets) socket.destroy();
  });
}

async function startGrpc(onStream: (stream: ServerHttp2Stream) => void): Promise<number> {
  const sessions = new Set<{ destroy: () => void }>();
  const server = createHttp2();
  server.on('session', (session) => {
    session.on('error', () => undefined);
    sessions.add(session);
  });
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    onStream(stream);
  });
  return listen(server, () => {
    for (const session of sessions) session.destroy();
  });
}

function send(protocol: 'grpc' | 'http/protobuf', port: number, timeoutMs = ANSWER_TIMEOUT_MS) {
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${String(port)}`;
  process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = String(timeoutMs);
  const transport = createTransport('logs', protocol);
  closers.push(() => {
    transport.close();
  });
  return transport.send(new Uint8Array(16));
}

function sendUnanswered(protocol: 'grpc' | 'http/protobuf', port: number) {
  return send(protocol, port, NO_ANSWER_TIMEOUT_MS);
}

/** How a request goes that is answered so, over HTTP. */
async function answered(status: number, headers: Record<string, string> = {}, body?: Buffer) {
  const server = createServer((_, response) => {
    response.writeHead(status, headers).end(body);
  });
  const port = await listen(server, () => {
    server.closeAllConnections();
  });
  return send('http/protobuf', port);
}

/** A field of protobuf that has a length below 128. */
function sized(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes]);
}

/** Writes on and on, as far as the reader takes it; gives the number of bytes when it has gone. */
function pour(target: NodeJS.WritableStream, chunk: string | Buffer, everyMs = 0): void {
  const next = (): void => {
    if (!target.writable) return;
    if (everyMs > 0) {
      target.write(chunk);
      setTimeout(next, everyMs);
    } else if (target.write(chunk)) setImmediate(next);
    else target.once('drain', next);
  };
  next();
}

describe('over HTTP', () => {
  it('an answer without end: the status counts, the rest is not read', async () => {
    let closed: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const port = await startTcp((socket) => {
      socket.on('close', () => closed?.());
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
        pour(socket, `10000\r\n${'x'.repeat(0x10000)}\r\n`);
      });
    });
    const result = await send('http/protobuf', port);
    expect(result.status).toBe('sent');
    expect(result.status === 'sent' && result.answer.length).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
    await gone;
  });

  it.each([
    ['nothing', ''],
    ['a header that drips', 'HTTP/1.1 200 OK\r\nx: '],
    ['a body that drips', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['a length that is not reached', 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n'],
  ])('%s: ends in the time of the exchange, and the connection goes', async (_, head) => {
    let closed: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const port = await startTcp((socket) => {
      socket.on('close', () => closed?.());
      socket.once('data', () => {
        if (head === '') return;
        socket.write(head);
        pour(socket, head.includes('chunked') ? '1\r\nx\r\n' : 'x', 20);
      });
    });
    expect(await sendUnanswered('http/protobuf', port)).toEqual({
      status: 'retry',
      reason: 'no answer in time',
    });
    await gone;
  });

  it.each([
    ['HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', 'retry'],
    ['HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n', 'too_large'],
    ['HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\nhttp: request body too large', 'too_large'],
    ['HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\nunknown field', 'refused'],
    ['HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n', 'retry'],
    ['no HTTP at all\r\n\r\n', 'retry'],
  ])('%j is %s', async (answer, status) => {
    const port = await startTcp((socket) => {
      socket.once('data', () => socket.end(answer));
    });
    expect((await send('http/protobuf', port)).status).toBe(status);
  });

  it.each([
    ['25', 25_000],
    ['9999999999', 60_000],
    ['1e400', undefined],
    ['-5', undefined],
    ['NaN', undefined],
    ['soon', undefined],
    ['2', 2_000],
    ['Thu, 31 Dec 2099 23:59:59 GMT', 60_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Sun Nov  6 08:49:37 1994', 0],
  ])('Retry-After: %s is heeded within bounds', async (value, afterMs) => {
    expect(await answered(503, { 'retry-after': value })).toEqual({
      status: 'retry',
      reason: 'HTTP 503',
      isAnswered: true,
      ...(afterMs === undefined ? {} : { afterMs }),
    });
  });

  it('a web page has taken no records, whatever its status; an answer of another type has', async () => {
    const page = Buffer.from('<h1>Sign in to the network</h1>');
    for (const type of ['text/html', 'Text/HTML; charset=utf-8'])
      expect(await answered(200, { 'content-type': type }, page)).toEqual({
        status: 'retry',
        reason: 'a web page came back (HTTP 200)',
      });
    for (const type of ['application/x-protobuf', 'application/json', 'text/plain'])
      expect((await answered(200, { 'content-type': type })).status).toBe('sent');
    expect((await answered(204)).status).toBe('sent');
  });

  it.each([429, 502, 503, 504])('after %i it is sent again, when the endpoint says', async (status) => {
    const again = { status: 'retry', reason: `HTTP ${String(status)}`, isAnswered: true };
    expect(await answered(status)).toEqual(again);
    expect(await answered(status, { 'retry-after': '7' })).toEqual({ ...again, afterMs: 7_000 });
    const inTenMinutes = new Date(Date.now() + 600_000).toUTCString();
    expect(await answered(status, { 'retry-after': inTenMinutes })).toEqual({ ...again, afterMs: 60_000 });
  });

  it.each([400, 401, 404, 500, 501])('after %i it is not, whatever the endpoint says', async (status) => {
    expect((await answered(status, { 'retry-after': '7' })).status).toBe('refused');
  });

  it('a partial success is an answer whose refused part can be read', async () => {
    const part = sized(2, Buffer.from('timestamp too old'));
    const result = await answered(200, {}, sized(1, Buffer.concat([Buffer.from([0x08, 3]), part])));
    expect(result.status === 'sent' && readRefusedPart(result.answer)).toEqual({
      count: 3,
      reason: 'timestamp too old',
    });
  });
});

describe('over gRPC', () => {
  it.each([
    ['disk 100% full', 'disk 100% full'],
    ['%', '%'],
    ['%zz%4', '%zz%4'],
    ['100%25 %C3%A9%21', '100% é!'],
    ['%FF%FE', '\u{FFFD}\u{FFFD}'],
  ])('the message %j reads %j, in headers and in trailers', async (message, reason) => {
    expect(decodeGrpcMessage(message)).toBe(reason);
    const status = { 'grpc-status': '14', 'grpc-message': message };
    const inHeaders = await startGrpc((stream) => {
      stream.respond({ ':status': 200, ...status }, { endStream: true });
    });
    expect(await send('grpc', inHeaders)).toEqual({ status: 'retry', reason, isAnswered: true });
    const inTrailers = await startGrpc((stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => {
        stream.sendTrailers(status);
      });
      stream.end();
    });
    expect(await send('grpc', inTrailers)).toEqual({ status: 'retry', reason, isAnswered: true });
  });

  it('an answer without end is left, and the connection goes', async () => {
    let closed: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const port = await startGrpc((stream) => {
      stream.session?.on('close', () => closed?.());
      stream.respond({ ':status': 200 });
      pour(stream, Buffer.alloc(65_536));
    });
    expect(await send('grpc', port)).toEqual({ status: 'retry', reason: 'the answer does not end' });
    await gone;
  });

  it.each([
    ['a body that drips', 'body'],
    ['no headers', 'nothing'],
  ])('%s: ends in the time of the exchange', async (_, kind) => {
    const port = await startGrpc((stream) => {
      if (kind === 'nothing') return;
      stream.respond({ ':status': 200 });
      pour(stream, Buffer.from('x'), 20);
    });
    expect(await sendUnanswered('grpc', port)).toEqual({ status: 'retry', reason: 'no answer in time' });
  });

  it('a port that takes connections and never speaks: ends in the time of the exchange', async () => {
    const port = await startTcp(() => undefined);
    expect(await sendUnanswered('grpc', port)).toEqual({ status: 'retry', reason: 'no answer in time' });
  });

  it.each([
    ['8', 'grpc: received message larger than max (5000000 vs. 4194304)', 'too_large'],
    [
      '11',
      'Error, decoded message length too large: found 5000000 bytes, the limit is: 4194304 bytes',
      'too_large',
    ],
    ['8', 'gRPC message exceeds maximum size 4194304: 5000000', 'too_large'],
    ['8', 'sending queue is full', 'retry'],
    ['8', 'Ingestion rate limit exceeded (limit: 4194304 bytes/sec) while adding 10 lines', 'retry'],
    ['3', 'unknown field', 'refused'],
  ])('status %s, %j is %s', async (code, message, status) => {
    const port = await startGrpc((stream) => {
      stream.respond({ ':status': 200, 'grpc-status': code, 'grpc-message': message }, { endStream: true });
    });
    expect((await send('grpc', port)).status).toBe(status);
    expect(namesSize(message)).toBe(status === 'too_large');
  });

  it.each([
    // Short of memory for a while, and throttled.
    ['8', 'data refused due to high memory usage', 30, { status: 'retry', afterMs: 30_000 }],
    ['14', 'busy', 0.25, { status: 'retry', afterMs: 250 }],
    ['8', 'RATE_LIMITED', 9_999_999_999, { status: 'retry', afterMs: 60_000 }],
    // The delay says that it will be taken, so it is not too large.
    ['8', 'limit of 4194304 bytes exceeded', 1, { status: 'retry', afterMs: 1_000 }],
    // No delay, and what OTLP never sends again.
    ['8', 'data refused due to high memory usage', undefined, { status: 'retry' }],
    ['3', 'unknown field', 30, { status: 'refused' }],
  ])('status %s, %j with RetryInfo of %p s is %j', async (code, message, seconds, expected) => {
    const status = {
      'grpc-status': code,
      'grpc-message': message,
      ...(seconds === undefined ? {} : { 'grpc-status-details-bin': statusDetails(seconds) }),
    };
    const inHeaders = await startGrpc((stream) => {
      stream.respond({ ':status': 200, ...status }, { endStream: true });
    });
    const inTrailers = await startGrpc((stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => {
        stream.sendTrailers(status);
      });
      stream.end();
    });
    const isAnswered = expected.status === 'retry' ? { isAnswered: true } : {};
    for (const port of [inHeaders, inTrailers])
      expect(await send('grpc', port)).toEqual({ reason: message, ...isAnswered, ...expected });
  });
});

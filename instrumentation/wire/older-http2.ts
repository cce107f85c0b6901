// HTTP/2 of the versions of Node that publish nothing of it (before 22.17 and 24.2): the streams of each session that the
// program connects are watched, and published on the same channels, with the same messages.

import { channel } from 'node:diagnostics_channel';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { syncBuiltinESMExports } from 'node:module';
import { guard } from '../process/guard.ts';
import { isOlderNode } from '../process/node-version.ts';

type Headers = Readonly<Record<string, unknown>>;
type AnyFunction = (...parameters: never[]) => unknown;
interface Http2 {
  connect: (...parameters: unknown[]) => ClientHttp2Session;
}

const created = channel('http2.client.stream.created');
const bodyChunkSent = channel('http2.client.stream.bodyChunkSent');
const bodySent = channel('http2.client.stream.bodySent');
const answered = channel('http2.client.stream.finish');
const closed = channel('http2.client.stream.close');

/** Before the program loads: whoever imports the module later gets the watched function. */
export function publishHttp2(): void {
  if (!isOlderNode()) return;
  const http2 = process.getBuiltinModule('node:http2') as unknown as Http2;
  const { connect } = http2;
  const watched = function (this: unknown, ...parameters: unknown[]) {
    const session: ClientHttp2Session = Reflect.apply(connect, this, parameters);
    guard('http2 session', () => {
      watchSession(session);
    });
    return session;
  };
  // Its name, its length and what `promisify` makes of it.
  Object.defineProperties(watched, Object.getOwnPropertyDescriptors(connect));
  http2.connect = watched;
  syncBuiltinESMExports();
}

function watchSession(session: ClientHttp2Session): void {
  const request = session.request.bind(session);
  session.request = (headers, options) => {
    const stream = request(headers, options);
    guard('http2 request', () => {
      watchStream(stream, headers as Headers | undefined);
    });
    return stream;
  };
}

function watchStream(stream: ClientHttp2Stream, headers: Headers = {}): void {
  /** What came before the program was told of the answer: both happen in one turn of the loop. */
  const earlier: unknown[] = [];
  let isAnswered = false;
  before(stream, 'push', (chunk: unknown) => {
    if (!isAnswered) earlier.push(chunk);
  });
  before(stream, '_write', (data: unknown) => {
    bodyChunkSent.publish({ stream, writev: false, data });
  });
  before(stream, '_writev', (data: unknown) => {
    bodyChunkSent.publish({ stream, writev: true, data });
  });
  before(stream, '_final', () => {
    bodySent.publish({ stream });
  });
  before(stream, 'emit', (name: unknown, detail: unknown) => {
    if (name === 'response') {
      isAnswered = true;
      answered.publish({ stream, headers: detail, earlier: earlier.splice(0) });
    } else if (name === 'close') closed.publish({ stream });
  });
  created.publish({ stream, headers: { ':method': 'GET', ':path': '/', ...headers } });
}

/** Calls `see` before a method of the one object does its work. */
function before(target: object, name: string, see: (...parameters: unknown[]) => void): void {
  const methods = target as Record<string, AnyFunction>;
  const method = methods[name];
  if (typeof method !== 'function') return;
  methods[name] = function (this: unknown, ...parameters) {
    guard(`http2 ${name}`, () => {
      see(...parameters);
    });
    return Reflect.apply(method, this, parameters);
  };
}

// OTLP over gRPC: one message in, one out, on HTTP/2. Who asks and for what is looked at when the headers are there, before
// any of the body is taken (docs/decisions/0050).

import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { UNDER_WAY_LIMIT_MS } from '../process/graceful-close.ts';
import { messageOf } from '../process/server-error.ts';
import { notStoredText } from '../store/file/disk-fault.ts';
import { StoreBusyError } from '../store/write/write-queue.ts';
import {
  BodiesBusyError,
  BodyTooLongError,
  BodyTooSlowError,
  readHeadedBody,
  unpackBody,
  type BodyShare,
} from './body.ts';
import { GRPC_STATUS } from './grpc-status.ts';
import type { Intake, OtlpSignal } from './intake.ts';
import { encodeAnswer } from './otlp-answer.ts';
import { MalformedBodyError } from './otlp-model.ts';
import { connectionsOfPort } from '../process/connections.ts';
import { OversizedBodyError } from './request-limits.ts';
import { grpcPortWatch } from './wrong-port.ts';

const SIGNALS: ReadonlyMap<string, OtlpSignal> = new Map([
  ['/opentelemetry.proto.collector.trace.v1.TraceService/Export', 'traces'],
  ['/opentelemetry.proto.collector.logs.v1.LogsService/Export', 'logs'],
  ['/opentelemetry.proto.collector.metrics.v1.MetricsService/Export', 'metrics'],
]);

/**
 * What a sender may have under way before it has to wait for word that we have read it. With HTTP/2's 64 KB it waits a
 * dozen times for a request of 500 events, each time until this process is done with what it has.
 */
const WINDOW_BYTES = 1024 * 1024;
const STREAMS_PER_CONNECTION = 100;
/** Of Node's own books of one connection, MB. */
const SESSION_MEMORY_MB = 32;
/** A connection that has not been let in yet, and one that has. */
const STRANGER_IDLE_MS = 60_000;
const SENDER_IDLE_MS = 10 * 60_000;
/** Before a message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;

export interface GrpcIntake {
  readonly port: number;
  close(): Promise<void>;
}

export interface GrpcIntakeOptions {
  readonly intake: Intake;
  readonly host: string;
  readonly port: number;
  /** Whether the value of an Authorization header opens the server. */
  readonly isAllowed: (authorization: string | undefined) => boolean;
  readonly log: (line: string) => void;
}

interface Refusal {
  readonly code: number;
  readonly details: string;
}

/** Listens; rejects when the port is taken. */
export async function listenGrpc(options: GrpcIntakeOptions): Promise<GrpcIntake> {
  const server = createServer({
    settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: STREAMS_PER_CONNECTION },
    maxSessionMemory: SESSION_MEMORY_MB,
  });
  server.maxConnections = connectionsOfPort();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.setLocalWindowSize(WINDOW_BYTES);
    session.setTimeout(STRANGER_IDLE_MS, () => session.close());
  });
  // A connection that breaks, or speaks no HTTP/2, costs only its sender.
  server.on('sessionError', grpcPortWatch(options.log));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    void answer(options, stream, headers);
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(options.port, options.host, () => {
      server.off('error', failed);
      listening();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => closeServer(server, sessions),
  };
}

/** Calls under way may finish; a sender that keeps its connection does not hold us up. */
async function closeServer(server: Http2Server, sessions: ReadonlySet<ServerHttp2Session>): Promise<void> {
  const timer = setTimeout(() => {
    for (const session of sessions) session.destroy();
  }, UNDER_WAY_LIMIT_MS);
  const closed = new Promise<void>((done) => server.close(() => done()));
  for (const session of sessions) session.close();
  await closed;
  clearTimeout(timer);
}

async function answer(
  options: GrpcIntakeOptions,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): Promise<void> {
  const signal = SIGNALS.get(headers[':path'] ?? '');
  if (headers[':method'] !== 'POST' || !/^application\/grpc\b/i.test(headers['content-type'] ?? '')) {
    end(stream, { ':status': 415 });
    return;
  }
  if (!options.isAllowed(headers.authorization)) {
    refuse(stream, GRPC_STATUS.UNAUTHENTICATED, 'a bearer token is needed: authorization=Bearer …');
    return;
  }
  if (signal === undefined) {
    refuse(stream, GRPC_STATUS.UNIMPLEMENTED, `there is no ${headers[':path'] ?? ''}`);
    return;
  }
  stream.session?.setTimeout(SENDER_IDLE_MS);
  const share = options.intake.bodies.share();
  try {
    const message = await readMessage(stream, headers, share);
    const accepted = await options.intake.accept(signal, 'protobuf', message);
    succeed(stream, encodeAnswer(signal, 'protobuf', accepted));
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal.code === GRPC_STATUS.UNAVAILABLE && !isBusy(error))
      options.log(`intake: ${messageOf(error)}`);
    refuse(stream, refusal.code, refusal.details);
  } finally {
    share.end();
  }
}

class RefusedCall extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The one message of the call, decompressed. @throws RefusedCall, and what reading a body throws */
async function readMessage(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  share: BodyShare,
): Promise<Buffer> {
  const { head, body: message } = await readHeadedBody(stream, share, PREFIX_BYTES);
  const isWhole = head.length === PREFIX_BYTES && head.readUInt32BE(1) === message.length;
  if (!isWhole)
    throw new MalformedBodyError(
      'the body is not one gRPC message: its length is not what its beginning says',
    );
  if (head[0] === 0) return message;
  const packing = String(headers['grpc-encoding'] ?? 'identity').toLowerCase();
  if (packing !== 'gzip' && packing !== 'deflate')
    throw new RefusedCall(GRPC_STATUS.UNIMPLEMENTED, `the encoding ${packing} is not supported: use gzip`);
  return unpackBody(message, packing, share);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof RefusedCall) return { code: error.code, details: error.message };
  if (error instanceof MalformedBodyError || error instanceof OversizedBodyError)
    return { code: GRPC_STATUS.INVALID_ARGUMENT, details: error.message };
  if (error instanceof BodyTooLongError)
    return { code: GRPC_STATUS.RESOURCE_EXHAUSTED, details: error.message };
  if (error instanceof BodyTooSlowError)
    return { code: GRPC_STATUS.DEADLINE_EXCEEDED, details: error.message };
  if (isBusy(error)) return { code: GRPC_STATUS.UNAVAILABLE, details: messageOf(error) };
  return { code: GRPC_STATUS.UNAVAILABLE, details: notStoredText(error) };
}

function isBusy(error: unknown): boolean {
  return error instanceof StoreBusyError || error instanceof BodiesBusyError;
}

const ANSWER_HEADERS: OutgoingHttpHeaders = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-accept-encoding': 'identity,gzip,deflate',
};

function succeed(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (stream.destroyed || stream.closed) return;
  const body = Buffer.alloc(PREFIX_BYTES + message.length);
  body.writeUInt32BE(message.length, 1);
  body.set(message, PREFIX_BYTES);
  stream.respond(ANSWER_HEADERS, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(GRPC_STATUS.OK) }));
  stream.end(body);
}

function refuse(stream: ServerHttp2Stream, code: number, details: string): void {
  end(stream, {
    ...ANSWER_HEADERS,
    'grpc-status': String(code),
    'grpc-message': encodeURI(Buffer.from(details).toString()),
  });
}

/** Answers without a message, and takes nothing more of the body. */
function end(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond(headers, { endStream: true });
  stream.close(constants.NGHTTP2_NO_ERROR);
  stream.resume();
}

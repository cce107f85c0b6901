// OTLP over HTTP: protobuf and JSON, plain or gzip. A bad request costs only its sender: bodies are
// limited as sent and as decompressed, and every refusal says why in the encoding of the request.

import type { Readable } from 'node:stream';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Access } from '../process/access.ts';
import { clientErrorHandler } from '../process/client-error.ts';
import { messageOf } from '../process/server-error.ts';
import { notStoredText } from '../store/file/disk-fault.ts';
import { StoreBusyError } from '../store/write/write-queue.ts';
import {
  BODY_LIMIT_BYTES,
  BODY_LIMIT_MS,
  BodiesBusyError,
  BodyTooLongError,
  BodyTooSlowError,
  readBody,
  unpackBody,
  type BodyShare,
} from './body.ts';
import { GRPC_STATUS } from './grpc-status.ts';
import type { Encoding, Intake, OtlpSignal } from './intake.ts';
import { encodeAnswer, encodeStatus } from './otlp-answer.ts';
import { MalformedBodyError } from './otlp-model.ts';
import { connectionsOfPort } from '../process/connections.ts';
import { OversizedBodyError } from './request-limits.ts';
import { httpPortWatch } from './wrong-port.ts';

const SIGNALS: readonly OtlpSignal[] = ['traces', 'logs', 'metrics'];
const CONTENT_TYPES: Record<Encoding, string> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};
const TOO_LONG = `the body is larger than ${BODY_LIMIT_BYTES} bytes: send smaller batches`;
const HEADERS_LIMIT_MS = 10_000;
/** How often connections are looked at that take longer. */
const CHECK_EVERY_MS = 2000;

const answerClientError = clientErrorHandler({
  contentType: 'application/json',
  body: (status, message) => ({
    code: status === 408 ? GRPC_STATUS.DEADLINE_EXCEEDED : GRPC_STATUS.INVALID_ARGUMENT,
    message,
  }),
});

export interface HttpIntakeOptions {
  readonly intake: Intake;
  readonly access: Pick<Access, 'isAllowed' | 'isOwnHost'>;
  readonly log: (line: string) => void;
}

/** The HTTP server of the intake, not yet listening. */
export function makeHttpIntake(options: HttpIntakeOptions): FastifyInstance {
  const watchPort = httpPortWatch(options.log);
  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: BODY_LIMIT_MS,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    logger: false,
    http: { connectionsCheckingInterval: CHECK_EVERY_MS },
    clientErrorHandler: (error, socket) => {
      watchPort(error);
      answerClientError(error, socket);
    },
  });
  // A sender that dribbles its headers or its body holds one of these, and only so long.
  app.server.headersTimeout = HEADERS_LIMIT_MS;
  app.server.maxConnections = connectionsOfPort();

  app.removeAllContentTypeParsers();
  const shares = new WeakMap<FastifyRequest, BodyShare>();
  const shareOf = (request: FastifyRequest): BodyShare => {
    const share = shares.get(request) ?? options.intake.bodies.share();
    shares.set(request, share);
    return share;
  };
  app.addContentTypeParser(
    Object.values(CONTENT_TYPES),
    async (request: FastifyRequest, payload: Readable) => {
      if (Number(request.headers['content-length']) > BODY_LIMIT_BYTES) throw new BodyTooLongError(TOO_LONG);
      return readBody(payload, shareOf(request));
    },
  );
  // Also where the sender has gone before it was answered.
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.once('close', () => shares.get(request)?.end());
  });

  app.addHook('onRequest', async (request, reply) => {
    // A page of another site that was led here by name could send records as any program on this machine.
    if (!options.access.isOwnHost(request.headers.host))
      return refuse(
        request,
        reply,
        421,
        GRPC_STATUS.PERMISSION_DENIED,
        `this server is not ${request.headers.host ?? ''}: send to the address that it printed`,
      );
    if (!options.access.isAllowed(request.headers.authorization))
      return refuse(
        request,
        reply,
        401,
        GRPC_STATUS.UNAUTHENTICATED,
        'a token is needed: Authorization: Bearer …',
      );
    return undefined;
  });

  for (const signal of SIGNALS) {
    app.post(`/v1/${signal}`, async (request, reply) => {
      const encoding = encodingOf(request);
      const body = await plainBody(request, shareOf(request));
      const answer = await options.intake.accept(signal, encoding, body);
      return reply.type(CONTENT_TYPES[encoding]).send(Buffer.from(encodeAnswer(signal, encoding, answer)));
    });
    app.route({
      method: ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'],
      url: `/v1/${signal}`,
      handler: (request, reply) =>
        refuse(
          request,
          reply.header('allow', 'POST'),
          405,
          GRPC_STATUS.UNIMPLEMENTED,
          `send records with POST /v1/${signal}`,
        ),
    });
  }

  app.setNotFoundHandler((request, reply) =>
    refuse(
      request,
      reply,
      404,
      GRPC_STATUS.NOT_FOUND,
      `there is nothing at ${request.url}: this is the OTLP endpoint of tallyspan, with /v1/traces, /v1/logs and /v1/metrics. The page is on another port.`,
    ),
  );
  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal.isOurs) options.log(`intake: ${messageOf(error)}`);
    if (refusal.http === 503) reply.header('retry-after', '1');
    // A body that was not read to its end leaves the connection unusable.
    if (refusal.http >= 400 && request.body === undefined) reply.header('connection', 'close');
    return refuse(request, reply, refusal.http, refusal.code, refusal.message);
  });
  return app;
}

function encodingOf(request: FastifyRequest): Encoding {
  return /json/i.test(request.headers['content-type'] ?? '') ? 'json' : 'protobuf';
}

/** The body, decompressed. */
async function plainBody(request: FastifyRequest, share: BodyShare): Promise<Uint8Array> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const coding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (coding === 'identity' || coding === 'none') return body;
  if (coding !== 'gzip')
    throw new RefusedError(415, `the content encoding ${coding} is not supported: use gzip`);
  return unpackBody(body, coding, share);
}

class RefusedError extends Error {
  readonly http: number;

  constructor(http: number, message: string) {
    super(message);
    this.http = http;
  }
}

function refusalOf(error: unknown): { http: number; code: number; message: string; isOurs: boolean } {
  if (error instanceof MalformedBodyError)
    return { http: 400, code: GRPC_STATUS.INVALID_ARGUMENT, message: error.message, isOurs: false };
  if (error instanceof OversizedBodyError)
    return { http: 413, code: GRPC_STATUS.INVALID_ARGUMENT, message: error.message, isOurs: false };
  if (error instanceof RefusedError)
    return { http: error.http, code: GRPC_STATUS.INVALID_ARGUMENT, message: error.message, isOurs: false };
  if (error instanceof BodyTooLongError)
    return { http: 413, code: GRPC_STATUS.INVALID_ARGUMENT, message: error.message, isOurs: false };
  if (error instanceof BodyTooSlowError)
    return { http: 408, code: GRPC_STATUS.DEADLINE_EXCEEDED, message: error.message, isOurs: false };
  if (error instanceof StoreBusyError || error instanceof BodiesBusyError)
    return { http: 503, code: GRPC_STATUS.UNAVAILABLE, message: error.message, isOurs: false };
  const statusCode = (error as { statusCode?: number }).statusCode ?? 500;
  if (statusCode === 413)
    return {
      http: 413,
      code: GRPC_STATUS.INVALID_ARGUMENT,
      message: TOO_LONG,
      isOurs: false,
    };
  if (statusCode === 415)
    return {
      http: 415,
      code: GRPC_STATUS.INVALID_ARGUMENT,
      message: `the content type is not supported: use ${Object.values(CONTENT_TYPES).join(' or ')}`,
      isOurs: false,
    };
  if (statusCode >= 400 && statusCode < 500)
    return { http: statusCode, code: GRPC_STATUS.INVALID_ARGUMENT, message: messageOf(error), isOurs: false };
  return {
    http: 503,
    code: GRPC_STATUS.UNAVAILABLE,
    message: notStoredText(error),
    isOurs: true,
  };
}

function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  http: number,
  code: number,
  message: string,
): FastifyReply {
  // Whoever asks for a path that is not OTLP, or with a browser, reads JSON.
  const isProtobuf = /protobuf/i.test(request.headers['content-type'] ?? '');
  const encoding = isProtobuf ? 'protobuf' : 'json';
  return reply
    .code(http)
    .type(CONTENT_TYPES[encoding])
    .send(Buffer.from(encodeStatus(encoding, code, message)));
}

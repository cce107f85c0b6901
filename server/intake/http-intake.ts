// OTLP over HTTP: protobuf and JSON, plain or gzip. A bad request costs only its sender: bodies are
// limited as sent and as decompressed, and every refusal says why in the encoding of the request.

import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Access } from '../process/access.ts';
import { messageOf } from '../process/server-error.ts';
import { notStoredText } from '../store/file/disk-fault.ts';
import { StoreBusyError } from '../store/write/write-queue.ts';
import { BODY_LIMIT_BYTES, type Encoding, type Intake, type OtlpSignal } from './intake.ts';
import { encodeAnswer, encodeStatus } from './otlp-answer.ts';
import { MalformedBodyError } from './otlp-model.ts';
import { OversizedBodyError } from './request-limits.ts';

const SIGNALS: readonly OtlpSignal[] = ['traces', 'logs', 'metrics'];
const CONTENT_TYPES: Record<Encoding, string> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};
const gunzipBody = promisify(gunzip);
const HEADERS_LIMIT_MS = 10_000;
const REQUEST_LIMIT_MS = 30_000;
/** How often connections are looked at that take longer. */
const CHECK_EVERY_MS = 2000;

export interface HttpIntakeOptions {
  readonly intake: Intake;
  readonly access: Pick<Access, 'isAllowed' | 'isOwnHost'>;
  readonly log: (line: string) => void;
}

/** The HTTP server of the intake, not yet listening. */
export function makeHttpIntake(options: HttpIntakeOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_LIMIT_MS,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    logger: false,
    http: { connectionsCheckingInterval: CHECK_EVERY_MS },
  });
  // A sender that dribbles its headers or its body holds one of these, and only so long.
  app.server.headersTimeout = HEADERS_LIMIT_MS;
  app.server.maxConnections = 1000;

  app.removeAllContentTypeParsers();
  app.addContentTypeParser(Object.values(CONTENT_TYPES), { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );

  app.addHook('onRequest', async (request, reply) => {
    // A page of another site that was led here by name could send records as any program on this machine.
    if (!options.access.isOwnHost(request.headers.host))
      return refuse(
        request,
        reply,
        421,
        status.PERMISSION_DENIED,
        `this server is not ${request.headers.host ?? ''}: send to the address that it printed`,
      );
    if (!options.access.isAllowed(request.headers.authorization))
      return refuse(
        request,
        reply,
        401,
        status.UNAUTHENTICATED,
        'a token is needed: Authorization: Bearer …',
      );
    return undefined;
  });

  for (const signal of SIGNALS) {
    app.post(`/v1/${signal}`, async (request, reply) => {
      const encoding = encodingOf(request);
      const body = await plainBody(request);
      const answer = await options.intake.accept(signal, encoding, body);
      return reply.type(CONTENT_TYPES[encoding]).send(Buffer.from(encodeAnswer(signal, encoding, answer)));
    });
    app.route({
      method: ['GET', 'PUT', 'DELETE', 'PATCH'],
      url: `/v1/${signal}`,
      handler: (request, reply) =>
        refuse(
          request,
          reply.header('allow', 'POST'),
          405,
          status.UNIMPLEMENTED,
          `send records with POST /v1/${signal}`,
        ),
    });
  }

  app.setNotFoundHandler((request, reply) =>
    refuse(
      request,
      reply,
      404,
      status.NOT_FOUND,
      `there is nothing at ${request.url}: this is the OTLP endpoint of tallyspan, with /v1/traces, /v1/logs and /v1/metrics. The page is on another port.`,
    ),
  );
  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal.isOurs) options.log(`intake: ${messageOf(error)}`);
    if (refusal.http === 503) reply.header('retry-after', '1');
    // A body that was not read to its end leaves the connection unusable.
    if (refusal.http === 413 && request.body === undefined) reply.header('connection', 'close');
    return refuse(request, reply, refusal.http, refusal.code, refusal.message);
  });
  return app;
}

function encodingOf(request: FastifyRequest): Encoding {
  return (request.headers['content-type'] ?? '').includes('json') ? 'json' : 'protobuf';
}

/** The body, decompressed. */
async function plainBody(request: FastifyRequest): Promise<Uint8Array> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const coding = request.headers['content-encoding'] ?? 'identity';
  if (coding === 'identity' || coding === 'none') return body;
  if (coding !== 'gzip')
    throw new RefusedError(415, `the content encoding ${coding} is not supported: use gzip`);
  try {
    return await gunzipBody(body, { maxOutputLength: BODY_LIMIT_BYTES });
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE')
      throw new RefusedError(413, `the body is larger than ${BODY_LIMIT_BYTES} bytes when decompressed`);
    throw new MalformedBodyError(`the body is not gzip: ${messageOf(error)}`);
  }
}

class RefusedError extends Error {
  readonly http: number;

  constructor(http: number, message: string) {
    super(message);
    this.http = http;
  }
}

function refusalOf(error: unknown): { http: number; code: status; message: string; isOurs: boolean } {
  if (error instanceof MalformedBodyError)
    return { http: 400, code: status.INVALID_ARGUMENT, message: error.message, isOurs: false };
  if (error instanceof OversizedBodyError)
    return { http: 413, code: status.INVALID_ARGUMENT, message: error.message, isOurs: false };
  if (error instanceof RefusedError)
    return { http: error.http, code: status.INVALID_ARGUMENT, message: error.message, isOurs: false };
  if (error instanceof StoreBusyError)
    return { http: 503, code: status.UNAVAILABLE, message: error.message, isOurs: false };
  const statusCode = (error as { statusCode?: number }).statusCode ?? 500;
  if (statusCode === 413)
    return {
      http: 413,
      code: status.INVALID_ARGUMENT,
      message: `the body is larger than ${BODY_LIMIT_BYTES} bytes: send smaller batches`,
      isOurs: false,
    };
  if (statusCode === 415)
    return {
      http: 415,
      code: status.INVALID_ARGUMENT,
      message: `the content type is not supported: use ${Object.values(CONTENT_TYPES).join(' or ')}`,
      isOurs: false,
    };
  if (statusCode >= 400 && statusCode < 500)
    return { http: statusCode, code: status.INVALID_ARGUMENT, message: messageOf(error), isOurs: false };
  return {
    http: 503,
    code: status.UNAVAILABLE,
    message: notStoredText(error),
    isOurs: true,
  };
}

function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  http: number,
  code: status,
  message: string,
): FastifyReply {
  // Whoever asks for a path that is not OTLP, or with a browser, reads JSON.
  const isProtobuf = (request.headers['content-type'] ?? '').includes('protobuf');
  const encoding = isProtobuf ? 'protobuf' : 'json';
  return reply
    .code(http)
    .type(CONTENT_TYPES[encoding])
    .send(Buffer.from(encodeStatus(encoding, code, message)));
}

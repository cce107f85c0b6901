// OTLP over gRPC. Bodies are passed on as bytes, because a decoder that throws inside the library
// would answer INTERNAL, which senders read as our fault, and not INVALID_ARGUMENT.

import {
  Metadata,
  Server,
  ServerCredentials,
  logVerbosity,
  setLogVerbosity,
  status,
  type ServiceDefinition,
  type UntypedHandleCall,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { UNDER_WAY_LIMIT_MS } from '../process/graceful-close.ts';
import { messageOf } from '../process/server-error.ts';
import { notStoredText } from '../store/file/disk-fault.ts';
import { StoreBusyError } from '../store/write/write-queue.ts';
import { BODY_LIMIT_BYTES, type Intake, type OtlpSignal } from './intake.ts';
import { encodeAnswer } from './otlp-answer.ts';
import { MalformedBodyError } from './otlp-model.ts';
import { OversizedBodyError } from './request-limits.ts';

const SERVICES: readonly (readonly [OtlpSignal, string])[] = [
  ['traces', 'opentelemetry.proto.collector.trace.v1.TraceService'],
  ['logs', 'opentelemetry.proto.collector.logs.v1.LogsService'],
  ['metrics', 'opentelemetry.proto.collector.metrics.v1.MetricsService'],
];

/**
 * What a sender may have under way before it has to wait for word that we have read it. With HTTP/2's 64 KB it waits a
 * dozen times for a request of 500 events, each time until this process is done with what it has.
 */
const WINDOW_BYTES = 1024 * 1024;
/** Node's word of each new request of an HTTP/2 server: the library has no option for windows. */
const STREAM_CREATED = 'http2.server.stream.created';

export interface GrpcIntake {
  readonly port: number;
  close(): Promise<void>;
}

export interface GrpcIntakeOptions {
  readonly intake: Intake;
  readonly host: string;
  readonly port: number;
  /** Bearer token that senders must bring; none on loopback. */
  readonly isAllowed: (authorization: string | undefined) => boolean;
  readonly log: (line: string) => void;
}

/** Listens; rejects when the port is taken. */
export async function listenGrpc(options: GrpcIntakeOptions): Promise<GrpcIntake> {
  // Faults come as errors to us; the library would print them on stderr besides.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    'grpc.max_receive_message_length': BODY_LIMIT_BYTES,
    'grpc.max_concurrent_streams': 100,
    'grpc.keepalive_time_ms': 60_000,
  });
  for (const [signal, name] of SERVICES) {
    const definition: ServiceDefinition = {
      Export: {
        path: `/${name}/Export`,
        requestStream: false,
        responseStream: false,
        requestSerialize: (body: Buffer) => body,
        requestDeserialize: (body: Buffer) => body,
        responseSerialize: (body: Uint8Array) => Buffer.from(body),
        responseDeserialize: (body: Buffer) => body,
      },
    };
    const handle = (call: ServerUnaryCall<Buffer, Uint8Array>, answer: sendUnaryData<Uint8Array>): void => {
      const authorization = call.metadata.get('authorization')[0]?.toString();
      if (!options.isAllowed(authorization)) {
        answer({ code: status.UNAUTHENTICATED, details: 'a bearer token is needed: authorization=Bearer …' });
        return;
      }
      options.intake.accept(signal, 'protobuf', call.request).then(
        (accepted) => answer(null, encodeAnswer(signal, 'protobuf', accepted)),
        (error: unknown) => {
          const refusal = refusalOf(error);
          if (refusal.isOurs) options.log(`intake: ${messageOf(error)}`);
          answer({ code: refusal.code, details: refusal.details, metadata: new Metadata() });
        },
      );
    };
    server.addService(definition, { Export: handle as UntypedHandleCall });
  }
  const address = `${options.host.includes(':') ? `[${options.host}]` : options.host}:${options.port}`;
  const port = await new Promise<number>((bound, failed) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, boundPort) => {
      if (error === null) bound(boundPort);
      else failed(error);
    });
  });
  const stopWidening = widenWindows(port);
  return {
    port,
    close: () =>
      new Promise((closed) => {
        stopWidening();
        // Calls under way may finish; a sender that keeps its connection does not hold us up.
        const timer = setTimeout(() => server.forceShutdown(), UNDER_WAY_LIMIT_MS);
        server.tryShutdown(() => {
          clearTimeout(timer);
          closed();
        });
      }),
  };
}

/** Gives the senders of a port room from their first request on; the answer ends that. */
function widenWindows(port: number): () => void {
  const widened = new WeakSet<ServerHttp2Session>();
  const widen = (message: unknown): void => {
    const { session } = (message as { readonly stream: ServerHttp2Stream }).stream;
    if (
      session === undefined ||
      session.socket.localPort !== port ||
      widened.has(session as ServerHttp2Session)
    )
      return;
    widened.add(session as ServerHttp2Session);
    session.settings({ initialWindowSize: WINDOW_BYTES });
    session.setLocalWindowSize(WINDOW_BYTES);
  };
  subscribe(STREAM_CREATED, widen);
  return () => unsubscribe(STREAM_CREATED, widen);
}

function refusalOf(error: unknown): { code: status; details: string; isOurs: boolean } {
  if (error instanceof MalformedBodyError || error instanceof OversizedBodyError)
    return { code: status.INVALID_ARGUMENT, details: error.message, isOurs: false };
  if (error instanceof StoreBusyError)
    return { code: status.UNAVAILABLE, details: error.message, isOurs: false };
  return { code: status.UNAVAILABLE, details: notStoredText(error), isOurs: true };
}

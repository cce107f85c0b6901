// Sends OTLP over gRPC as bytes.

import { Client, credentials, type ServiceError } from '@grpc/grpc-js';

export const LOGS_EXPORT = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';

export const TRACES_EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

export function openGrpc(address: string): Client {
  return new Client(address, credentials.createInsecure(), { 'grpc.max_send_message_length': -1 });
}

/** Resolves with whether the logs, or what else goes by the method, were accepted. */
export function sendGrpc(client: Client, body: Buffer, method: string = LOGS_EXPORT): Promise<boolean> {
  return new Promise((done) => {
    client.makeUnaryRequest(
      method,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      body,
      (error: ServiceError | null) => done(error === null),
    );
  });
}

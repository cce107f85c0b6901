// The transport of a signal, by the protocol that the settings name.

import type { SignalKind, Transport } from './otlp.ts';
import type { Protocol } from '../process/standard-settings.ts';
import { createGrpcTransport } from './transport-grpc.ts';
import { createHttpTransport } from './transport-http.ts';

/** Transport for one signal, set up from the standard `OTEL_EXPORTER_OTLP_*` variables. */
export function createTransport(kind: SignalKind, protocol: Protocol): Transport {
  return protocol === 'grpc' ? createGrpcTransport(kind) : createHttpTransport(kind);
}

// The gRPC endpoint of a signal, from the standard OTEL_EXPORTER_OTLP_* variables: address, headers, TLS.

import { parseKeyPairsIntoRecord } from '@opentelemetry/core';
import { readFileSync } from 'node:fs';
import type { SecureClientSessionOptions } from 'node:http2';

export interface GrpcEndpoint {
  /** With scheme, for the connection. */
  readonly url: string;
  /** Host and port, for people. */
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: SecureClientSessionOptions;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** By number: the name localhost may stand for an IPv6 address that nobody listens on. */
const DEFAULT_URL = 'http://127.0.0.1:4317';

export function readGrpcEndpoint(signal: 'TRACES' | 'LOGS', environment: Environment): GrpcEndpoint {
  /** The signal's own variable wins over the common one. */
  const read = (name: string): string | undefined => {
    const own = environment[`OTEL_EXPORTER_OTLP_${signal}_${name}`]?.trim();
    const common = environment[`OTEL_EXPORTER_OTLP_${name}`]?.trim();
    return [own, common].find((value) => value !== undefined && value !== '');
  };
  const given = read('ENDPOINT') ?? DEFAULT_URL;
  const isInsecure = read('INSECURE')?.toLowerCase() === 'true';
  const url = new URL(/^\w+:\/\//.test(given) ? given : `${isInsecure ? 'http' : 'https'}://${given}`);
  return {
    url: url.origin,
    host: url.host,
    headers: {
      ...parseKeyPairsIntoRecord(environment['OTEL_EXPORTER_OTLP_HEADERS']),
      ...parseKeyPairsIntoRecord(environment[`OTEL_EXPORTER_OTLP_${signal}_HEADERS`]),
    },
    tls:
      url.protocol === 'https:'
        ? fileOptions({ ca: read('CERTIFICATE'), cert: read('CLIENT_CERTIFICATE'), key: read('CLIENT_KEY') })
        : {},
  };
}

function fileOptions(
  paths: Readonly<Record<'ca' | 'cert' | 'key', string | undefined>>,
): SecureClientSessionOptions {
  const entries = Object.entries(paths).flatMap(([name, path]) =>
    path === undefined ? [] : [[name, readFileSync(path)] as const],
  );
  return Object.fromEntries(entries);
}

// OTLP: the two signals that we send, and how one request went.

export type SignalKind = 'traces' | 'logs';

export type SendResult =
  | { readonly status: 'sent'; readonly answer: Uint8Array }
  /** Worth another try: the endpoint is away or busy. */
  | { readonly status: 'retry'; readonly reason: string; readonly afterMs?: number }
  /** The endpoint will never take it. */
  | { readonly status: 'refused'; readonly reason: string };

/**
 * A transport carries one encoded request to the endpoint and says how it went. It sends bytes, so that
 * batches of this process and batches from the spool go the same way, and it can be cut off at once.
 */
export interface Transport {
  /** Where it sends, for people: `127.0.0.1:4317`. */
  readonly endpoint: string;
  send(body: Uint8Array): Promise<SendResult>;
  /** Cuts off what is on its way (those sends give `retry`) and closes the connections. */
  close(): void;
}

/** Whether the environment names an endpoint for the signal. */
export function hasEndpoint(signal: 'TRACES' | 'LOGS'): boolean {
  const names = ['OTEL_EXPORTER_OTLP_ENDPOINT', `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`];
  return names.some((name) => (process.env[name]?.trim() ?? '') !== '');
}

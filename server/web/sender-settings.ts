// Sender settings: what an agent has to be told to send here, as variables of a shell command.

const DEFAULT_ENDPOINT = /^(127\.0\.0\.1|localhost):4317$/;
const EVERY_ADDRESS = /^(0\.0\.0\.0|\[::\]):/;

export interface SenderSettings {
  /** Where OTLP over gRPC goes, host:port. */
  readonly address: string;
  /** Variables before a command, each with a blank behind it; empty where the defaults do. */
  readonly variables: string;
}

/** `grpcAddress` is where the server listens, `host` the name by which the reader has reached it. */
export function senderSettings(
  grpcAddress: string | undefined,
  host: string | undefined,
  needsToken: boolean,
): SenderSettings {
  const listening = grpcAddress ?? '127.0.0.1:4317';
  const name = (host ?? '127.0.0.1').replace(/:\d+$/, '');
  const address = listening.replace(EVERY_ADDRESS, `${name}:`);
  const variables = [
    ...(DEFAULT_ENDPOINT.test(address) ? [] : [`OTEL_EXPORTER_OTLP_ENDPOINT=http://${address}`]),
    ...(needsToken ? ['OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20$TALLYSPAN_TOKEN"'] : []),
  ];
  return { address, variables: variables.map((variable) => `${variable} `).join('') };
}

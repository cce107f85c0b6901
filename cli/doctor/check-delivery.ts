// Whether what the preload sends would arrive: its own program sends each endpoint an empty request and says how that
// went, and which settings it does not know.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CliError } from '../terminal/cli-error.ts';
import type { DoctorFinding } from './finding.ts';
import { plugAndPlayFlags } from './plug-and-play.ts';

type Signal = 'logs' | 'traces';

/** What the program prints. */
export interface DeliveryAnswer {
  readonly isDisabled: boolean;
  readonly problems: readonly string[];
  readonly protocol: string;
  readonly deliveries: readonly {
    readonly signal: Signal;
    readonly endpoint: string | null;
    readonly status: 'sent' | 'retry' | 'refused';
    readonly reason: string | null;
  }[];
}

const CARGO: Readonly<Record<Signal, string>> = { logs: 'events', traces: 'spans' };
const ADVICE: readonly (readonly [reason: RegExp, advice: (protocol: string) => string])[] = [
  [
    /protocol error|parse error|where gRPC was expected/i,
    (protocol) =>
      `It does not speak ${protocol}: set OTEL_EXPORTER_OTLP_PROTOCOL=${protocol === 'grpc' ? 'http/protobuf' : 'grpc'}, or name the port for ${protocol}.`,
  ],
  [
    /HTTP 40[13]|token|unauthenticated|permission denied/i,
    () => 'Give the token: OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20TOKEN".',
  ],
  [
    /HTTP 404/,
    () =>
      'Check the path: /v1/logs and /v1/traces are added to OTEL_EXPORTER_OTLP_ENDPOINT, and to no other.',
  ],
  [
    /certificate|self-signed/i,
    () => 'Name the certificate of its authority with OTEL_EXPORTER_OTLP_CERTIFICATE.',
  ],
  [/invalid url/i, () => 'Write it like http://127.0.0.1:4317.'],
  [
    /wrong version number|EPROTO/i,
    () => 'It does not speak TLS there: begin OTEL_EXPORTER_OTLP_ENDPOINT with http://.',
  ],
  [
    /HTTP \d/,
    () =>
      'Something else answers there: name the port of OTLP (4317 for gRPC, 4318 for HTTP) in OTEL_EXPORTER_OTLP_ENDPOINT, and no proxy.',
  ],
];
const OTHER_ADVICE = 'Start `tallyspan up`, or set OTEL_EXPORTER_OTLP_ENDPOINT.';

/** Runs the program with the environment of the agent. */
export async function askDelivery(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<DeliveryAnswer> {
  const program = fileURLToPath(import.meta.resolve('@tallyspan/node/check-delivery'));
  const { NODE_OPTIONS: _options, ...rest } = env;
  const answer = promisify(execFile)(process.execPath, [...plugAndPlayFlags(), program], {
    env: rest,
    signal,
  });
  const { stdout } = await answer.catch((error: Error & { readonly stderr?: string }) => {
    signal.throwIfAborted();
    const reason = /^.*Error: .*$/m.exec(error.stderr ?? '')?.[0] ?? error.message.split('\n')[0] ?? '';
    throw new CliError(`whether events arrive could not be asked: ${reason}`);
  });
  return JSON.parse(stdout) as DeliveryAnswer;
}

/** What the answer of the program means. */
export function judgeDelivery({
  isDisabled,
  problems,
  protocol,
  deliveries,
}: DeliveryAnswer): DoctorFinding[] {
  const settings = problems.map((problem): DoctorFinding => ({
    check: 'settings',
    verdict: 'warn',
    what: problem,
  }));
  if (isDisabled) {
    const what = 'OTEL_SDK_DISABLED=true: nothing is observed and nothing sent';
    return [...settings, { check: 'delivery', verdict: 'fail', what, advice: 'Unset it.' }];
  }
  return [
    ...settings,
    ...deliveries.map(({ signal, endpoint, status, reason }): DoctorFinding => {
      const to = `${endpoint ?? 'the endpoint'} (${protocol})`;
      if (status === 'sent')
        return { check: 'delivery', verdict: 'ok', what: `${CARGO[signal]} arrive at ${to}` };
      const why = causeOf(reason ?? '');
      const [, advice] = ADVICE.find(([pattern]) => pattern.test(why)) ?? [];
      return {
        check: 'delivery',
        verdict: 'fail',
        what: `${CARGO[signal]} do not arrive at ${to}: ${why}`,
        advice: advice?.(protocol) ?? OTHER_ADVICE,
      };
    }),
  ];
}

/** Node wraps what is wrong with a connection, and OpenSSL says where in its source. */
function causeOf(reason: string): string {
  const cause = /\(caused by: (.+?)\)?$/.exec(reason)?.[1] ?? reason;
  return /wrong version number/.test(cause) ? 'the answer is not TLS (wrong version number)' : cause;
}

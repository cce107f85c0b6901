// Whether the server of the page is the one that gets the events, understood what it was sent, and whether the clocks of its
// senders are right.

import { formatCountOf } from '../../core/text/format.ts';
import { authorizationOf } from '../../server/asked-server.ts';
import type { DoctorFinding } from './finding.ts';

/** What of `/api/meta` is looked at. */
interface Meta {
  /** Host and port. */
  readonly otlp_grpc?: string;
  readonly otlp_http?: string;
  readonly future_events?: number;
  readonly not_understood?: readonly {
    readonly kind: string;
    readonly service: string;
    readonly scope: string;
    readonly name: string;
    readonly count: number;
    readonly advice: string;
  }[];
}

const PATIENCE_MS = 2000;
const MOST_ROWS = 5;

/** The server of the page, and where events go. */
export interface PageServer {
  readonly url: string;
  /** Whether somebody named it: TALLYSPAN_URL. */
  readonly isNamed: boolean;
  readonly token: string | undefined;
  /** Host and port that took events; none where they do not arrive. */
  readonly sentTo?: string | null | undefined;
}

/** Nothing where no server answers that nobody named: whether one should is another question. */
export async function checkReceived(
  { url, isNamed, token, sentTo }: PageServer,
  signal: AbortSignal,
): Promise<DoctorFinding[]> {
  let meta: Meta;
  try {
    const answer = await fetch(`${url.replace(/\/+$/, '')}/api/meta`, {
      headers: authorizationOf(token),
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    });
    if (!answer.ok) return isNamed ? [noPage(url, `answers with ${answer.status}`, answer.status)] : [];
    meta = (await answer.json()) as Meta;
  } catch (error) {
    if (!isNamed) return [];
    const why = error instanceof SyntaxError ? 'is another program' : 'does not answer';
    return [noPage(url, why)];
  }
  return [...judgeTarget(meta, url, sentTo), ...judgeReceived(meta, url)];
}

function noPage(url: string, why: string, status?: number): DoctorFinding {
  return {
    check: 'page',
    verdict: 'warn',
    what: `TALLYSPAN_URL is ${url}, which ${why}: commands and links in notices use it`,
    advice:
      status === 401
        ? 'Set TALLYSPAN_TOKEN to the token of the server.'
        : 'Set it to the address of the page, such as http://127.0.0.1:4319.',
  };
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]):(\d+)$/;

/** Of a server of this machine it is known where it takes events; behind another address a proxy or a Collector may be. */
export function judgeTarget(
  { otlp_grpc: grpc, otlp_http: http }: Meta,
  url: string,
  sentTo: string | null | undefined,
): DoctorFinding[] {
  const [, port] = LOOPBACK.exec(sentTo ?? '') ?? [];
  const own = [grpc, http].flatMap((one) => LOOPBACK.exec(one ?? '')?.[1] ?? []);
  if (port === undefined || own.length < 2 || own.includes(port)) return [];
  return [
    {
      check: 'page',
      verdict: 'warn',
      what: `events go to ${sentTo ?? ''}, and the server of ${url} takes them at ${grpc ?? ''} and ${http ?? ''}: they are on its page only where the first hands them on`,
      advice:
        'Set OTEL_EXPORTER_OTLP_ENDPOINT to that server, or TALLYSPAN_URL to the one that gets the events.',
    },
  ];
}

export function judgeReceived(meta: Meta, url: string): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const rows = meta.not_understood ?? [];
  if (rows.length > 0)
    findings.push({
      check: 'received',
      verdict: 'warn',
      what: `the server at ${url} did not understand ${formatCountOf(sum(rows), 'thing')} that it was sent`,
      details: rows
        .slice(0, MOST_ROWS)
        .map(
          ({ kind, service, scope, name, count }) =>
            `${count} × ${[kind, name, scope && `of ${scope}`, service && `from ${service}`].filter(Boolean).join(' ')}`,
        ),
      advice: `${[...new Set(rows.map(({ advice }) => advice))].join(' ')} All of it: ${url}/received`,
    });
  const future = meta.future_events ?? 0;
  if (future > 0)
    findings.push({
      check: 'clock',
      verdict: 'warn',
      what: `${formatCountOf(future, 'event')} of the server at ${url} ${future === 1 ? 'is' : 'are'} from the future`,
      advice: `Set the clock of the machine that sent ${future === 1 ? 'it' : 'them'}: ${url}/received names it.`,
    });
  return findings;
}

function sum(rows: readonly { readonly count: number }[]): number {
  return rows.reduce((total, { count }) => total + count, 0);
}

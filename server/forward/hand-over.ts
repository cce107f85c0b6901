// Sending to an OTLP endpoint over HTTP. What is taken later waits: no answer, too much at once, a server that is down, and
// an address or a token that somebody has to mend. What is refused for good costs only itself: a request that is refused
// as bad or too large is sent again in halves.

import { gzip } from 'node:zlib';
import { promisify } from 'node:util';
import type { EventRecord } from '../../core/event.ts';
import { MINUTE_MS } from '../../core/time/time.ts';
import { toOtlpLogs } from '../../core/otlp/otlp-log.ts';
import { retryAfterMs } from '../../core/otlp/retry-after.ts';
import { messageOf } from '../process/server-error.ts';

export interface Recipient {
  /** OTLP over HTTP; `/v1/logs` is added. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

const compress = promisify(gzip);
/** Repeated names are most of it: the fastest level leaves about a tenth. The same bytes each time. */
const COMPRESSION = { level: 1 } as const;

/** Attribute of the resource that marks what was made by a server and not by the sender. */
export const FORWARDED_MARK = 'tallyspan.forwarded';
const REQUEST_MS = 30_000;
/** Whoever asks for more is asked again all the same. */
const LONGEST_DELAY_MS = 10 * MINUTE_MS;
/** Statuses after which the same request may be taken later: as OTLP says, and what is a matter of settings. */
const RETRIED: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 408, 425, 429]);
/** Requests that one refused as bad may become: where all of it is refused, each event by itself would be too many. */
const MOST_HALVES = 64;

/** The events should be sent again, not before so many milliseconds where the other side says when. */
export class SendLater extends Error {
  readonly afterMs: number;

  constructor(message: string, afterMs: number) {
    super(message);
    this.afterMs = afterMs;
  }
}

/** How many of the events the other side refused for good. @throws Error when they should be sent again */
export async function handOver(to: Recipient, events: readonly EventRecord[]): Promise<number> {
  const refusals: string[] = [];
  const open = [events];
  let refused = 0;
  for (let requests = 1; ; requests++) {
    const part = open.pop();
    if (part === undefined) break;
    const answer = await post(to, part);
    if (answer.isTaken) {
      refused += answer.rejected;
      if (answer.rejected > 0) refusals.push(answer.text);
    } else if (part.length > 1 && (answer.isTooLarge || requests + open.length < MOST_HALVES)) {
      const half = Math.ceil(part.length / 2);
      open.push(part.slice(half), part.slice(0, half));
    } else {
      refused += part.length;
      refusals.push(answer.text);
    }
  }
  if (refused > 0) to.log(`${refused} events were refused by ${plainAddress(to.url)}: ${refusals[0] ?? ''}`);
  return refused;
}

interface Answer {
  readonly isTaken: boolean;
  readonly isTooLarge?: boolean;
  readonly rejected: number;
  readonly text: string;
}

async function post(to: Recipient, events: readonly EventRecord[]): Promise<Answer> {
  const request = toOtlpLogs(events) as { resourceLogs: Resource[] };
  for (const { resource } of request.resourceLogs)
    resource.attributes.push({ key: FORWARDED_MARK, value: { boolValue: true } });
  const { address, authorization } = addressOf(to.url);
  const body = await compress(JSON.stringify(request), COMPRESSION);
  let response: Response;
  try {
    response = await fetch(address, {
      method: 'POST',
      headers: {
        ...authorization,
        ...to.headers,
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      },
      body,
      signal: AbortSignal.any([to.signal, AbortSignal.timeout(REQUEST_MS)]),
    });
  } catch (error) {
    throw isGrpcPort(address) ? new Error(`${messageOf(error)}; ${GRPC_HINT}`) : error;
  }
  const text = (await response.text()).slice(0, 10_000);
  const said = `${response.status} ${text.slice(0, 200)}`.trim();
  if (response.ok) return { isTaken: true, ...rejectedIn(text) };
  if (RETRIED.has(response.status) || response.status >= 500)
    throw new SendLater(
      `the answer was ${said}${hintFor(response.status)}`,
      retryAfterMs(response.headers.get('retry-after'), Date.now(), LONGEST_DELAY_MS) ?? 0,
    );
  return { isTaken: false, isTooLarge: response.status === 413, rejected: events.length, text: said };
}

interface Resource {
  readonly resource: { readonly attributes: unknown[] };
}

const GRPC_HINT = '4317 is the port of OTLP over gRPC: give the address of OTLP over HTTP, mostly port 4318';

function hintFor(status: number): string {
  if (status === 401 || status === 403 || status === 407)
    return '; set TALLYSPAN_FORWARD_HEADERS, as in authorization=Bearer%20TOKEN';
  return status === 404 || status === 405 ? '; give the address without /v1/logs' : '';
}

function isGrpcPort(address: string): boolean {
  return new URL(address).port === '4317';
}

/** Where logs are sent; a name and a password in the address become a header, as no request may have them there. */
function addressOf(url: string): {
  readonly address: string;
  readonly authorization: Record<string, string>;
} {
  const address = new URL(`${url.replace(/\/+$/, '')}/v1/logs`);
  const { username, password } = address;
  if (username === '' && password === '') return { address: address.href, authorization: {} };
  address.username = '';
  address.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    address: address.href,
    authorization: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
  };
}

/** The address without a password, for people. */
export function plainAddress(url: string): string {
  const address = new URL(url);
  if (address.username === '' && address.password === '') return url;
  address.username = '';
  address.password = '';
  return address.href.replace(/\/$/, '');
}

function rejectedIn(text: string): { readonly rejected: number; readonly text: string } {
  try {
    const { partialSuccess } = JSON.parse(text) as {
      partialSuccess?: { rejectedLogRecords?: unknown; errorMessage?: unknown };
    };
    const said = partialSuccess?.errorMessage;
    return {
      rejected: Number(partialSuccess?.rejectedLogRecords ?? 0) || 0,
      text: typeof said === 'string' ? said.slice(0, 200) : '',
    };
  } catch {
    return { rejected: 0, text: '' };
  }
}

// One HTTP request that carries a notice: JSON out, a short answer in, and what the answer means.

import { retryAfterMs } from '../../../core/otlp/retry-after.ts';
import { cutText } from '../../../core/text/cut-text.ts';
import { maskSecrets } from '../../process/secrets.ts';
import { DeliveryError } from './channel.ts';

export interface PostRequest {
  readonly service: string;
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Masked in every message. */
  readonly secrets: readonly string[];
  readonly signal: AbortSignal;
}

/** What the service wrote, as far as an error message needs it. */
export interface ReadAnswer {
  /** How many seconds to wait, where the body says it: any value of the service. */
  retryAfterSeconds?(body: string): unknown;
  /** The reason, where the body has one. */
  reason?(body: string): string | undefined;
}

const REQUEST_TIMEOUT_MS = 15_000;
/** A service that asks for more is asked again after this. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;
const ANSWER_LIMIT = 4096;
const REASON_LIMIT = 200;
const HTTP_TOO_MANY = 429;
const HTTP_SERVER_ERROR = 500;
/** Statuses of a refusal that passes: time-out, conflict, too early. */
const PASSING_STATUSES = new Set([408, 409, 425, HTTP_TOO_MANY]);

/** Posts JSON. Resolves on a 2xx answer; throws a {@link DeliveryError} otherwise. */
export async function postJson(request: PostRequest, answer: ReadAnswer = {}): Promise<void> {
  const { service, secrets } = request;
  let response: Response;
  let body = '';
  try {
    response = await fetch(request.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'tallyspan',
        ...request.headers,
      },
      body: request.body,
      // A redirect would carry a token to an address that nobody chose.
      redirect: 'manual',
      signal: AbortSignal.any([request.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    });
    // The service has the notice: what it says besides, and whether that ever ends, does not matter.
    if (response.ok) {
      await response.body?.cancel();
      return;
    }
    body = await readStart(response);
  } catch (error) {
    const reason = maskSecrets(networkReason(error), secrets);
    throw new DeliveryError(`${service} was not reached: ${reason}`, { isPermanent: false });
  }
  const { status } = response;
  const pauseMs = heededMs(answer.retryAfterSeconds?.(body)) ?? heededMs(response.headers.get('retry-after'));
  const said = cutText(
    maskSecrets(answer.reason?.(body) ?? body, secrets).replaceAll(/\s+/g, ' '),
    REASON_LIMIT,
  );
  throw new DeliveryError(`${service} answered ${status}${said === '' ? '' : `: ${said}`}`, {
    isPermanent: status < HTTP_SERVER_ERROR && !PASSING_STATUSES.has(status),
    ...(pauseMs === undefined ? {} : { retryAfterMs: pauseMs }),
  });
}

/** What a service asks for, within bounds: its number may be wrong, or meant to do harm. */
function heededMs(value: unknown): number | undefined {
  return retryAfterMs(value, Date.now(), LONGEST_RETRY_AFTER_MS);
}

/** The value at a path of a JSON text; undefined when there is none. */
export function jsonAt(body: string, ...path: readonly string[]): unknown {
  try {
    let value: unknown = JSON.parse(body);
    for (const key of path) value = (value as Record<string, unknown> | null)?.[key];
    return value;
  } catch {
    return undefined;
  }
}

async function readStart(response: Response): Promise<string> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > ANSWER_LIMIT) break;
  }
  return text.slice(0, ANSWER_LIMIT).trim();
}

interface NetworkError {
  readonly name?: string;
  readonly message?: string;
  readonly cause?: { readonly code?: string; readonly message?: string };
}

/** Codes that nobody outside the HTTP client knows. */
const WORDS: Readonly<Record<string, string>> = {
  UND_ERR_SOCKET: 'it closed the connection without an answer',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
};

/** The code of the operating system where there is one: it holds no address and so no token. */
function networkReason(error: unknown): string {
  const { name, message, cause } = error as NetworkError;
  if (name === 'TimeoutError') return `no answer within ${REQUEST_TIMEOUT_MS / 1000} s`;
  const code = cause?.code;
  return (
    (code === undefined ? undefined : (WORDS[code] ?? code)) ?? cause?.message ?? message ?? 'no reason given'
  );
}

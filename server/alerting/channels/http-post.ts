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
  /**
   * Whether the body of a 2xx answer is the one that the service documents. Anything else is of somebody in between (the
   * page of a proxy, of a network to sign in to, of a parked domain), who brings nothing to anybody. One that was cut off
   * is given the benefit of the doubt: sent again, the notice would be there twice. Without this any body is right.
   */
  isTaken?(body: string): boolean;
}

const REQUEST_TIMEOUT_MS = 15_000;
/** A service that asks for more is asked again after this. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;
/** Telegram repeats the message, with each character that is not ASCII as an escape. */
const ANSWER_LIMIT = 65_536;
const TAKEN_ANSWER_MS = 5000;
const REASON_LIMIT = 200;
const HTTP_TOO_MANY = 429;
const HTTP_SERVER_ERROR = 500;
/** Statuses of a refusal that passes: time-out, conflict, too early. */
const PASSING_STATUSES = new Set([408, 409, 425, HTTP_TOO_MANY]);

/** Posts JSON. Resolves when the service has taken it; throws a {@link DeliveryError} otherwise. */
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
    if (response.ok && answer.isTaken === undefined) {
      // The service has the notice: what it says besides, and whether that ever ends, does not matter.
      await response.body?.cancel();
      return;
    }
    const read = await readStart(response, response.ok ? TAKEN_ANSWER_MS : undefined);
    body = read.text;
    if (response.ok && (answer.isTaken?.(body) === true || (!read.isWhole && !isMarkup(body)))) return;
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
  const what = response.ok ? `${status}, but not as ${service} does` : String(status);
  throw new DeliveryError(`${service} answered ${what}${said === '' ? '' : `: ${said}`}`, {
    isPermanent: !response.ok && status < HTTP_SERVER_ERROR && !PASSING_STATUSES.has(status),
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

interface AnswerStart {
  readonly text: string;
  /** False where it was cut off, or was not there in time. */
  readonly isWhole: boolean;
}

/** @param limitMs after so long, and after a connection that broke, what is there is all; without it both are thrown */
async function readStart(response: Response, limitMs?: number): Promise<AnswerStart> {
  const reader = response.body?.getReader();
  if (reader === undefined) return { text: '', isWhole: true };
  const decoder = new TextDecoder();
  let text = '';
  let isWhole = false;
  const timer = limitMs === undefined ? undefined : setTimeout(() => void cancel(reader), limitMs);
  const endMs = performance.now() + (limitMs ?? Infinity);
  try {
    while (text.length <= ANSWER_LIMIT) {
      const { done, value } = await reader.read();
      if (done) {
        isWhole = performance.now() < endMs;
        break;
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    if (limitMs === undefined) throw error;
  } finally {
    clearTimeout(timer);
    void cancel(reader);
  }
  return { text: text.slice(0, ANSWER_LIMIT).trim(), isWhole };
}

async function cancel(reader: ReadableStreamDefaultReader<unknown>): Promise<void> {
  await reader.cancel().catch(() => undefined);
}

function isMarkup(text: string): boolean {
  return text.startsWith('<');
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

// The client of the Admin API: asks for one page at a time, not faster than allowed, again when it is busy. The key goes to
// the configured host only, with no redirect followed, and into no text.

import { setTimeout } from 'node:timers/promises';
import { maskSecrets } from '../process/secrets.ts';
import { ServerError, messageOf } from '../process/server-error.ts';

export interface AdminApiOptions {
  /** Address of the API, such as https://api.anthropic.com. */
  readonly url: string;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
  /** Least time between requests, in milliseconds. */
  readonly paceMs?: number | undefined;
}

export const ADMIN_API_URL = 'https://api.anthropic.com';

const PACE_MS = 250;
const ATTEMPTS = 6;
const BACKOFF_LIMIT_MS = 60_000;
/** Nothing waits longer for a busy API: what was fetched is stored, and the next time goes on from there. */
const WAIT_LIMIT_MS = 120_000;
const REQUEST_LIMIT_MS = 60_000;
const PAGES_LIMIT = 10_000;
/** Error code of a page that would hold too much: a lower `limit` is asked for (SDK 1.15.0, `BetaReportPageTooLargeError`). */
const PAGE_TOO_LARGE = 'report_page_too_large';

/** A page of any report. */
export interface ReportPage<Row> {
  readonly data: readonly Row[];
  readonly next_page?: string | null;
  readonly has_more?: boolean;
}

/** What came instead of a page: for people, and whether asking again may help. */
interface Refusal {
  readonly fault: string;
  /** 0 without an answer, or where it was no report. */
  readonly status: number;
  readonly isPassing: boolean;
  /** How long the API asks to wait. */
  readonly waitMs?: number | undefined;
  /** What the API calls the error, where it does. */
  readonly code?: string | undefined;
}

/** The API answered, and not with a report. */
export class AdminAnswerError extends ServerError {
  readonly status: number;
  readonly code: string | undefined;

  constructor(text: string, status: number, code?: string) {
    super(text);
    this.status = status;
    this.code = code;
  }
}

export class AdminClient {
  readonly #options: AdminApiOptions;
  readonly #url: URL;
  #nextMs = 0;

  constructor(options: AdminApiOptions) {
    this.#options = options;
    this.#url = adminUrl(options.url);
  }

  /** A report, page by page. `beta` names the version of a report that is not settled yet. @throws ServerError */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names what the report has
  async report<Row>(
    path: string,
    parameters: URLSearchParams,
    beta: string,
  ): Promise<readonly (readonly Row[])[]> {
    const pages: (readonly Row[])[] = [];
    const query = new URLSearchParams(parameters);
    const seen = new Set<string>();
    while (pages.length < PAGES_LIMIT) {
      const answer = (await this.#page(path, query, beta)) as ReportPage<Row>;
      pages.push(answer.data);
      const next = answer.has_more === false ? undefined : answer.next_page;
      if (!next) {
        if (answer.has_more === true)
          throw this.#fault('says that there are more pages, and not which: nothing was taken');
        return pages;
      }
      if (seen.has(next))
        throw this.#fault('names the same page as the next one again and again: nothing was taken');
      seen.add(next);
      query.set('page', next);
    }
    throw new ServerError(
      `the Admin API at ${this.#url.host} answers with ever more pages: nothing was taken`,
    );
  }

  /** The page that the query asks for, or as much of it as the API gives at once: the query then asks for less from there on. */
  async #page(path: string, query: URLSearchParams, beta: string): Promise<ReportPage<unknown>> {
    for (;;) {
      try {
        return await this.#ask(`${path}?${query.toString()}`, beta);
      } catch (error) {
        const half = Math.floor(Number(query.get('limit')) / 2);
        if (!(error instanceof AdminAnswerError) || error.code !== PAGE_TOO_LARGE || half < 1) throw error;
        query.set('limit', String(half));
      }
    }
  }

  async #ask(address: string, beta: string): Promise<ReportPage<unknown>> {
    const { signal, paceMs = PACE_MS } = this.#options;
    for (let attempt = 1; ; attempt++) {
      await pause(this.#nextMs - performance.now(), signal);
      this.#nextMs = performance.now() + paceMs;
      const answer = await this.#askOnce(address, beta);
      if ('data' in answer) return answer;
      const { fault, isPassing, waitMs = backoffMs(attempt, paceMs) } = answer;
      if (!isPassing || attempt >= ATTEMPTS) throw this.#fault(fault, answer.status, answer.code);
      if (waitMs > WAIT_LIMIT_MS)
        throw this.#fault(
          `${fault}. It asks to wait for ${Math.ceil(waitMs / 60_000)} minutes; what was fetched before is kept`,
          answer.status,
        );
      await pause(waitMs, signal);
    }
  }

  async #askOnce(address: string, beta: string): Promise<ReportPage<unknown> | Refusal> {
    const { key, signal } = this.#options;
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(addressOf(this.#url, address), {
        headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01', 'anthropic-beta': beta },
        // Another host would get the key.
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(REQUEST_LIMIT_MS), ...(signal ? [signal] : [])]),
      });
      // A connection may end in the middle of it.
      text = await answer.text();
    } catch (error) {
      signal?.throwIfAborted();
      const { cause } = error as { cause?: { code?: string } };
      return { fault: `does not answer: ${cause?.code ?? messageOf(error)}`, status: 0, isPassing: true };
    }
    const { status } = answer;
    if (answer.ok) return pageOf(text);
    const { message = '', details } = errorOf(text);
    return {
      // Masked before any of it is cut.
      fault: faultText(status, maskSecrets(message, [key])),
      status,
      code: details?.error_code,
      isPassing: status === 429 || status >= 500,
      waitMs: retryAfterMs(answer.headers.get('retry-after')),
    };
  }

  #fault(text: string, status = 0, code?: string): ServerError {
    return new AdminAnswerError(
      maskSecrets(`the Admin API at ${this.#url.host} ${text}`, [this.#options.key]),
      status,
      code,
    );
  }
}

/** Below the path of the configured address: a gateway may have one. */
function addressOf(base: URL, address: string): URL {
  return new URL(`${base.origin}${base.pathname.replace(/\/+$/, '')}${address}`);
}

/** @throws ServerError on an address that is none, or that would send the key unencrypted over a network */
export function adminUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url?.hostname ?? '');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback)) return url;
  throw new ServerError(
    `TALLYSPAN_ADMIN_API_URL is "${text}": write an https:// address; http:// is for this machine only.`,
  );
}

/** Error of the API, https://docs.claude.com/en/api/errors. */
interface ApiError {
  readonly message?: string;
  readonly details?: { readonly error_code?: string };
}

function errorOf(body: string): ApiError {
  try {
    return (JSON.parse(body) as { readonly error?: ApiError }).error ?? {};
  } catch {
    // Whatever stands there is no message of the API.
    return {};
  }
}

function faultText(status: number, message: string): string {
  if (status >= 300 && status < 400)
    return `sends elsewhere (${status}), and the key goes to no other host. Set TALLYSPAN_ADMIN_API_URL to where it is.`;
  const why = message === '' ? '' : `: ${message.slice(0, 200)}`;
  if (status === 401 || status === 403)
    return `refused the key (${status}${why}). ANTHROPIC_ADMIN_KEY has to be an Admin API key, or one with the scope read:analytics.`;
  return `answered ${status}${why}`;
}

function backoffMs(attempt: number, paceMs: number): number {
  return Math.min(BACKOFF_LIMIT_MS, paceMs * 2 ** attempt);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms > 0) await setTimeout(ms, undefined, signal ? { signal } : {});
}

const NO_REPORT = 'answered with something that is no report';

/** JSON that does not end was cut on its way; other texts are what somebody meant to answer. */
function pageOf(text: string): ReportPage<unknown> | Refusal {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    const isCut = text.trimStart().startsWith('{');
    return { fault: isCut ? 'answered with a part of a report' : NO_REPORT, status: 0, isPassing: isCut };
  }
  const { data } = (body ?? {}) as Partial<ReportPage<unknown>>;
  return Array.isArray(data)
    ? (body as ReportPage<unknown>)
    : { fault: NO_REPORT, status: 0, isPassing: false };
}

/** `Retry-After` is a number of seconds or a date; undefined where it is neither. */
function retryAfterMs(header: string | null): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

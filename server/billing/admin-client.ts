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
const WAIT_LIMIT_MS = 60_000;
const REQUEST_LIMIT_MS = 60_000;
const PAGES_LIMIT = 10_000;

/** A page of any report. */
export interface ReportPage<Row> {
  readonly data: readonly Row[];
  readonly next_page?: string | null;
  readonly has_more?: boolean;
  readonly data_refreshed_at?: string | null;
}

/** The API answered, and not with a report. */
export class AdminAnswerError extends ServerError {
  readonly status: number;

  constructor(text: string, status: number) {
    super(text);
    this.status = status;
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

  /** All rows of a report. `beta` names the version of a report that is not settled yet. @throws ServerError */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names what the report has
  async report<Row>(
    path: string,
    parameters: URLSearchParams,
    beta: string,
  ): Promise<{ rows: Row[]; refreshedAtMs: number | undefined }> {
    const rows: Row[] = [];
    const query = new URLSearchParams(parameters);
    for (let count = 0; count < PAGES_LIMIT; count++) {
      const answer = (await this.#ask(`${path}?${query.toString()}`, beta)) as ReportPage<Row>;
      rows.push(...answer.data);
      if (answer.has_more !== true || !answer.next_page) {
        const refreshed = Date.parse(answer.data_refreshed_at ?? '');
        return { rows, refreshedAtMs: Number.isNaN(refreshed) ? undefined : refreshed };
      }
      if (query.get('page') === answer.next_page)
        throw this.#fault('names the same page as the next one again and again: nothing was taken');
      query.set('page', answer.next_page);
    }
    throw new ServerError(
      `the Admin API at ${this.#url.host} answers with ever more pages: nothing was taken`,
    );
  }

  async #ask(address: string, beta: string): Promise<ReportPage<unknown>> {
    const { key, signal, paceMs = PACE_MS } = this.#options;
    for (let attempt = 1; ; attempt++) {
      await pause(this.#nextMs - performance.now(), signal);
      this.#nextMs = performance.now() + paceMs;
      let answer: Response;
      try {
        answer = await fetch(addressOf(this.#url, address), {
          headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01', 'anthropic-beta': beta },
          // Another host would get the key.
          redirect: 'manual',
          signal: AbortSignal.any([AbortSignal.timeout(REQUEST_LIMIT_MS), ...(signal ? [signal] : [])]),
        });
      } catch (error) {
        signal?.throwIfAborted();
        if (attempt < ATTEMPTS) {
          await pause(backoffMs(attempt, paceMs), signal);
          continue;
        }
        const { cause } = error as { cause?: { code?: string } };
        throw this.#fault(`does not answer: ${cause?.code ?? messageOf(error)}`);
      }
      if (answer.ok) return pageOf(await answer.json().catch(() => undefined)) ?? this.#unreadable();
      const isPassing = answer.status === 429 || answer.status >= 500;
      // Masked before any of it is cut.
      const said = maskSecrets(await answer.text(), [key]);
      if (!isPassing || attempt >= ATTEMPTS) throw this.#fault(faultText(answer.status, said), answer.status);
      const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
      const waitMs = Number.isFinite(seconds) ? seconds * 1000 : backoffMs(attempt, paceMs);
      await pause(Math.min(waitMs, WAIT_LIMIT_MS), signal);
    }
  }

  #unreadable(): never {
    throw this.#fault('answered with something that is no report');
  }

  #fault(text: string, status = 0): ServerError {
    return new AdminAnswerError(
      maskSecrets(`the Admin API at ${this.#url.host} ${text}`, [this.#options.key]),
      status,
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

function faultText(status: number, body: string): string {
  if (status >= 300 && status < 400)
    return `sends elsewhere (${status}), and the key goes to no other host. Set TALLYSPAN_ADMIN_API_URL to where it is.`;
  let detail = '';
  try {
    detail = (JSON.parse(body) as { error?: { message?: string } }).error?.message ?? '';
  } catch {
    // Whatever stands there is no message of the API.
  }
  const why = detail === '' ? '' : `: ${detail.slice(0, 200)}`;
  if (status === 401 || status === 403)
    return `refused the key (${status}${why}). ANTHROPIC_ADMIN_KEY has to be an Admin API key, or one with the scope read:analytics.`;
  return `answered ${status}${why}`;
}

function backoffMs(attempt: number, paceMs: number): number {
  return Math.min(WAIT_LIMIT_MS, paceMs * 2 ** attempt);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms > 0) await setTimeout(ms, undefined, signal ? { signal } : {});
}

function pageOf(body: unknown): ReportPage<unknown> | undefined {
  const { data } = (body ?? {}) as Partial<ReportPage<unknown>>;
  return Array.isArray(data) ? (body as ReportPage<unknown>) : undefined;
}

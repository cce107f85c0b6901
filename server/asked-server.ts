// A server that is asked over HTTP: what it answers, and what is wrong where it does not.

import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getByTls } from 'node:https';
import { text as readText } from 'node:stream/consumers';
import { maskSecrets } from './process/secrets.ts';
import { ServerError, messageOf } from './process/server-error.ts';
import { RequestError } from './questions/request-error.ts';

export const DEFAULT_PAGE_URL = 'http://127.0.0.1:4319';
const ANSWER_LIMIT_MS = 60_000;

type Params = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** How a server is asked. All throw ServerError where it does not answer as one, RequestError where the question is wrong. */
export interface AskedServer {
  readonly ask: <T>(path: string, params?: Params) => Promise<T>;
  /** `undefined` where the server knows of no such thing. */
  readonly askMaybe: <T>(path: string, params?: Params) => Promise<T | undefined>;
  readonly askBytes: (path: string, params: Params) => AsyncGenerator<Uint8Array>;
}

/** @param headers that each question has */
export function askedServer(
  url: string,
  token: string | undefined,
  headers: Readonly<Record<string, string>>,
): AskedServer {
  async function ask<T>(path: string, params: Params = {}): Promise<T> {
    const answer = await askFor(path, params);
    if (answer.status !== 404) return jsonOf<T>(url, answer);
    // A tallyspan says what it has not: the address, or the thing that was asked about.
    const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json') === true;
    throw new ServerError(
      isProblem
        ? `${url}: ${await faultOf(answer, token)}`
        : `${url} has nothing at ${path}: is it a tallyspan server?`,
    );
  }

  async function askMaybe<T>(path: string, params: Params = {}): Promise<T | undefined> {
    const answer = await askFor(path, params);
    return answer.status === 404 ? undefined : jsonOf<T>(url, answer);
  }

  /** An answer, or that there is none. */
  async function askFor(path: string, params: Params): Promise<Response> {
    const answer = await request(path, params, AbortSignal.timeout(ANSWER_LIMIT_MS));
    if (answer.ok || answer.status === 404) return answer;
    if (answer.status === 401) throw new ServerError(tokenFault(url, token));
    // The question was wrong, whoever answers it.
    if (answer.status === 400) throw new RequestError(400, await faultOf(answer, token));
    throw new ServerError(`${url}: ${await faultOf(answer, token)}`);
  }

  async function* askBytes(path: string, params: Params): AsyncGenerator<Uint8Array> {
    // `fetch` gives up after five minutes without a byte: a large backup is made as a whole before it is sent.
    const answer = await new Promise<IncomingMessage>((answered, failed) => {
      const get = url.startsWith('https:') ? getByTls : getPlain;
      get(`${url}${path}?${queryOf(params)}`, { headers: authorizationOf(token) }, answered).once(
        'error',
        (error) => failed(notReached(url, error)),
      );
    });
    const { statusCode = 0 } = answer;
    if (statusCode === 401) throw new ServerError(tokenFault(url, token));
    if (statusCode !== 200) {
      const said = new Response(await readText(answer), { status: statusCode });
      throw new ServerError(`${url}: ${await faultOf(said, token)}`);
    }
    if (/^text\/html\b/i.test(answer.headers['content-type'] ?? '')) throw noServer(url);
    yield* answer as AsyncIterable<Uint8Array>;
  }

  async function request(path: string, params: Params, limit: AbortSignal | undefined): Promise<Response> {
    try {
      return await fetch(`${url}${path}?${queryOf(params)}`, {
        headers: { ...authorizationOf(token), ...headers },
        ...(limit === undefined ? {} : { signal: limit }),
      });
    } catch (error) {
      throw notReached(url, error);
    }
  }

  return { ask, askMaybe, askBytes };
}

async function jsonOf<T>(url: string, answer: Response): Promise<T> {
  const text = await answer.text().catch((error: unknown) => {
    throw notReached(url, error);
  });
  try {
    return JSON.parse(text) as T;
  } catch {
    throw noServer(url);
  }
}

/** Grafana, a proxy that asks to sign in, or whatever else has a page for each address. */
function noServer(url: string): ServerError {
  return new ServerError(
    `what answers at ${url} is no tallyspan server, or something stands before it, such as a page to sign in. Name the address of its own page, such as ${DEFAULT_PAGE_URL}.`,
  );
}

function queryOf(params: Params): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (Array.isArray(value)) for (const one of value as readonly string[]) query.append(key, one);
    else if (value !== undefined) query.set(key, String(value));
  }
  return query.toString();
}

/** The header by which a server knows who asks. */
export function authorizationOf(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

function notReached(url: string, error: unknown): ServerError {
  return new ServerError(
    `no tallyspan answers at ${url} (${reasonOf(error)}). Start \`tallyspan up\`, or name another server with --url.`,
  );
}

function tokenFault(url: string, token: string | undefined): string {
  return token === undefined
    ? `${url} wants a token. Set TALLYSPAN_TOKEN to the one that the server was started with.`
    : `${url} does not take the token in TALLYSPAN_TOKEN. Set it to the one that the server was started with.`;
}

function reasonOf(error: unknown): string {
  const { cause, code } = error as { cause?: { code?: string }; code?: string };
  return cause?.code ?? code ?? messageOf(error);
}

async function faultOf(answer: Response, token: string | undefined): Promise<string> {
  const body = (await answer.json().catch(() => ({}))) as { detail?: string; error?: string };
  return maskSecrets(body.detail ?? body.error ?? `it answered ${answer.status}`, [token ?? '']);
}

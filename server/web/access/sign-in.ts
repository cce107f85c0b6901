// Signing in: who is let in where the server needs a token. A program brings the token with each request; a browser brings
// it once, by the form, and has a session from then on, whose cookie scripts cannot read and other sites cannot send, but
// by a link that somebody follows.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Access } from '../../process/access.ts';
import { RequestError } from '../../questions/request-error.ts';
import { Guesses } from './guesses.ts';
import { PROBLEM_TYPE, problemOf } from '../api/problem.ts';
import { Sessions, SESSION_MS } from './sessions.ts';
import { loginPathFor } from './way-back.ts';

const COOKIE = 'tallyspan_session';
/** Behind TLS no other site of the domain can set it. */
const TLS_COOKIE = `__Host-${COOKIE}`;
const COOKIE_SECONDS = SESSION_MS / 1000;
/** Open without a token: the way in, what it looks like, whether the server lives, and feedback, which has a token of its own. */
const OPEN_PATHS = /^\/(login|healthz|assets\/[a-z.]+|feedback|api\/feedback)$/;
const NEEDS_TOKEN = 'a token is needed: Authorization: Bearer …';

export interface SignInOptions {
  readonly access: Access;
  readonly log: (line: string) => void;
}

/** How bringing a token went: right, wrong, or not looked at for so many seconds. */
export type TokenOutcome = 'right' | 'wrong' | number;

export class SignIn {
  readonly #access: Access;
  readonly #sessions = new Sessions();
  readonly #guesses: Guesses;

  constructor({ access, log }: SignInOptions) {
    this.#access = access;
    this.#guesses = new Guesses(log);
  }

  /** Lets a request pass, sends people to the form, and refuses programs. @throws RequestError */
  check(request: FastifyRequest, reply: FastifyReply, isForPeople: boolean): FastifyReply | undefined {
    const path = request.url.split('?')[0] ?? '';
    if (OPEN_PATHS.test(path) || this.isSignedIn(request)) return undefined;
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const isRight = this.#access.isAllowed(authorization);
      const outcome = isRight && this.#guesses.isKnown(request.ip) ? 'right' : this.#look(request, isRight);
      if (outcome === 'right') {
        this.#guesses.noteRight(request.ip);
        return undefined;
      }
      if (outcome === 'wrong') throw new RequestError(401, NEEDS_TOKEN);
      reply.header('retry-after', String(outcome));
      throw new RequestError(429, `too many wrong tokens: try again in ${outcome} s`);
    }
    if (request.headers['hx-request'] === 'true')
      // A part of a page was asked for: the browser is to open the form as a page, not within this one.
      return reply
        .code(401)
        .header('hx-redirect', loginPathFor(request.url))
        .type(PROBLEM_TYPE)
        .send(problemOf(401, 'sign in again'));
    if (isForPeople) return reply.redirect(loginPathFor(request.url), 303);
    throw new RequestError(401, NEEDS_TOKEN);
  }

  /** Whether the browser has a session, or none is needed. */
  isSignedIn(request: FastifyRequest): boolean {
    if (!this.#access.needsToken) return true;
    return cookiesOf(request.headers.cookie).some((id) => this.#sessions.has(id));
  }

  /** Looks at the token that somebody brings by the form; where it is right, a session begins. */
  begin(request: FastifyRequest, reply: FastifyReply, token: string): TokenOutcome {
    const outcome = this.#look(request, this.#access.isToken(token));
    if (outcome === 'right') {
      // A session that goes on under the same name would outlive its sign-out.
      for (const id of cookiesOf(request.headers.cookie)) this.#sessions.end(id);
      void reply.header('set-cookie', this.#cookie(request, this.#sessions.begin(), COOKIE_SECONDS));
    }
    return outcome;
  }

  /** Ends the session of the browser. */
  end(request: FastifyRequest, reply: FastifyReply): void {
    for (const id of cookiesOf(request.headers.cookie)) this.#sessions.end(id);
    void reply.header('set-cookie', this.#cookie(request, '', 0));
  }

  #look(request: FastifyRequest, isRight: boolean): TokenOutcome {
    const waitSeconds = this.#guesses.waitSeconds(request.ip);
    if (waitSeconds > 0) return waitSeconds;
    if (!isRight) {
      this.#guesses.noteWrong(request.ip);
      return 'wrong';
    }
    return 'right';
  }

  #cookie(request: FastifyRequest, value: string, seconds: number): string {
    const isTls = this.#isByTls(request);
    const name = isTls ? TLS_COOKIE : COOKIE;
    // Lax, so that a link in a chat or a mail opens the page: such a link only reads. What the one form of the pages
    // sends is checked for where it comes from.
    const secure = isTls ? '; Secure' : '';
    return `${name}=${value}; HttpOnly; SameSite=Lax; Path=/; Max-Age=${seconds}${secure}`;
  }

  /** By what a trusted proxy says, or by the address of the page that sent the form, which no browser lets it choose. */
  #isByTls(request: FastifyRequest): boolean {
    const { origin, host } = request.headers;
    const { pageOrigin } = this.#access;
    if (request.protocol === 'https' || origin?.startsWith('https://') === true) return true;
    return pageOrigin !== undefined && pageOrigin === `https://${host?.toLowerCase() ?? ''}`;
  }
}

/** Every session that the browser names. There can be several: another program of the same host can set one in front. */
function cookiesOf(header: string | undefined): string[] {
  return (header ?? '').split(';').flatMap((part) => {
    const [name, value] = part.trim().split('=', 2);
    return (name === COOKIE || name === TLS_COOKIE) && value !== undefined && value !== '' ? [value] : [];
  });
}

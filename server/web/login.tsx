// The way in for a browser where the server needs a token: a form, and a cookie that scripts cannot read
// and other sites cannot send, but by a link that somebody follows.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { VNode } from 'preact';
import type { Access } from '../process/access.ts';
import { renderBarePage } from './bare-page.tsx';
import { textParam, type QueryText } from '../questions/query-params.ts';
import { RequestError } from '../questions/request-error.ts';
import { LOGIN_PATH, WAY_BACK, loginPathFor, wayBackOf } from './way-back.ts';
import type { WebContext } from './web-server.ts';

const COOKIE = 'tallyspan_token';
const COOKIE_SECONDS = 30 * 86_400;
/** Open without a token: the way in, what it looks like, and whether the server lives. */
const OPEN_PATHS = /^\/(login|healthz|assets\/[a-z.]+)$/;
const NEEDS_TOKEN = 'a token is needed: Authorization: Bearer …';

/** Lets a request pass, sends people to the form, and refuses programs. @throws RequestError */
export function checkToken(
  access: Access,
  request: FastifyRequest,
  reply: FastifyReply,
  isForPeople: boolean,
): FastifyReply | undefined {
  const path = request.url.split('?')[0] ?? '';
  if (OPEN_PATHS.test(path) || isSignedIn(access, request)) return undefined;
  if (request.headers['hx-request'] === 'true')
    // A part of a page was asked for: the browser is to open the form as a page, not within this one.
    return reply.code(401).header('hx-redirect', loginPathFor(request.url)).send({ error: 'sign in again' });
  if (isForPeople) return reply.redirect(loginPathFor(request.url), 303);
  throw new RequestError(401, NEEDS_TOKEN);
}

function isSignedIn(access: Access, request: FastifyRequest): boolean {
  if (!access.needsToken || access.isAllowed(request.headers.authorization)) return true;
  const cookie = cookieOf(request.headers.cookie);
  return cookie !== undefined && access.isToken(cookie);
}

/** The token of the cookie; one that was not written by this server is none. */
function cookieOf(header: string | undefined): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name !== COOKIE || value === undefined) continue;
    try {
      return decodeURIComponent(value);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

export function registerLogin(app: FastifyInstance, { access }: WebContext): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(body as string)),
  );

  app.get<{ Querystring: QueryText }>(LOGIN_PATH, (request, reply) => {
    const wayBack = wayBackOf(textParam(request.query, WAY_BACK));
    return isSignedIn(access, request) ? reply.redirect(wayBack, 303) : answerForm(reply, wayBack, false);
  });
  app.post(LOGIN_PATH, async (request, reply) => {
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    const token = form.get('token') ?? '';
    const wayBack = wayBackOf(form.get(WAY_BACK) ?? undefined);
    if (!access.isToken(token)) return answerForm(reply, wayBack, true);
    return (
      reply
        // Lax, so that a link in a chat or a mail opens the page: such a link only reads. What the one form of the
        // pages sends is checked for where it comes from.
        .header(
          'set-cookie',
          `${COOKIE}=${encodeURIComponent(token)}; HttpOnly; SameSite=Lax; Path=/; Max-Age=${COOKIE_SECONDS}`,
        )
        .redirect(wayBack, 303)
    );
  });
}

function answerForm(reply: FastifyReply, wayBack: string, isWrong: boolean): FastifyReply {
  return reply
    .code(isWrong ? 403 : 200)
    .type('text/html; charset=utf-8')
    .send(renderBarePage('Sign in', <LoginPage wayBack={wayBack} isWrong={isWrong} />));
}

function LoginPage({ wayBack, isWrong }: { wayBack: string; isWrong: boolean }): VNode {
  return (
    <div class="hello">
      <h1>This server needs its token</h1>
      <p>It is the TALLYSPAN_TOKEN that the server was started with.</p>
      <form class="filter" method="post" action={LOGIN_PATH}>
        <input type="hidden" name={WAY_BACK} value={wayBack} />
        <label>
          Token
          <input type="password" name="token" autocomplete="current-password" required size={30} />
        </label>
        <button type="submit">Sign in</button>
      </form>
      {isWrong && <p class="why">That is not the token.</p>}
    </div>
  );
}

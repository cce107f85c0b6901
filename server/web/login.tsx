// The way in for a browser where the server needs a token: a form, and a cookie that scripts cannot read
// and other sites cannot send.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { VNode } from 'preact';
import { renderPage } from './layout.tsx';
import { RequestError } from './request-error.ts';
import type { WebContext } from './web-server.ts';

const COOKIE = 'tallyspan_token';
const LOGIN_PATH = '/login';
const COOKIE_SECONDS = 30 * 86_400;
/** Open without a token: the way in, what it looks like, and whether the server lives. */
const OPEN_PATHS = /^\/(login|healthz|assets\/[a-z.]+)$/;

/** Lets a request pass, sends people to the form, and refuses programs. */
export async function checkToken(
  context: WebContext,
  request: FastifyRequest,
  reply: FastifyReply,
  isForPeople: boolean,
): Promise<FastifyReply | undefined> {
  const { access } = context;
  const path = request.url.split('?')[0] ?? '';
  if (!access.needsToken || OPEN_PATHS.test(path)) return undefined;
  if (access.isAllowed(request.headers.authorization)) return undefined;
  const cookie = cookieOf(request.headers.cookie);
  if (cookie !== undefined && access.isToken(cookie)) return undefined;
  if (isForPeople) return reply.redirect(LOGIN_PATH, 303);
  throw new RequestError(401, 'a token is needed: Authorization: Bearer …');
}

function cookieOf(header: string | undefined): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === COOKIE && value !== undefined) return decodeURIComponent(value);
  }
  return undefined;
}

export function registerLogin(app: FastifyInstance, context: WebContext): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(body as string)),
  );

  const answer = (reply: FastifyReply, isWrong: boolean): FastifyReply =>
    reply
      .code(isWrong ? 403 : 200)
      .type('text/html; charset=utf-8')
      .send(
        renderPage(
          { title: 'Sign in', path: LOGIN_PATH, timezone: context.timezone, firing: 0 },
          <LoginPage isWrong={isWrong} />,
          false,
        ),
      );

  app.get(LOGIN_PATH, (_request, reply) => answer(reply, false));
  app.post(LOGIN_PATH, async (request, reply) => {
    const token = request.body instanceof URLSearchParams ? (request.body.get('token') ?? '') : '';
    if (!context.access.isToken(token)) return answer(reply, true);
    return reply
      .header(
        'set-cookie',
        `${COOKIE}=${encodeURIComponent(token)}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${COOKIE_SECONDS}`,
      )
      .redirect('/', 303);
  });
}

function LoginPage({ isWrong }: { isWrong: boolean }): VNode {
  return (
    <div class="hello">
      <h1>This server needs its token</h1>
      <p>It is the TALLYSPAN_TOKEN that the server was started with.</p>
      <form class="filter" method="post" action={LOGIN_PATH}>
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

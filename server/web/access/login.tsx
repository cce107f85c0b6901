// The way in for a browser where the server needs a token, and the way out: two forms.

import type { FastifyInstance, FastifyReply } from 'fastify';
import type { VNode } from 'preact';
import { renderBarePage } from '../bare-page.tsx';
import { textParam, type QueryText } from '../../questions/query-params.ts';
import { checkSameOrigin } from './same-origin.ts';
import type { TokenOutcome } from './sign-in.ts';
import { LOGIN_PATH, LOGOUT_PATH, WAY_BACK, wayBackOf } from './way-back.ts';
import type { WebContext } from '../web-context.ts';

export function registerLogin(app: FastifyInstance, { access, signIn }: WebContext): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(body as string)),
  );

  app.get<{ Querystring: QueryText }>(LOGIN_PATH, (request, reply) => {
    const wayBack = wayBackOf(textParam(request.query, WAY_BACK));
    return signIn.isSignedIn(request) ? reply.redirect(wayBack, 303) : answerForm(reply, wayBack, undefined);
  });
  app.post(LOGIN_PATH, async (request, reply) => {
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    const wayBack = wayBackOf(form.get(WAY_BACK) ?? undefined);
    const outcome = signIn.begin(request, reply, form.get('token') ?? '');
    return outcome === 'right' ? reply.redirect(wayBack, 303) : answerForm(reply, wayBack, outcome);
  });

  app.get(LOGOUT_PATH, (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(renderBarePage('Sign out', <LogoutPage />)),
  );
  app.post(LOGOUT_PATH, async (request, reply) => {
    checkSameOrigin(request, access.pageOrigin);
    signIn.end(request, reply);
    return reply.redirect(LOGIN_PATH, 303);
  });
}

function answerForm(
  reply: FastifyReply,
  wayBack: string,
  outcome: Exclude<TokenOutcome, 'right'> | undefined,
): FastifyReply {
  if (typeof outcome === 'number') void reply.header('retry-after', String(outcome));
  return reply
    .code(outcome === undefined ? 200 : outcome === 'wrong' ? 403 : 429)
    .type('text/html; charset=utf-8')
    .send(renderBarePage('Sign in', <LoginPage wayBack={wayBack} fault={faultText(outcome)} />));
}

function faultText(outcome: Exclude<TokenOutcome, 'right'> | undefined): string | undefined {
  if (outcome === undefined) return undefined;
  return outcome === 'wrong'
    ? 'That is not the token.'
    : `Too many wrong tokens came from your address. Try again in ${outcome} s.`;
}

function LogoutPage(): VNode {
  return (
    <div class="hello">
      <h1>Sign out</h1>
      <p>This browser needs the token again then.</p>
      <form class="filter" method="post" action={LOGOUT_PATH}>
        <button type="submit">Sign out</button>
      </form>
    </div>
  );
}

function LoginPage({ wayBack, fault }: { wayBack: string; fault: string | undefined }): VNode {
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
      {fault !== undefined && <p class="why">{fault}</p>}
    </div>
  );
}

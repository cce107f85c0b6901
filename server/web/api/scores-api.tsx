// Scores over HTTP: programs post them with the token of the server, end users with a feedback token.

import type { FastifyInstance, FastifyReply } from 'fastify';
import type { VNode } from 'preact';
import { FEEDBACK_PATH } from '../../../core/scores/feedback-token.ts';
import { textParam, type QueryText } from '../../questions/query-params.ts';
import { RequestError } from '../../questions/request-error.ts';
import { feedbackScore, type FeedbackDoor } from '../../scores/feedback.ts';
import { readRunScores } from '../../queries/runs/read-run-scores.ts';
import { parseScoreRequests } from '../../scores/score-request.ts';
import { findRunId } from '../../queries/runs/read-run.ts';
import { FEEDBACK_ROUTE, RUN_SCORES_ROUTE, SCORES_ROUTE } from '../openapi/posted-routes.ts';
import { findOne } from './find-one.ts';
import { renderBarePage } from '../bare-page.tsx';
import { checkOwnSite } from '../access/same-origin.ts';
import type { WebContext } from '../web-context.ts';

export const FEEDBACK_API_PATH = '/api/feedback';
/** A thousand scores, each with a comment. */
const SCORES_LIMIT_BYTES = 8 * 1024 * 1024;
/** Posted from pages of any site; no cookie and no token of the server is looked at. */
const FROM_ANYWHERE = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'content-type',
  'access-control-max-age': '600',
};

export function registerScoresApi(app: FastifyInstance, context: WebContext): void {
  const { database, scores } = context;

  app.get<{ Params: { id: string } }>(
    '/api/runs/:id/scores',
    { schema: RUN_SCORES_ROUTE },
    async ({ params }) => readRunScores(database, await findOne(params.id, findRunId(database, params.id))),
  );

  app.post('/api/scores', { schema: SCORES_ROUTE, bodyLimit: SCORES_LIMIT_BYTES }, async (request, reply) => {
    checkOwnSite(request);
    const recorded = await scores.record(parseScoreRequests(request.body));
    return reply
      .code(recorded.some(({ outcome }) => outcome !== 'kept') ? 201 : 200)
      .send({ scores: recorded });
  });

  app.options(FEEDBACK_API_PATH, (_request, reply) => reply.headers(FROM_ANYWHERE).code(204).send());

  app.post(FEEDBACK_API_PATH, { schema: FEEDBACK_ROUTE }, async (request, reply) => {
    void reply.headers(FROM_ANYWHERE);
    const { body } = request;
    const isForm = body instanceof URLSearchParams;
    const given = isForm ? Object.fromEntries(body) : ((body ?? {}) as Record<string, unknown>);
    const { token } = given;
    const claims = doorOf(context)(typeof token === 'string' ? token : '');
    await scores.record([feedbackScore(claims, given['value'], given['comment'])]);
    return isForm ? answerPage(reply, <Thanks />) : reply.code(201).send({ status: 'recorded' });
  });

  app.get<{ Querystring: QueryText }>(FEEDBACK_PATH, async (request, reply) => {
    const token = textParam(request.query, 'token') ?? '';
    try {
      const { name } = doorOf(context)(token);
      return answerPage(reply, <FeedbackForm token={token} name={name} />);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      // The page of other faults shows more than an end user may see.
      return answerPage(reply.code(error.statusCode), <p class="hello">{error.message}</p>);
    }
  });
}

/** @throws RequestError where feedback is off */
function doorOf({ feedbackDoor }: WebContext): FeedbackDoor {
  if (feedbackDoor !== undefined) return feedbackDoor;
  throw new RequestError(404, 'feedback is off: the server has no TALLYSPAN_FEEDBACK_SECRET');
}

function answerPage(reply: FastifyReply, content: VNode): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(renderBarePage('Feedback', content));
}

function FeedbackForm({ token, name }: { token: string; name: string }): VNode {
  return (
    <div class="hello">
      <h1>How was the answer?</h1>
      <form class="filter" method="post" action={FEEDBACK_API_PATH}>
        <input type="hidden" name="token" value={token} />
        <label>
          Comment
          <input type="text" name="comment" maxlength={2000} size={40} />
        </label>
        <button type="submit" name="value" value="true" aria-label={`Good: ${name}`}>
          👍 Good
        </button>
        <button type="submit" name="value" value="false" aria-label={`Not good: ${name}`}>
          👎 Not good
        </button>
      </form>
    </div>
  );
}

function Thanks(): VNode {
  return (
    <div class="hello">
      <h1>Thank you</h1>
      <p>Your feedback was recorded.</p>
    </div>
  );
}

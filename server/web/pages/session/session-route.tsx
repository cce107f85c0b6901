// The address of one session.

import type { FastifyInstance } from 'fastify';
import { readCompactions } from '../../../queries/findings/read-compactions.ts';
import { readContextCosts } from '../../../queries/runs/read-context-costs.ts';
import { readSession, readSessionTotals } from '../../../queries/runs/read-session.ts';
import { textSql } from '../../../../signals/sql-text.ts';
import { readNumber } from '../../../queries/signals/signal-numbers.ts';
import { RequestError } from '../../../questions/request-error.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { SessionPage } from './session-page.tsx';

const REFRESH_SECONDS = 30;

export function registerSessionRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;
  app.get<{ Params: { id: string } }>('/sessions/:id', async (request, reply) => {
    const now = pageNow(context.store);
    const session = request.params.id;
    const turns = await readSession(database, session);
    if (turns.length === 0) throw new RequestError(404, `There is no session ${session}.`);
    const signalRequest = { from: 0, to: now, now, timezone, where: { session } };
    const [costNanoUsd = null, modelCalls = null, toolCalls = null] = await Promise.all(
      ['cost', 'model_calls', 'tool_calls'].map((id) => readNumber(database, id, signalRequest)),
    );
    const [compactions, contextCosts, { project, remainderNanoUsd }] = await Promise.all([
      readCompactions(database, { session }),
      readContextCosts(database, `gen_ai_conversation_id = ${textSql(session)}`),
      readSessionTotals(database, session),
    ]);
    const view = {
      session,
      turns,
      costNanoUsd,
      modelCalls,
      toolCalls,
      remainderNanoUsd,
      project,
      compactions,
      contextCosts,
      timezone,
      now,
    };
    return answerPage(
      context,
      request,
      reply,
    )(<SessionPage view={view} />, {
      title: `Session ${session}`,
      refresh: { url: request.url, seconds: REFRESH_SECONDS },
    });
  });
}

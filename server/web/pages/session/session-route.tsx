// The address of one session.

import type { FastifyInstance } from 'fastify';
import { readCompactions } from '../../../queries/findings/read-compactions.ts';
import { readContextCosts } from '../../../queries/runs/read-context-costs.ts';
import { readSession, readSessionTotals } from '../../../queries/runs/read-session.ts';
import { textSql } from '../../../../signals/sql-text.ts';
import { readNumber } from '../../../queries/signals/signal-numbers.ts';
import type { QueryText } from '../../../questions/query-params.ts';
import { parseStretch } from '../../../questions/stretch.ts';
import { RequestError } from '../../../questions/request-error.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { SESSION_TIME, SessionPage } from './session-page.tsx';

const REFRESH_SECONDS = 30;

export function registerSessionRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;
  app.get<{ Params: { id: string }; Querystring: QueryText }>('/sessions/:id', async (request, reply) => {
    const now = pageNow(context.store);
    const session = request.params.id;
    const all = await readSession(database, session);
    if (all.length === 0) throw new RequestError(404, `There is no session ${session}.`);
    const stretch = parseStretch(request.query, { now, timezone, time: SESSION_TIME });
    const { from, to } = stretch;
    // What moves with the clock has no end: a turn that began a moment ago belongs to it.
    const isWithin = (atMs: number): boolean => atMs > from && (to >= now || atMs <= to);
    const turns = all.filter((turn) => isWithin(Date.parse(turn.started_at)));
    const signalRequest = { from, to, now, timezone: stretch.timezone, where: { session } };
    const [costNanoUsd = null, modelCalls = null, toolCalls = null] = await Promise.all(
      ['cost', 'model_calls', 'tool_calls'].map((id) => readNumber(database, id, signalRequest)),
    );
    const [compactions, contextCosts, { project, remainderNanoUsd }] = await Promise.all([
      readCompactions(database, { session }),
      readContextCosts(
        database,
        `gen_ai_conversation_id = ${textSql(session)} AND ${withinSql(from, to >= now ? undefined : to)}`,
      ),
      readSessionTotals(database, session),
    ]);
    const view = {
      session,
      turns,
      costNanoUsd,
      modelCalls,
      toolCalls,
      turnsInAll: all.length,
      // It is known of the session as a whole.
      remainderNanoUsd: turns.length === all.length ? remainderNanoUsd : 0,
      project,
      compactions: compactions.filter(({ atMs }) => isWithin(atMs)),
      contextCosts,
      stretch,
      zone: timezone,
      timezone: stretch.timezone,
      now,
    };
    return answerPage(
      context,
      request,
      reply,
    )(<SessionPage view={view} />, {
      title: `Session ${session}`,
      stretch,
      refresh: { url: request.url, seconds: REFRESH_SECONDS },
    });
  });
}

/** Unix milliseconds; without an end up to what came last. */
function withinSql(from: number, to: number | undefined): string {
  const end = to === undefined ? '' : ` AND timestamp <= ${instant(to)}`;
  return `timestamp > ${instant(from)}${end}`;
}

function instant(atMs: number): string {
  return `make_timestamptz(${Math.floor(atMs)}::BIGINT * 1000)`;
}

// The address of one session.

import type { FastifyInstance } from 'fastify';
import { readCompactions } from '../../../queries/findings/read-compactions.ts';
import { readContextCosts } from '../../../queries/runs/read-context-costs.ts';
import { readSession, readSessionCalls, readSessionTotals } from '../../../queries/runs/read-session.ts';
import { textSql } from '../../../../signals/sql-text.ts';
import { readNumbers } from '../../../queries/signals/signal-numbers.ts';
import { offsetParam, textParam, type QueryText } from '../../../questions/query-params.ts';
import { parseStretch } from '../../../questions/stretch.ts';
import { RequestError } from '../../../questions/request-error.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { SESSION_TIME, SessionPage } from './session-page.tsx';
import { TURNS_PER_PAGE, countCalls, runsOfTurns } from './session-turns.tsx';

const REFRESH_SECONDS = 30;
/** Longer conversations are shown by turn only. */
const CALLS_SHOWN = 400;

export function registerSessionRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;
  app.get<{ Params: { id: string }; Querystring: QueryText }>('/sessions/:id', async (request, reply) => {
    const now = pageNow(context.store);
    const session = request.params.id;
    const stretch = parseStretch(request.query, { now, timezone, time: SESSION_TIME });
    const { from, to } = stretch;
    const signalRequest = { from, to, now, timezone: stretch.timezone, where: { session } };
    const [all, numbers, compactions, contextCosts, { plan, isOfClaudeCode, ...totals }] = await Promise.all([
      readSession(database, session),
      readNumbers(database, ['cost', 'model_calls', 'tool_calls'], signalRequest),
      readCompactions(database, { session }),
      readContextCosts(
        database,
        `gen_ai_conversation_id = ${textSql(session)} AND ${withinSql(from, to >= now ? undefined : to)}`,
      ),
      readSessionTotals(database, session),
    ]);
    if (all.length === 0) throw new RequestError(404, `There is no session ${session}.`);
    // What moves with the clock has no end: a turn that began a moment ago belongs to it.
    const isWithin = (atMs: number): boolean => atMs > from && (to >= now || atMs <= to);
    const turns = all.filter((turn) => isWithin(Date.parse(turn.started_at)));
    // A conversation is read where it stands: without a place its last turns.
    const isPlaced = textParam(request.query, 'offset') !== undefined;
    const offset = isPlaced ? offsetParam(request.query) : lastPageOf(turns.length);
    const listed = turns.slice(offset, offset + TURNS_PER_PAGE);
    const runs = runsOfTurns(listed).map((run) => run['agent.run_id']);
    const calls =
      countCalls(listed) <= CALLS_SHOWN ? await readSessionCalls(database, session, runs) : undefined;
    const view = {
      session,
      turns,
      offset,
      listed,
      calls,
      costNanoUsd: numbers.cost,
      isListValue: (isOfClaudeCode ? context.isClaudeOnPlan : false) ?? plan !== null,
      plan,
      modelCalls: numbers.model_calls,
      toolCalls: numbers.tool_calls,
      turnsInAll: all.length,
      // It is known of the session as a whole.
      remainderNanoUsd: turns.length === all.length ? totals.remainderNanoUsd : 0,
      project: totals.project,
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

/** Where the last page of so many turns begins. */
function lastPageOf(turns: number): number {
  return Math.max(0, Math.floor((turns - 1) / TURNS_PER_PAGE) * TURNS_PER_PAGE);
}

/** Unix milliseconds; without an end up to what came last. */
function withinSql(from: number, to: number | undefined): string {
  const end = to === undefined ? '' : ` AND timestamp <= ${instant(to)}`;
  return `timestamp > ${instant(from)}${end}`;
}

function instant(atMs: number): string {
  return `make_timestamptz(${Math.floor(atMs)}::BIGINT * 1000)`;
}

// The address of the page of Claude Code.

import type { FastifyInstance } from 'fastify';
import { readClaudeCodeSums, readMcpServers, readSkills } from '../../../queries/claude-code/read-use.ts';
import { readCompactions } from '../../../queries/findings/read-compactions.ts';
import type { QueryText } from '../../../questions/query-params.ts';
import { parseStretch } from '../../../questions/stretch.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { CLAUDE_CODE_PATH, CLAUDE_CODE_TIME, ClaudeCodePage } from './claude-code-page.tsx';

const REFRESH_SECONDS = 60;

export function registerClaudeCodeRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;
  app.get<{ Querystring: QueryText }>(CLAUDE_CODE_PATH, async (request, reply) => {
    const now = pageNow(context.store);
    const stretch = parseStretch(request.query, { now, timezone, time: CLAUDE_CODE_TIME });
    const [sums, skills, servers, compactions] = await Promise.all([
      readClaudeCodeSums(database, stretch),
      readSkills(database, stretch),
      readMcpServers(database, stretch),
      readCompactions(database, stretch),
    ]);
    const view = {
      sums,
      isOnPlan: context.isClaudeOnPlan,
      skills,
      servers,
      compactions: compactions.toSorted((a, b) => b.costNanoUsd - a.costNanoUsd || b.atMs - a.atMs),
      stretch,
      zone: timezone,
      now,
    };
    return answerPage(
      context,
      request,
      reply,
    )(<ClaudeCodePage view={view} />, {
      title: 'Claude Code',
      stretch,
      refresh: { url: request.url, seconds: REFRESH_SECONDS },
    });
  });
}

// MCP tools about the bill, limits, scores, and what fixes would recover.

import { z } from 'zod';
import { instantParam } from '../../server/questions/query-params.ts';
import { partOf } from './mcp-answer.ts';
import { PAGING, mcpTool, sinceText, type McpTool } from './mcp-tool.ts';

export const MONEY_TOOLS: readonly McpTool[] = [
  mcpTool({
    name: 'findings',
    title: 'Findings',
    description:
      'What fixes would recover a week in dollars: caching, unused tools, retries, loops, cut answers, cost changes; with evidence, runs, the fix and how to verify it.',
    input: PAGING,
    async answer(source, { limit, offset }) {
      const { findings, ...head } = await source.findings();
      return {
        value: { ...head, by_day: undefined, by_model: undefined, ...partOf(findings, offset, limit) },
        path: '/findings',
      };
    },
  }),
  mcpTool({
    name: 'limits',
    title: 'Limits',
    description: 'Shared limits on spend as they stand today, and what limits refused, stopped or warned of.',
    input: { since: sinceText('24h'), ...PAGING },
    async answer(source, { since, limit, offset }, { now }) {
      const { limits, actions } = await source.limits(instantParam({ since }, 'since', now()) ?? now());
      return {
        value: { limits: limits.slice(0, limit), ...partOf(actions, offset, limit) },
        path: '/limits',
      };
    },
  }),
  mcpTool({
    name: 'scores',
    title: 'Scores',
    description:
      'How good the work was: mean and share of good of each score, whole or of one agent or version.',
    input: {
      window: z.string().default('7d').describe('24h, 7d, 30d'),
      agent: z.string().optional(),
      version: z.string().optional(),
    },
    async answer(source, { window, agent, version }) {
      const where = {
        ...(agent === undefined ? {} : { agent }),
        ...(version === undefined ? {} : { version }),
      };
      const ask = { window, by: 'score', where } as const;
      const [mean, good, scored] = await Promise.all(
        ['score_mean', 'score_share', 'scored_runs'].map(async (id) => {
          const result = await source.signal(id, ask);
          return 'groups' in result ? result.groups : [];
        }),
      );
      return { value: { window, mean, share_of_good: good, scored_runs: scored }, path: '/' };
    },
  }),
  mcpTool({
    name: 'reconcile',
    title: 'Bill',
    description:
      'What Anthropic billed beside what was observed: difference, coverage, price drift, causes, by API key. Rows with a difference are paged.',
    input: { since: sinceText('30d'), ...PAGING },
    async answer(source, { since, limit, offset }, { now, serviceOfKey }) {
      const report = await source.reconciliation({
        since: instantParam({ since }, 'since', now()) ?? now(),
        serviceOfKey: serviceOfKey(),
      });
      const { rows, ...head } = report;
      const differing = rows.filter(({ difference_nano_usd: difference }) => difference !== 0);
      return { value: { ...head, ...partOf(differing, offset, limit) }, path: '/reconcile' };
    },
  }),
];

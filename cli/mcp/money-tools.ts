// MCP tools about the bill and what fixes would recover.

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
    name: 'reconcile',
    title: 'Bill',
    description:
      'What Anthropic billed beside what was observed: difference, coverage, price drift, causes, by API key. Rows with a difference are paged.',
    input: { since: sinceText('30d'), ...PAGING },
    async answer(source, { since, limit, offset }, { now }) {
      const report = await source.reconciliation({ since: instantParam({ since }, 'since', now()) ?? now() });
      const { rows, ...head } = report;
      const differing = rows.filter(({ difference_nano_usd: difference }) => difference !== 0);
      return { value: { ...head, ...partOf(differing, offset, limit) }, path: '/reconcile' };
    },
  }),
];

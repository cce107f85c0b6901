// MCP tools about money, signals and alerts.

import { z } from 'zod';
import { COST_WAYS } from '../../server/queries/signals/read-cost.ts';
import { CACHE_SETTINGS } from '../../server/queries/diagnosis/read-what-if.ts';
import { instantParam } from '../../server/questions/query-params.ts';
import { DIMENSIONS } from '../../core/schema.ts';
import { CATALOGUE } from '../../signals/catalogue/index.ts';
import { partOf } from './mcp-answer.ts';
import { PAGING, mcpTool, pathWith, sinceText, type McpTool } from './mcp-tool.ts';

const COST_PAGES: Readonly<Record<string, string>> = {
  model: '/models',
  user: '/users',
  tool: '/tools',
  task: '/tasks',
  agent: '/agents',
  session: '/sessions',
};
const CAUSES_SHOWN = 8;
const NOTICES_SHOWN = 5;

export const COST_TOOLS: readonly McpTool[] = [
  mcpTool({
    name: 'cost',
    title: 'Cost',
    description: 'What calls cost, in dollars at list price, by day or by a dimension; most expensive first.',
    input: {
      by: z.enum(COST_WAYS as [string, ...string[]]).default('day'),
      since: sinceText('7d'),
      ...PAGING,
    },
    async answer(source, { by, since, limit, offset }, { now }) {
      const report = await source.cost({
        by: by as (typeof COST_WAYS)[number],
        since: instantParam({ since }, 'since', now()),
      });
      const { rows, tool_tax: toolTax, ...head } = report;
      const part = partOf(rows, offset, limit);
      return {
        value: {
          ...head,
          ...part,
          ...(toolTax === undefined ? {} : { unused_tools: toolTax.unused.slice(0, limit) }),
        },
        path: COST_PAGES[by] ?? '/',
      };
    },
  }),
  mcpTool({
    name: 'cost_change',
    title: 'Why did cost change?',
    description:
      'Why a time cost more or less than another: the difference split exactly, with causes, evidence, runs and fixes. Yesterday against the day before: from yesterday. Without parameters: the last 24 hours against the 24 hours before.',
    input: {
      from: z.string().optional().describe('today, yesterday, 24h, 7d or a time'),
      to: z.string().optional(),
      against: z.string().optional().describe('7d: that length before; or FROM..TO'),
      agent: z.string().optional(),
    },
    async answer(source, question) {
      const { causes, parts, changes, ...head } = await source.diagnosis(question);
      return {
        value: {
          ...head,
          causes: causes.slice(0, CAUSES_SHOWN).map((cause) => ({ ...cause, evidence_segments: undefined })),
          parts: parts.slice(0, CAUSES_SHOWN),
          changes: changes.slice(0, CAUSES_SHOWN),
        },
        path: pathWith('/diagnose', question),
      };
    },
  }),
  mcpTool({
    name: 'what_if',
    title: 'What if',
    description:
      'What the recorded calls would have cost with another model, another cache setting, or in a batch. Name at least one of the three.',
    input: {
      model: z.string().optional(),
      cache: z.enum(CACHE_SETTINGS as [string, ...string[]]).optional(),
      batch: z.boolean().optional(),
      from: z.string().optional().describe('default 7d'),
      to: z.string().optional(),
      agent: z.string().optional(),
    },
    async answer(source, { batch, ...question }) {
      const report = await source.whatIf({ ...question, ...(batch === true ? { batch: 'true' } : {}) });
      return { value: report, path: '/diagnose' };
    },
  }),
  mcpTool({
    name: 'signals',
    title: 'Signals',
    description:
      'Without id: the catalogue of numbers (ids, units, meaning). With id: the value of one over a window, whole or by a dimension.',
    input: {
      id: z.string().optional(),
      window: z.string().default('24h').describe('1h, 24h, 7d, or day'),
      by: z.enum(DIMENSIONS).optional(),
      ...PAGING,
    },
    async answer(source, { id, window, by, limit, offset }) {
      if (id === undefined) {
        const all = CATALOGUE.map(({ id: name, unit, help, dimensions }) => ({
          id: name,
          unit,
          help,
          dimensions,
        }));
        return { value: partOf(all, offset, limit), path: '/' };
      }
      const result = await source.signal(id, { window, by });
      if ('value' in result) return { value: result, path: '/' };
      const { groups, ...head } = result;
      return { value: { ...head, ...partOf(groups, offset, limit) }, path: '/' };
    },
  }),
  mcpTool({
    name: 'alerts',
    title: 'Alerts',
    description: 'Rules of alerts that fire or are about to, the thresholds of all, and the last notices.',
    input: { all: z.boolean().default(false).describe('also rules that are quiet'), ...PAGING },
    async answer(source, { all, limit, offset }) {
      const overview = await source.alerts();
      const rules = overview.rules.filter(
        (rule) => all || rule.fault !== null || rule.alerts.some(({ phase }) => phase !== 'quiet'),
      );
      return {
        value: {
          firing: overview.firing,
          ...partOf(rules, offset, limit),
          notices: overview.notices.slice(0, NOTICES_SHOWN),
        },
        path: '/alerts',
      };
    },
  }),
];

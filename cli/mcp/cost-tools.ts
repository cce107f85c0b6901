// MCP tools about money, signals and alerts.

import { z } from 'zod';
import { COST_WAYS } from '../../server/queries/signals/read-cost.ts';
import { CACHE_SETTINGS } from '../../server/queries/diagnosis/read-what-if.ts';
import type { Where } from '../../server/queries/read-events.ts';
import { COST_NARROWINGS, parseCostRequest } from '../../server/questions/cost-params.ts';
import { unknownName } from '../../server/questions/filter-keys.ts';
import { EXCLUDES, textParams, whereParam, type QueryText } from '../../server/questions/query-params.ts';
import { withLines } from '../../server/questions/run-filter-params.ts';
import { durationMsOf } from '../../core/time/duration.ts';
import { DIMENSIONS } from '../../core/schema.ts';
import { CATALOGUE } from '../../signals/catalogue/index.ts';
import { partOf } from './mcp-answer.ts';
import { zoneOf } from '../terminal/moment.ts';
import { PAGING, STRETCH, VALUES, mcpTool, pathWith, sinceOrStretch, type McpTool } from './mcp-tool.ts';

const COST_PAGES: Readonly<Record<string, string>> = {
  model: '/models',
  user: '/users',
  tool: '/tools',
  task: '/tasks',
  agent: '/agents',
  session: '/sessions',
};
/** What a report is narrowed to: a value, or several of which any counts. */
const NARROWINGS = {
  user: VALUES.describe('one, or a list of which any counts; so with all filters'),
  agent: VALUES,
  version: VALUES,
  model: VALUES,
  task: VALUES,
  project: VALUES,
  session: VALUES,
  filter: VALUES.describe(
    'the same in one line: `user:ana user:ben -model:claude-haiku-4-5`; a name several times means any, - excludes',
  ),
};

/** @throws RequestError on a filter of runs that spend is not narrowed to */
function narrowing(asked: QueryText): { readonly where: Where | undefined; readonly params: QueryText } {
  const params = withLines(asked);
  for (const name of Object.keys(params))
    if (!(COST_NARROWINGS as readonly string[]).includes(name.replace(EXCLUDES, '')))
      throw unknownName(name, COST_NARROWINGS, 'filter');
  return { where: whereParam(params, COST_NARROWINGS), params };
}

/** The page of a report, with its time where it is not the usual one; of a narrowed one the runs that it is about. */
function pageOf(
  by: string,
  time: { readonly since: string | undefined; readonly sinceMs: number; readonly until: number | undefined },
  params: QueryText,
): string {
  const isLength = time.since !== undefined && durationMsOf(time.since) !== undefined;
  const since = isLength ? time.since : new Date(time.sinceMs).toISOString();
  const until = time.until === undefined ? undefined : new Date(time.until).toISOString();
  const isUsual = time.since === undefined && until === undefined;
  const isWhole = textsOf(params).length === 0;
  return pathWith(isWhole ? (COST_PAGES[by] ?? '/') : '/runs', {
    ...params,
    ...(isWhole && isUsual ? {} : { since: isUsual ? '7d' : since, until }),
  });
}

function textsOf(params: QueryText): readonly string[] {
  return Object.keys(params).flatMap((name) => textParams(params, name));
}

const CAUSES_SHOWN = 8;
const NOTICES_SHOWN = 5;

export const COST_TOOLS: readonly McpTool[] = [
  mcpTool({
    name: 'cost',
    title: 'Cost',
    description:
      'What calls cost, in dollars at list price, by day or by a dimension; most expensive first. Of all calls, or of those that filters name.',
    input: {
      by: z.enum(COST_WAYS as [string, ...string[]]).default('day'),
      since: sinceOrStretch('7d'),
      ...STRETCH,
      ...NARROWINGS,
      ...PAGING,
    },
    async answer(source, { by, since, from, to, limit, offset, ...narrowed }, { now }) {
      const isNamed = from !== undefined || to !== undefined;
      const zone = isNamed ? await zoneOf(source) : 'UTC';
      const time = { since: since ?? (isNamed ? undefined : '7d'), from, to };
      const { where, params } = narrowing(narrowed);
      const { since: sinceMs, until } = parseCostRequest(time, now(), zone);
      const report = await source.cost({
        by: by as (typeof COST_WAYS)[number],
        since: sinceMs,
        ...(isNamed ? { until } : {}),
        where,
      });
      const { rows, tool_tax: toolTax, ...head } = report;
      const part = partOf(rows, offset, limit);
      return {
        value: {
          ...head,
          ...part,
          ...(toolTax === undefined ? {} : { unused_tools: toolTax.unused.slice(0, limit) }),
        },
        path: pageOf(by, { since, sinceMs, until: isNamed ? until : undefined }, params),
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
      ...NARROWINGS,
      ...PAGING,
    },
    async answer(source, { id, window, by, limit, offset, ...narrowed }) {
      if (id === undefined) {
        const all = CATALOGUE.map(({ id: name, unit, help, dimensions }) => ({
          id: name,
          unit,
          help,
          dimensions,
        }));
        return { value: partOf(all, offset, limit), path: '/' };
      }
      const result = await source.signal(id, { window, by, where: narrowing(narrowed).where });
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

// MCP tools about single runs: find them, read one, read its steps.

import { z } from 'zod';
import { openSealed, readKey } from '../../server/store/file/content-cipher.ts';
import { instantParam } from '../../server/questions/query-params.ts';
import { parseRunsQuestion, runFilterParams, withLines } from '../../server/questions/run-filter-params.ts';
import { RequestError } from '../../server/questions/request-error.ts';
import { RUN_STATUS_WORDS } from '../../server/queries/runs/run-filter.ts';
import type { CostBy } from '../../server/queries/signals/read-cost.ts';
import type { RunSummary, RunTree, Source } from '../../server/source.ts';
import { partOf } from './mcp-answer.ts';
import { zoneOf } from '../terminal/moment.ts';
import {
  PAGING,
  STRETCH,
  VALUES,
  mcpTool,
  pathWith,
  sinceOrStretch,
  sinceText,
  type McpContext,
  type McpTool,
} from './mcp-tool.ts';

const SEARCHED: readonly Exclude<CostBy, 'day'>[] = [
  'agent',
  'user',
  'tool',
  'model',
  'task',
  'project',
  'session',
];
/** Longest request or answer that is handed out, in characters. */
const CONTENT_TEXT_LIMIT = 6000;

/** What is asked of a list of runs, as an address has it; of a name any of its values, of different names all. */
const RUN_FILTERS = {
  status: VALUES.describe(RUN_STATUS_WORDS.join(', ')),
  failed: z.boolean().optional().describe('only runs that ended other than ok'),
  user: VALUES.describe('one, or a list of which any counts; so with all filters'),
  agent: VALUES,
  version: VALUES,
  task: VALUES,
  project: VALUES,
  session: VALUES,
  tag: VALUES,
  model: VALUES.describe('a model that one of its calls was answered by'),
  tool: VALUES.describe('a tool that it called'),
  error: VALUES.describe('part of an error type of the run or its steps'),
  filter: VALUES.describe(
    'further filters in one line: `user:ana user:ben -tool:search cost>0.5 duration<10s`; a name several times means any, - excludes',
  ),
  cost: VALUES.describe('compared in dollars: >0.5, <=2'),
  score: VALUES.describe('a score that it has: helpful, helpful<0.7, helpful=good'),
  sort: z.enum(['newest', 'slowest', 'most-expensive']).default('newest'),
};

function summaryRow(run: RunSummary): object {
  const { 'agent.cost_usd': cost, cost_with_nested_usd: withNested } = run;
  return {
    run: run['agent.run_id'],
    status: run['agent.status'],
    started_at: run.started_at,
    duration_ms: run.duration_ms,
    agent: run['gen_ai.agent.name'],
    user: run['user.id'],
    task: run['agent.task_type'],
    turns: run['agent.turns'],
    tool_calls: run['agent.tool_calls'],
    cost_usd: cost,
    ...(run.nested_runs > 0 ? { nested_runs: run.nested_runs, cost_with_nested_usd: withNested } : {}),
    ...(run.unpriced_calls > 0 ? { unpriced_calls: run.unpriced_calls } : {}),
    ...(run['error.type'] === null ? {} : { error: run['error.type'] }),
  };
}

async function readOne(source: Source, id: string): Promise<RunTree> {
  const run = await source.run(id);
  if (run === undefined) throw new RequestError(404, `there is no run ${id}`);
  return run;
}

const RUN_ID = z.string().min(4).describe('id of a run, or its beginning');

export const RUN_TOOLS: readonly McpTool[] = [
  mcpTool({
    name: 'search',
    title: 'Search',
    description:
      'Finds agents, users, tools, models, tasks, projects and sessions whose name holds a text, with what they cost, and runs whose id begins with it.',
    input: { text: z.string().min(1).max(500), since: sinceText('30d'), ...PAGING },
    async answer(source, { text, since, limit, offset }, { now }) {
      const wanted = text.toLowerCase();
      const sinceMs = instantParam({ since }, 'since', now());
      const reports = await Promise.all(SEARCHED.map((by) => source.cost({ by, since: sinceMs })));
      const names = reports.flatMap(({ by, rows }) =>
        rows
          .filter(({ name }) => name?.toLowerCase().includes(wanted) === true)
          .map(({ name, cost_usd: costUsd, calls }) => ({ kind: by, name, cost_usd: costUsd, calls })),
      );
      const runs = await source.runs({ run: text, limit: 5 });
      return {
        value: { ...partOf(names, offset, limit), runs: runs.map(summaryRow) },
        path: '/runs',
      };
    },
  }),
  mcpTool({
    name: 'runs',
    title: 'Runs',
    description:
      'Lists runs of agents with status, duration and cost; by filters, newest, slowest or most expensive first.',
    input: { ...RUN_FILTERS, since: sinceOrStretch('7d'), ...STRETCH, ...PAGING },
    async answer(source, { limit, offset, failed, since, from, to, ...asked }, { now }) {
      const isNamed = from !== undefined || to !== undefined;
      const params = withLines({
        ...asked,
        ...(failed === undefined ? {} : { failed: String(failed) }),
        since: since ?? (isNamed ? undefined : '7d'),
      });
      const zone = isNamed ? await zoneOf(source) : 'UTC';
      const filter = { ...parseRunsQuestion({ ...params, from, to }, now(), zone), offset };
      const found = await source.runs({ ...filter, limit: limit + 1 });
      const hasMore = found.length > limit;
      return {
        value: {
          rows: found.slice(0, limit).map(summaryRow),
          next_offset: hasMore ? offset + limit : null,
        },
        path: pathWith('/runs', isNamed ? runFilterParams({ ...filter, offset: undefined }) : params),
      };
    },
  }),
  mcpTool({
    name: 'run',
    title: 'One run',
    description:
      'One run: status, cost, its nested runs and what went wrong though nothing failed. Its steps are read with the tool steps.',
    input: { run: RUN_ID },
    async answer(source, { run: id }) {
      const run = await readOne(source, id);
      return {
        value: {
          ...summaryRow(run),
          ended_at: run.ended_at,
          session: run['gen_ai.conversation.id'],
          version: run['agent.version'],
          retries: run['agent.retries'],
          tokens_in: run['agent.tokens_in'],
          tokens_out: run['agent.tokens_out'],
          estimated_calls: run.estimated_calls,
          steps: run.steps.length,
          silent_failures: run.silent_failures.slice(0, 10),
          children: run.children.slice(0, 10).map(summaryRow),
        },
        path: `/runs/${encodeURIComponent(run['agent.run_id'])}`,
      };
    },
  }),
  mcpTool({
    name: 'steps',
    title: 'Steps of a run',
    description:
      'The model calls, tool calls and notes of a run in order, with tokens, cost and errors. With content: true also requests and answers, where they were recorded and the server was started with --content.',
    input: { run: RUN_ID, content: z.boolean().default(false), ...PAGING },
    async answer(source, { run: id, content, limit, offset }, context) {
      const run = await readOne(source, id);
      const part = partOf(run.steps, offset, limit);
      const contents = content ? await readContents(source, run['agent.run_id'], context) : undefined;
      const rows = part.rows.map((step) => ({
        step: step.step,
        started_at: step.started_at,
        span_id: step['span_id'],
        model: step['gen_ai.response.model'] ?? step['gen_ai.request.model'],
        tool: step['gen_ai.tool.name'],
        note: step['agent.note.kind'],
        duration_ms: step['duration_ms'],
        tokens_in: step['gen_ai.usage.input_tokens'],
        tokens_cache_read: step['tokens_cache_read'],
        tokens_out: step['gen_ai.usage.output_tokens'],
        cost_usd: step['cost_usd'],
        total_cost_usd: step.total_cost_usd,
        ok: step['tool.ok'],
        error: step['error.type'],
        reads_failed: step.reads_failed,
        read_by: step.read_by,
        ...contents?.get(String(step['span_id'])),
      }));
      return {
        value: { run: run['agent.run_id'], ...part, rows },
        path: `/runs/${encodeURIComponent(run['agent.run_id'])}`,
        ...(content ? { textLimit: CONTENT_TEXT_LIMIT } : {}),
      };
    },
  }),
];

interface StepContent {
  readonly request?: string;
  readonly response?: string;
}

/** Requests and answers by span. @throws RequestError where they may not be read */
async function readContents(
  source: Source,
  id: string,
  { contentKey }: McpContext,
): Promise<ReadonlyMap<string, StepContent>> {
  if (contentKey === undefined)
    throw new RequestError(
      400,
      'content may not be read: whoever runs this server has to start it with `tallyspan mcp --content`',
    );
  const recording = await source.recording(id);
  const recorded = recording?.steps.filter(
    (step) => step.sealed_request !== null || step.sealed_response !== null,
  );
  if (recorded === undefined || recorded.length === 0)
    throw new RequestError(
      404,
      `no content of run ${id} was recorded: that needs TALLYSPAN_CONTENT=full in the agent's process`,
    );
  const key = readKey(contentKey(String((await source.meta())['data_dir'])));
  return new Map(
    recorded.map((step) => [
      step.span_id,
      {
        ...(step.sealed_request === null
          ? {}
          : { request: openSealed(step.sealed_request, step, 'tallyspan.request_json', key) }),
        ...(step.sealed_response === null
          ? {}
          : { response: openSealed(step.sealed_response, step, 'tallyspan.response_json', key) }),
      },
    ]),
  );
}

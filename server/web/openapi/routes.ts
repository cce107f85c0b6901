// Descriptions of the routes of the API: what each answers, with which parameters. The functions of server/questions check
// the parameters; their messages say what a wrong one may be.

import { DIMENSIONS } from '../../../core/schema.ts';
import { EXPORT_FORMATS } from '../../queries/export/export-events.ts';
import { MEASURES, RUNS_LIMIT, RUN_STATUSES, RUN_TEXT_FILTERS } from '../../queries/runs/run-filter.ts';
import { RUN_SORTS } from '../../queries/runs/run-order.ts';
import { COST_WAYS } from '../../queries/signals/read-cost.ts';
import { DIAGNOSIS_NARROWINGS } from '../../questions/diagnosis-params.ts';
import { COST_NARROWINGS } from '../../questions/query-params.ts';
import { USAGE_KINDS } from '../../queries/usage/read-usage.ts';
import { CACHE_SETTINGS } from '../../queries/diagnosis/read-what-if.ts';
import { ANYTHING, arrayOf, FLAG, refTo, TEXT, type JsonSchema } from './json-schema.ts';

/** How long a description holds. */
export type Stability = 'stable' | 'internal';

/** What a route puts into `schema`. */
export interface RouteDescription {
  readonly summary: string;
  readonly stability: Stability;
  readonly params?: JsonSchema;
  readonly querystring?: JsonSchema;
  /** JSON that has to be sent. */
  readonly body?: JsonSchema;
  /** By status; others are problems. */
  readonly response?: Readonly<Record<number, JsonSchema>>;
  /** Statuses of problems beside those that every route has. */
  readonly problems?: readonly number[];
  /** A file instead of JSON. */
  readonly media?: string;
  /** Answered with a `Link` to the next part. */
  readonly isPaged?: true;
}

const query = (
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = [],
): JsonSchema => ({
  type: 'object',
  properties,
  required,
});
/** An empty parameter is none. */
const textOf = (...patterns: readonly string[]): JsonSchema => ({
  type: 'string',
  pattern: `^(${patterns.join('|')})?$`,
});
const LENGTH = String.raw`\d{1,4}[smhdw]`;
const TIME_TEXT = String.raw`\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))?`;
export const MOMENT: JsonSchema = {
  ...textOf(LENGTH, TIME_TEXT),
  description: 'a time back from now (24h, 7d), or a time (2026-11-20T00:00:00Z)',
  examples: ['24h', '2026-11-20T00:00:00Z'],
};
const INSTANT: JsonSchema = {
  ...textOf(TIME_TEXT),
  description: 'a time (2026-11-20T00:00:00Z)',
  examples: ['2026-11-20T00:00:00Z'],
};
const DAY: JsonSchema = {
  ...textOf(LENGTH, TIME_TEXT, 'today', 'yesterday'),
  description: `${String(MOMENT['description'])}, today or yesterday`,
  examples: MOMENT['examples'],
};
const RUN_ID = query({ id: { type: 'string', minLength: 1, description: 'id of a run, or its beginning' } });
const answers = (name: string): Readonly<Record<number, JsonSchema>> => ({ 200: refTo(name) });

const RUN_FILTERS: Readonly<Record<string, JsonSchema>> = {
  ...Object.fromEntries(RUN_TEXT_FILTERS.map((name) => [name, TEXT])),
  status: { type: 'string', enum: [...new Set([...RUN_STATUSES, 'failed', 'abandoned'])] },
  parentRun: TEXT,
  failed: FLAG,
  unpriced: FLAG,
  ...Object.fromEntries(
    MEASURES.map((name) => [
      name,
      textOf(String.raw`(<|<=|=|>=|>)?${name === 'duration' ? LENGTH : String.raw`-?\d{1,9}(\.\d{1,9})?`}`),
    ]),
  ),
  score: {
    type: 'string',
    description: 'name of a score, and what it must be; may stand several times',
    examples: ['helpful<0.7', 'helpful=good', 'helpful'],
  },
  since: MOMENT,
  until: MOMENT,
};

export const RUNS_ROUTE: RouteDescription = {
  summary: 'Runs that match, in the order asked for',
  stability: 'stable',
  isPaged: true,
  querystring: query({
    ...RUN_FILTERS,
    sort: { type: 'string', enum: [...RUN_SORTS] },
    order: { type: 'string', enum: ['reversed'] },
    limit: { type: 'integer', minimum: 0, maximum: RUNS_LIMIT, default: 50 },
    at: { type: 'string', description: 'where the list goes on: see the Link of the answer before' },
    offset: { type: 'integer', minimum: 0, maximum: 1_000_000, deprecated: true },
  }),
  response: { 200: arrayOf(refTo('RunSummary')) },
};

export const RUN_SUMS_ROUTE: RouteDescription = {
  summary: 'What all runs that match sum to',
  stability: 'stable',
  querystring: query(RUN_FILTERS),
  response: answers('RunSums'),
};

export const RUN_ROUTE: RouteDescription = {
  summary: 'One run with its steps',
  stability: 'stable',
  params: RUN_ID,
  response: answers('Run'),
};

export const RECORDING_ROUTE: RouteDescription = {
  summary: 'Recorded requests and answers of a run, encrypted',
  stability: 'internal',
  params: RUN_ID,
  response: answers('Recording'),
};

export const COST_ROUTE: RouteDescription = {
  summary: 'Spend, split one way',
  stability: 'stable',
  querystring: query({
    by: { type: 'string', enum: [...COST_WAYS] },
    since: MOMENT,
    until: MOMENT,
    ...Object.fromEntries(COST_NARROWINGS.map((name) => [name, TEXT])),
  }),
  response: answers('CostReport'),
};

export const DIAGNOSIS_ROUTE: RouteDescription = {
  summary: 'Why did cost change?',
  stability: 'stable',
  querystring: query({
    from: DAY,
    to: DAY,
    against: {
      ...textOf(LENGTH, String.raw`(${TIME_TEXT})\.\.(${TIME_TEXT})`),
      description: 'a length before from (7d), or FROM..TO',
      examples: ['7d'],
    },
    ...Object.fromEntries(DIAGNOSIS_NARROWINGS.map((name) => [name, TEXT])),
  }),
  response: answers('Diagnosis'),
};

export const WHAT_IF_ROUTE: RouteDescription = {
  summary: 'What the recorded calls would have cost with one setting changed',
  stability: 'stable',
  querystring: query({
    from: DAY,
    to: DAY,
    agent: TEXT,
    model: TEXT,
    cache: { type: 'string', enum: [...CACHE_SETTINGS] },
    batch: FLAG,
  }),
  response: answers('WhatIf'),
};

export const USAGE_ROUTE: RouteDescription = {
  summary: 'What model calls took, by time or session',
  stability: 'stable',
  querystring: query({
    kind: { type: 'string', enum: [...USAGE_KINDS] },
    since: MOMENT,
    until: MOMENT,
    project: TEXT,
    timezone: { type: 'string', examples: ['Europe/Berlin'] },
  }),
  response: answers('UsageReport'),
};

export const STATUS_LINE_ROUTE: RouteDescription = {
  summary: 'Today, and the block of five hours that goes on',
  stability: 'internal',
  response: answers('StatusLine'),
};

export const SIGNAL_ROUTE: RouteDescription = {
  summary: 'A number of the catalogue (docs/signals.md), whole or by a dimension',
  stability: 'stable',
  params: query({ id: { type: 'string', minLength: 1, examples: ['cost'] } }),
  querystring: query({
    window: { ...textOf(LENGTH, 'day'), examples: ['24h', 'day'] },
    from: INSTANT,
    to: INSTANT,
    by: { type: 'string', enum: [...DIMENSIONS] },
    ...Object.fromEntries(DIMENSIONS.map((dimension) => [dimension, TEXT])),
  }),
  response: answers('Signal'),
};

export const SEARCH_ROUTE: RouteDescription = {
  summary:
    'What one text finds: ids by their beginning, names that hold it, and with access to content the words in it',
  stability: 'internal',
  querystring: query({
    q: TEXT,
    limit: { type: 'integer', minimum: 1, maximum: 100, default: 50 },
    in: { type: 'string', enum: ['names', 'all'], default: 'all' },
  }),
  response: { 200: ANYTHING },
};

export const META_ROUTE: RouteDescription = {
  summary: 'What the server is and has',
  stability: 'stable',
  response: answers('Meta'),
};

export const ALERTS_ROUTE: RouteDescription = {
  summary: 'Rules of alerts, their states, the last notices',
  stability: 'stable',
  response: answers('Alerts'),
};

const STRETCH = {
  time: {
    ...textOf(LENGTH, 'today', 'yesterday', 'week'),
    description: 'a length of time up to now, or a name',
    examples: ['24h', '7d', 'today'],
  },
  from: MOMENT,
  to: MOMENT,
} as const satisfies Readonly<Record<string, JsonSchema>>;

export const COMPARE_GROUPS_ROUTE: RouteDescription = {
  summary:
    'Two groups of runs: each number, the difference with its interval, and the runs that a verdict needs',
  stability: 'stable',
  querystring: query(
    {
      a: {
        type: 'string',
        minLength: 1,
        description: 'a filter, as in the list of runs',
        examples: ['agent:support prompt:v1'],
      },
      b: { type: 'string', minLength: 1, description: 'a filter', examples: ['agent:support prompt:v2'] },
      ...STRETCH,
    },
    ['a', 'b'],
  ),
  response: answers('Groups'),
  problems: [404],
};

export const VERSIONS_ROUTE: RouteDescription = {
  summary: 'Prompt and tool versions of an agent, with the scores of their runs',
  stability: 'stable',
  querystring: query({ agent: { type: 'string', minLength: 1 }, ...STRETCH }, ['agent']),
  response: answers('Versions'),
};

export const FINDINGS_ROUTE: RouteDescription = {
  summary: 'What fixes would recover a week',
  stability: 'stable',
  response: answers('Findings'),
};

export const RECONCILIATION_ROUTE: RouteDescription = {
  summary: 'What was billed beside what was observed',
  stability: 'stable',
  querystring: query({ since: MOMENT, until: MOMENT }),
  response: answers('Reconciliation'),
};

export const BILLING_ROUTE: RouteDescription = {
  summary: 'The stored bill and the ledger, as a reconciliation needs them',
  stability: 'internal',
  querystring: query({ since: MOMENT, until: MOMENT }),
  response: { 200: { type: 'object' } },
};

export const EXPORT_ROUTE: RouteDescription = {
  summary: 'The events as a file',
  stability: 'stable',
  media: 'application/octet-stream',
  querystring: query({
    format: { type: 'string', enum: [...EXPORT_FORMATS] },
    events: { type: 'string', examples: ['agent.run,agent.model_call'] },
    since: MOMENT,
    until: MOMENT,
  }),
};

export const BACKUP_ROUTE: RouteDescription = {
  summary: 'A database file with everything that is committed',
  stability: 'stable',
  media: 'application/octet-stream',
};

// Descriptions of the routes of the API: what each answers, with which parameters. The functions of server/questions check
// the parameters; their messages say what a wrong one may be.

import { DIMENSIONS } from '../../../core/schema.ts';
import { EXPORT_FORMATS } from '../../queries/export/export-events.ts';
import { MEASURES, RUNS_LIMIT, RUN_CHOICES, RUN_STATUSES } from '../../queries/runs/run-filter.ts';
import { RUN_SORTS } from '../../queries/runs/run-order.ts';
import { COST_WAYS } from '../../queries/signals/read-cost.ts';
import { DIAGNOSIS_NARROWINGS } from '../../questions/diagnosis-params.ts';
import { COST_NARROWINGS } from '../../questions/cost-params.ts';
import { EXCLUDES } from '../../questions/query-params.ts';
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
  /** A parameter that is not named here is refused. */
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

/** Each may stand several times, and with `-` before its name. */
const choicesOf = (
  names: readonly string[],
  schema: JsonSchema = TEXT,
  description = 'any of these',
): Readonly<Record<string, JsonSchema>> =>
  Object.fromEntries(
    names.flatMap((name) => [
      [name, { ...arrayOf(schema), description }],
      [EXCLUDES + name, { ...arrayOf(schema), description: 'none of these' }],
    ]),
  );
const STRETCH = {
  time: {
    ...textOf(LENGTH, 'today', 'yesterday', 'week'),
    description: 'a length of time up to now, or a name',
    examples: ['24h', '7d', 'today'],
  },
  from: MOMENT,
  to: MOMENT,
} as const satisfies Readonly<Record<string, JsonSchema>>;
/** As commands name it, or by instants. */
const SPAN = {
  ...STRETCH,
  from: {
    ...textOf(LENGTH, TIME_TEXT, 'today', 'yesterday', 'week'),
    description:
      'today, yesterday, week, a date, a time of the zone, or how far back; a day without to is the whole day',
    examples: ['yesterday', '2026-11-20', '2026-11-20T14:30'],
  },
  to: {
    ...textOf(LENGTH, TIME_TEXT, 'today', 'yesterday'),
    description: 'end of that time; without it now',
    examples: ['yesterday', '2026-11-20T15:30'],
  },
  zone: {
    type: 'string',
    description: "zone of days and times; the server's without it",
    examples: ['Europe/Berlin'],
  },
  since: { ...MOMENT, description: `in place of from: ${String(MOMENT['description'])}` },
  until: { ...MOMENT, description: `in place of to: ${String(MOMENT['description'])}` },
} as const satisfies Readonly<Record<string, JsonSchema>>;

const RUN_FILTERS: Readonly<Record<string, JsonSchema>> = {
  filter: {
    type: 'string',
    description: 'the line of filters of the page, beside or in place of the other parameters',
    examples: ['user:ana user:ben -tool:search cost>0.5'],
  },
  ...choicesOf(RUN_CHOICES),
  ...choicesOf(['status'], { type: 'string', enum: [...new Set([...RUN_STATUSES, 'failed', 'abandoned'])] }),
  failed: FLAG,
  unpriced: FLAG,
  [`${EXCLUDES}unpriced`]: FLAG,
  ...choicesOf(
    MEASURES.filter((name) => name !== 'duration'),
    textOf(String.raw`(<|<=|=|>=|>)?-?\d{1,9}(\.\d{1,9})?`),
    'all of these; of several with = any',
  ),
  ...choicesOf(['duration'], textOf(`(<|<=|=|>=|>)?${LENGTH}`), 'all of these; of several with = any'),
  ...choicesOf(
    ['score'],
    { type: 'string', examples: ['helpful<0.7', 'helpful=good', 'helpful'] },
    'name of a score, and what it must be: all of these; of several with = of one name any',
  ),
  ...SPAN,
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
  querystring: query({
    ...RUN_FILTERS,
    sort: { type: 'string', enum: [...RUN_SORTS], deprecated: true, description: 'makes no difference' },
  }),
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
    ...SPAN,
    ...choicesOf(COST_NARROWINGS),
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
    ...choicesOf(DIAGNOSIS_NARROWINGS),
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
    ...choicesOf(DIMENSIONS),
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
  querystring: query({
    since: MOMENT,
    until: MOMENT,
    keys: { type: 'string', examples: ['apikey_01=support apikey_02=search'] },
  }),
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

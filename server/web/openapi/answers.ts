// Schemas of the answers of the API, by the name that they have in the document.

import type { AlertOverview, RuleLine } from '../../alerting/alert-overview.ts';
import type { ReconciliationReport, ReconciliationSums } from '../../queries/billing/read-reconciliation.ts';
import type { Finding, FindingsReport } from '../../queries/findings/read-findings.ts';
import type { GroupDifference, GroupsReport, GroupSummary } from '../../queries/groups/compare-groups.ts';
import type { VersionRow, VersionsReport } from '../../queries/groups/read-versions.ts';
import type { WhatIfReport } from '../../queries/diagnosis/read-what-if.ts';
import type { DiagnosisReport } from '../../queries/diagnosis/read-diagnosis.ts';
import type { Recording, RecordedStep } from '../../queries/runs/read-recording.ts';
import type { RunSumsAnswer } from '../../queries/runs/list-runs.ts';
import type { RunSummary } from '../../queries/runs/run-summary.ts';
import type { ListValuePart } from '../../queries/list-value.ts';
import type { CostReport, CostRow } from '../../queries/signals/read-cost.ts';
import type {
  StatusLineNumbers,
  UsageAnswer,
  UsageReport,
  UsageReportRow,
} from '../../queries/usage/read-usage.ts';
import type { SignalValue } from '../../../signals/result.ts';
import type { Problem } from '../api/problem.ts';
import {
  ANYTHING,
  arrayOf,
  COUNT,
  FLAG,
  NANO_USD,
  nullable,
  NUMBER,
  objectSchema,
  optional,
  refTo,
  TEXT,
  TIME,
  USD,
  WINDOW,
  type JsonSchema,
} from './json-schema.ts';

const GROUP_SUMMARY = objectSchema<GroupSummary>({
  group: TEXT,
  from: TIME,
  to: TIME,
  runs: COUNT,
  failed_runs: COUNT,
  cost_nano_usd: nullable(NUMBER),
});

/** Part of a cost that nobody pays; absent where there is none. */
const LIST_VALUE = {
  ...NANO_USD,
  description:
    'part of the cost that was made under a plan of Claude, which pays no single call; absent where none was',
};

const RUN_SUMMARY: { readonly [K in Exclude<keyof RunSummary, keyof ListValuePart>]-?: JsonSchema } = {
  'agent.run_id': TEXT,
  'agent.status': TEXT,
  started_at: TEXT,
  ended_at: nullable(TIME),
  duration_ms: nullable(NUMBER),
  'agent.turns': nullable(NUMBER),
  'agent.tool_calls': nullable(NUMBER),
  'agent.tokens_in': nullable(NUMBER),
  'agent.tokens_out': nullable(NUMBER),
  'agent.retries': nullable(NUMBER),
  'agent.cost_nano_usd': nullable(NANO_USD),
  'agent.cost_usd': nullable(USD),
  nested_runs: COUNT,
  cost_with_nested_nano_usd: nullable(NANO_USD),
  cost_with_nested_usd: nullable(USD),
  unpriced_calls: COUNT,
  estimated_calls: COUNT,
  'error.type': nullable(TEXT),
  'gen_ai.agent.name': nullable(TEXT),
  'agent.version': nullable(TEXT),
  'user.id': nullable(TEXT),
  'gen_ai.conversation.id': nullable(TEXT),
  'agent.task_type': nullable(TEXT),
  'service.name': nullable(TEXT),
  'agent.parent_run_id': nullable(TEXT),
  'agent.tags': arrayOf(TEXT),
  trace_id: nullable(TEXT),
};

const RUN_SUMS = objectSchema<RunSumsAnswer>({
  runs: COUNT,
  failed: COUNT,
  running: COUNT,
  cost_nano_usd: nullable(NANO_USD),
  cost_usd: nullable(USD),
  list_value_nano_usd: optional(LIST_VALUE),
});

const STEP: JsonSchema = {
  type: 'object',
  description: 'A step with the fields of its event (docs/attributes.md).',
  properties: {
    step: { enum: ['model_call', 'tool_call', 'note'] },
    started_at: TIME,
    ended_at: TIME,
    offset_ms: NUMBER,
    total_cost_nano_usd: NANO_USD,
    total_cost_usd: USD,
  },
  required: ['step', 'started_at', 'ended_at', 'offset_ms', 'total_cost_nano_usd', 'total_cost_usd'],
};

const USAGE: { readonly [K in keyof UsageAnswer]-?: JsonSchema } = {
  model_calls: COUNT,
  tokens_input: COUNT,
  tokens_cache_read: COUNT,
  tokens_cache_write: COUNT,
  tokens_output: COUNT,
  tokens_total: COUNT,
  cost_nano_usd: nullable(NANO_USD),
  cost_usd: nullable(USD),
  estimated_nano_usd: NANO_USD,
  not_in_transcript_nano_usd: NANO_USD,
  list_value_nano_usd: NANO_USD,
  unpriced_calls: COUNT,
};

const SUMS = objectSchema<ReconciliationSums>({
  billed_list_nano_usd: NANO_USD,
  billed_amount_nano_usd: NANO_USD,
  observed_nano_usd: NANO_USD,
  difference_nano_usd: NANO_USD,
  covered_nano_usd: NANO_USD,
  missing_nano_usd: NANO_USD,
  price_difference_nano_usd: NANO_USD,
  coverage: nullable(NUMBER),
  drift: nullable(NUMBER),
});

/** Components of the document. */
export const ANSWERS: Readonly<Record<string, JsonSchema>> = {
  Problem: objectSchema<Problem>(
    {
      type: TEXT,
      title: TEXT,
      status: { type: 'integer' },
      detail: { type: 'string', description: 'what is wrong and what to do' },
      error: { type: 'string', description: 'the detail, under its first name', deprecated: true },
    },
    'RFC 9457',
  ),
  RunSums: RUN_SUMS,
  RunSummary: objectSchema<RunSummary>(
    { ...RUN_SUMMARY, list_value_nano_usd: optional(LIST_VALUE) },
    'A run in one line.',
  ),
  Run: {
    type: 'object',
    description: 'A run with its steps.',
    properties: {
      ...RUN_SUMMARY,
      list_value_nano_usd: LIST_VALUE,
      steps: arrayOf(STEP),
      silent_failures: arrayOf(ANYTHING),
      children: arrayOf(refTo('RunSummary')),
    },
    required: [...Object.keys(RUN_SUMMARY), 'steps', 'silent_failures', 'children'],
  },
  Recording: objectSchema<Recording>({
    run_id: TEXT,
    steps: arrayOf(
      objectSchema<RecordedStep>({
        trace_id: TEXT,
        span_id: TEXT,
        model: nullable(TEXT),
        error_type: nullable(TEXT),
        sealed_request: nullable(TEXT),
        sealed_response: nullable(TEXT),
        is_cut: FLAG,
      }),
    ),
  }),
  CostReport: objectSchema<CostReport>({
    by: TEXT,
    window: WINDOW,
    timezone: TEXT,
    total: objectSchema<CostReport['total']>({
      cost_nano_usd: nullable(NANO_USD),
      cost_usd: nullable(USD),
      list_value_nano_usd: optional(LIST_VALUE),
    }),
    adjustments: optional(ANYTHING),
    rows: arrayOf(
      objectSchema<CostRow>({
        name: nullable(TEXT),
        cost_nano_usd: nullable(NANO_USD),
        cost_usd: nullable(USD),
        list_value_nano_usd: optional(LIST_VALUE),
        share: nullable(NUMBER),
        calls: nullable(NUMBER),
        runs: optional(nullable(NUMBER)),
        cost_per_call_nano_usd: optional(nullable(NUMBER)),
        result_size_p50: optional(nullable(NUMBER)),
        failure_rate: optional(nullable(NUMBER)),
        retry_rate: optional(nullable(NUMBER)),
      }),
    ),
    tool_tax: optional(ANYTHING),
  }),
  UsageReport: objectSchema<UsageReport>({
    kind: TEXT,
    window: WINDOW,
    timezone: TEXT,
    total: objectSchema<UsageAnswer>(USAGE),
    rows: arrayOf(
      objectSchema<UsageReportRow>({
        ...USAGE,
        name: nullable(TEXT),
        first_at: TIME,
        last_at: TIME,
        project: nullable(TEXT),
        models: arrayOf(ANYTHING),
        ends_at: optional(TIME),
        is_active: optional(FLAG),
        tokens_per_minute: optional(NUMBER),
        nano_usd_per_hour: optional(NANO_USD),
        projected: optional(ANYTHING),
      }),
    ),
  }),
  StatusLine: objectSchema<StatusLineNumbers>({
    today_nano_usd: NANO_USD,
    day_ends_at: TIME,
    is_list_value: FLAG,
    block: { type: ['object', 'null'] },
  }),
  Signal: {
    type: 'object',
    description: 'One number (value), or one of each group (groups); null is no data.',
    properties: {
      ...(objectSchema<SignalValue>({
        id: TEXT,
        unit: TEXT,
        window: WINDOW,
        value: nullable(NUMBER),
        list_value_nano_usd: optional(LIST_VALUE),
      })['properties'] as object),
      groups: arrayOf({
        type: 'object',
        properties: { by: ANYTHING, value: NUMBER, list_value_nano_usd: LIST_VALUE },
        required: ['by', 'value'],
      }),
    },
    required: ['id', 'unit', 'window'],
  },
  Diagnosis: objectSchema<Omit<DiagnosisReport, 'parts' | 'causes' | 'changes'>>({
    window: WINDOW,
    against: WINDOW,
    scale: NUMBER,
    sampled: FLAG,
    every_nth_run: COUNT,
    cost_nano_usd: NANO_USD,
    cost_usd: USD,
    against_nano_usd: NANO_USD,
    against_usd: USD,
    difference_nano_usd: NANO_USD,
    difference_usd: USD,
    runs: COUNT,
    against_runs: NUMBER,
    runs_looked_at: COUNT,
    against_runs_looked_at: COUNT,
    unexplained_nano_usd: NANO_USD,
    unexplained_usd: USD,
  }),
  WhatIf: objectSchema<WhatIfReport>({
    window: WINDOW,
    change: ANYTHING,
    calls: COUNT,
    changed_calls: COUNT,
    unpriced_calls: COUNT,
    cost_nano_usd: NANO_USD,
    cost_usd: USD,
    what_if_nano_usd: NANO_USD,
    what_if_usd: USD,
    difference_nano_usd: NANO_USD,
    difference_usd: USD,
    tokens: ANYTHING,
    what_if_tokens: ANYTHING,
  }),
  Alerts: objectSchema<AlertOverview>({
    rules: arrayOf(
      objectSchema<RuleLine>({
        id: TEXT,
        title: TEXT,
        severity: TEXT,
        by: nullable(TEXT),
        unit: TEXT,
        comparison: TEXT,
        threshold: NUMBER,
        threshold_text: TEXT,
        sentence: TEXT,
        origin: { enum: ['built_in', 'page', 'environment'] },
        made: nullable(ANYTHING),
        channels: nullable(arrayOf(TEXT)),
        channels_changed: nullable(ANYTHING),
        limit_variable: nullable(TEXT),
        limit_fixed: FLAG,
        limit_changed: nullable(ANYTHING),
        silenced_until: nullable(TIME),
        checked_at: nullable(TIME),
        fault: nullable(TEXT),
        alerts: arrayOf(ANYTHING),
      }),
    ),
    disabled: arrayOf(TEXT),
    firing: COUNT,
    channels: arrayOf(ANYTHING),
    has_channel: FLAG,
    tests: arrayOf(ANYTHING),
    page_url: nullable(TEXT),
    notices: arrayOf(ANYTHING),
  }),
  Findings: objectSchema<FindingsReport>({
    window: WINDOW,
    findings: arrayOf(
      objectSchema<Finding>({
        id: TEXT,
        kind: TEXT,
        state: { enum: ['open', 'reopened', 'closed'] },
        title: TEXT,
        agent: TEXT,
        weekly_nano_usd: NANO_USD,
        weekly_usd: USD,
        assumed: TEXT,
        evidence: arrayOf(TEXT),
        runs: arrayOf(TEXT),
        fix: TEXT,
        verify: TEXT,
        last_seen: nullable(TIME),
      }),
    ),
    weekly_nano_usd: NANO_USD,
    weekly_usd: USD,
    left_out: arrayOf(TEXT),
  }),
  Groups: objectSchema<GroupsReport>({
    a: GROUP_SUMMARY,
    b: GROUP_SUMMARY,
    numbers: arrayOf(
      objectSchema<GroupDifference>({
        id: TEXT,
        title: TEXT,
        unit: TEXT,
        a: nullable(NUMBER),
        b: nullable(NUMBER),
        difference: nullable(NUMBER),
        low: nullable(NUMBER),
        high: nullable(NUMBER),
        verdict: { enum: ['better', 'worse', 'more', 'less', 'may_be_chance', 'too_few_runs'] },
        runs_a: COUNT,
        runs_b: COUNT,
        more_runs_a: nullable(COUNT),
        more_runs_b: nullable(COUNT),
      }),
    ),
  }),
  Versions: objectSchema<VersionsReport>({
    agent: TEXT,
    from: TIME,
    to: TIME,
    versions: arrayOf(
      objectSchema<VersionRow>({
        version: TEXT,
        id: TEXT,
        changed: TEXT,
        first_seen: TEXT,
        last_seen: TEXT,
        runs: COUNT,
        cost_nano_usd: nullable(NUMBER),
        scores: arrayOf(ANYTHING),
      }),
    ),
  }),
  Reconciliation: objectSchema<ReconciliationReport>({
    window: WINDOW,
    fetched_at: nullable(TIME),
    total: SUMS,
    total_usd: ANYTHING,
    by_day: arrayOf(SUMS),
    by_model: arrayOf(SUMS),
    by_key: arrayOf(SUMS),
    causes: arrayOf(ANYTHING),
    rows: arrayOf(SUMS),
    extra_nano_usd: NANO_USD,
    unreported_days: arrayOf(TEXT),
  }),
  Meta: {
    type: 'object',
    description: 'What the server is and has.',
    properties: { events: COUNT, runs: COUNT, spans: COUNT, data_dir: TEXT, timezone: TEXT },
    required: ['events', 'runs', 'spans', 'data_dir', 'timezone'],
  },
};

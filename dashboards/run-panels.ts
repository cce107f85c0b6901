// Panels of one run: its end, its events in order, and each failed tool call beside the answer to it.

import { MappingType, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import { NO_DATA } from '../core/text/format.ts';
import { columnOf } from '../core/columns.ts';
import { lineStagesOf } from '../signals/logql-text.ts';
import { groupLink } from './links.ts';
import { linesTile } from './panels/lines.ts';
import { NO_NUMBER, NO_RUN, NO_TEXT } from './panels/looks.ts';
import { numberStep, organizeStep, sortStep, TIME_FIELD } from './panels/shape.ts';
import { describeList, listTile, override, rowsOf, tablePanel } from './panels/table.ts';
import { moneyCell } from './panels/table-columns.ts';
import { NO_RUNS, RUN_COLUMNS } from './lists.ts';
import { NAMES_RUN, OF_RUN, STREAM_MATCHERS } from './query.ts';
import { lokiTarget, tileOf, valueFieldOf, type Size, type Tile } from './tile.ts';

/** How the run ended: one row; without an id the newest runs, to choose one from. */
export function runEndTile(size: Size): Tile {
  return listTile(
    {
      key: 'end',
      title: 'How the run ended – without a run id above: the newest runs, click one',
      description: describeList(
        'The end of the run: status, time, cost, turns. Without a run id, or with only its first characters, the newest runs that fit: a click opens one. Nothing here while events of the run stand below: it still runs, or its process died; after an hour it counts as abandoned.',
        'run_failures',
      ),
    },
    size,
    {
      of: ['agent.run'],
      where: [],
      explains: 'run_failures',
      rank: 'timestamp',
      order: 'greatest',
      limit: rowsOf(size),
      columns: [
        ...RUN_COLUMNS,
        { field: 'gen_ai.conversation.id', title: 'Session', link: 'session' },
        { field: 'agent.task_type', title: 'Task type' },
        { field: 'agent.version', title: 'Version' },
        { field: 'service.name', title: 'Service' },
      ],
      ofRun: 'begun',
    },
    NO_RUNS,
  );
}

/** Most events of a run that are shown. */
const MOST_EVENTS = 1000;

/** What happened, oldest first. */
export function runEventsTile(size: Size): Tile {
  return listTile(
    {
      key: 'events',
      title: 'What happened, in order',
      description: describeList(
        `Every event of the run, oldest first, at most ${MOST_EVENTS}: model calls with tokens and cost, tool calls with the size of their results, notes. A trace id opens the trace in Tempo.`,
        'turns_per_run',
      ),
    },
    size,
    {
      of: [
        'agent.run.started',
        'agent.model_call',
        'agent.tool_call',
        'agent.note',
        'agent.limit',
        'agent.run',
      ],
      where: [],
      explains: 'turns_per_run',
      rank: 'timestamp',
      order: 'least',
      limit: MOST_EVENTS,
      columns: [
        { field: 'timestamp', title: 'Time', unit: 'time:HH:mm:ss.SSS' },
        { field: 'event.name', title: 'Event' },
        { field: 'agent.step_number', title: 'Step', unit: 'none' },
        { field: 'gen_ai.response.model', title: 'Model' },
        { field: 'gen_ai.tool.name', title: 'Tool' },
        { field: 'cost_nano_usd', title: 'Cost', unit: 'currencyUSD' },
        { field: 'duration_ms', title: 'Took', unit: 'ms' },
        { field: 'tool.ok', title: 'Tool ok' },
        { field: 'agent.status', title: 'Status' },
        { field: 'error.type', title: 'Error' },
        { field: 'tokens_input', title: 'Uncached in', unit: 'short' },
        { field: 'tokens_cache_read', title: 'Cache read', unit: 'short' },
        { field: 'tokens_output', title: 'Output tokens', unit: 'short' },
        { field: 'trace_id', title: 'Trace', link: 'trace' },
        { field: 'ttft_ms', title: 'First chunk', unit: 'ms' },
        { field: 'tool.result_len', title: 'Result size', unit: 'short' },
        { field: 'attempts', title: 'Attempts', unit: 'none' },
        { field: 'agent.note.kind', title: 'Note' },
        { field: 'agent.note.subject', title: 'About' },
        { field: 'tallyspan.cost.status', title: 'Priced' },
        { field: 'span_id', title: 'Span' },
      ],
      ofRun: 'whole',
    },
    NO_RUN,
  );
}

const CALL = labels('gen_ai.tool.name', 'error.type', 'tool.retry_attempt', 'tool.result_len', 'span_id');
const ANSWER = [
  ...labels('gen_ai.response.model', 'gen_ai.response.finish_reasons', 'tokens_output'),
  'cost_usd',
];
/** A record has its span in the line. */
const SPAN_ID = lineStagesOf(['span_id']).join(' | ');
/** Step whose model call read the result. */
const READ_AT = 'read_at';

/** A list of one reason is shown as that reason. */
const FINISH_REASON: ValueMapping = {
  type: MappingType.RegexToText,
  options: { pattern: '/^\\["([^"]*)"\\]$/', result: { text: '$1', index: 0 } },
};

/** Each failed tool call of the run beside the model call that read its result. */
export function failedCallsTile(size: Size): Tile {
  const heads: Readonly<Record<string, string>> = {
    [READ_AT]: 'Read at step',
    gen_ai_tool_name: 'Failed tool',
    error_type: 'Error',
    tool_retry_attempt: 'Repeat',
    tool_result_len: 'Result size',
    gen_ai_response_model: 'Answered by',
    gen_ai_response_finish_reasons: 'Answer ended with',
    tokens_output: 'Output tokens',
    cost_usd: 'Cost of the answer',
  };
  const panel = tablePanel(
    [
      numberStep(['tool_result_len', 'tokens_output', 'cost_usd', READ_AT]),
      sortStep(READ_AT, 'ascending'),
      organizeStep([READ_AT, ...CALL, ...ANSWER], heads, [TIME_FIELD, valueFieldOf(0), 'span_id']),
    ],
    'No failed tool call of a run here.',
  );
  const none = { id: 'mappings', value: [NO_NUMBER, NO_TEXT] };
  for (const head of Object.values(heads)) override(panel, head, [none]);
  override(panel, 'Cost of the answer', [{ id: 'unit', value: 'currencyUSD' }, ...moneyCell()]);
  override(panel, 'Failed tool', [{ id: 'links', value: [groupLink('tool')] }]);
  override(panel, 'Answer ended with', [{ id: 'mappings', value: [FINISH_REASON, NO_TEXT] }]);
  for (const name of ['Result size', 'Output tokens'])
    override(panel, name, [{ id: 'unit', value: 'short' }]);
  return tileOf(
    {
      key: 'failed-calls',
      title: 'Failed tool calls, and the answer to each',
      description: describeList(
        'Each failed tool call beside the model call that read its result. No answer: the run ended there.',
        'tool_failure_rate',
      ),
    },
    size,
    panel,
    [lokiTarget({ kind: 'join', explains: 'tool_failure_rate' }, failedCallsQuery(), 'instant', '')],
  );
}

function failedCallsQuery(): string {
  const calls =
    `max_over_time(${linesOf('agent.tool_call')} | tool_ok="false" | ${SPAN_ID}` +
    ` | label_format ${READ_AT}=\`{{ add .agent_step_number 1 }}\`, one=\`1\` | unwrap one [$__range]) by (${[READ_AT, ...CALL].join(', ')})`;
  const answers =
    `topk by (${READ_AT}) (1, max_over_time(${linesOf('agent.model_call')}` +
    ` | label_format ${READ_AT}=\`{{ .agent_step_number }}\`, one=\`1\`, cost_usd=\`{{ if .cost_nano_usd }}{{ divf .cost_nano_usd 1000000000 }}{{ end }}\` | drop cost_usd=""` +
    ` | unwrap one [$__range]) by (${[READ_AT, ...ANSWER].join(', ')}))`;
  const joined = `${calls} * on (${READ_AT}) group_left (${ANSWER.join(', ')}) ${answers}`;
  const rows = `(${joined}) or on (span_id) ${calls}`;
  return [...CALL, ...ANSWER].reduce(
    (filled, label) => `label_replace(${filled}, "${label}", "${NO_DATA}", "${label}", "")`,
    rows,
  );
}

/** Lines of the run, as they are stored. */
export function runLinesTile(size: Size): Tile {
  return linesTile(
    {
      key: 'lines',
      title: 'Every field, as stored',
      description: describeList('The records of the run, each a JSON line, oldest first.', 'lost_events'),
    },
    size,
    { kind: 'lines', explains: 'lost_events' },
    `{${['event_name=~"agent[.].+"', ...STREAM_MATCHERS].join(', ')}} ${NAMES_RUN} | ${OF_RUN}`,
  );
}

function linesOf(event: 'agent.tool_call' | 'agent.model_call'): string {
  return `{${[`event_name="${event}"`, ...STREAM_MATCHERS].join(', ')}} ${NAMES_RUN} | ${OF_RUN} | tallyspan_duplicate!="true"`;
}

function labels(...fields: Parameters<typeof columnOf>[0][]): string[] {
  return fields.map(columnOf);
}

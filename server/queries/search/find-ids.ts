// Ids that begin with what somebody typed: of runs, traces, spans, responses, requests and tool calls, each with the run
// that it belongs to.

import { eventsSql } from '../../../signals/event-tables.ts';
import { textSql } from '../../../signals/sql-text.ts';
import type { Queryable } from '../../store/file/database.ts';
import { textOrNull } from '../field-values.ts';

export type IdKind = 'run' | 'trace' | 'span' | 'response' | 'request' | 'tool call';

export interface FoundId {
  readonly kind: IdKind;
  readonly id: string;
  /** Null of a call outside of any run. */
  readonly run: string | null;
  /** Span of the step, where the id is that of one. */
  readonly span: string | null;
}

/** Fewer characters name nothing. */
export const SHORTEST_ID = 4;
const FOUND_PER_KIND = 10;

const RUNS = eventsSql(['agent.run_id'], ['agent.run.started', 'agent.run']);
const TRACES = eventsSql(
  ['trace_id', 'agent.run_id'],
  ['agent.run.started', 'agent.run', 'agent.model_call', 'agent.tool_call'],
);
const STEPS = eventsSql(['span_id', 'agent.run_id'], ['agent.model_call', 'agent.tool_call', 'agent.run']);

/** One statement for each kind of id. `column` is what is looked for. */
const KINDS: readonly {
  readonly kind: IdKind;
  readonly from: string;
  readonly column: string;
  readonly span: string;
}[] = [
  { kind: 'run', from: RUNS, column: 'agent_run_id', span: 'NULL' },
  { kind: 'trace', from: TRACES, column: 'trace_id', span: 'NULL' },
  { kind: 'span', from: STEPS, column: 'span_id', span: 'span_id' },
  { kind: 'response', from: 'agent_model_call', column: 'gen_ai_response_id', span: 'any_value(span_id)' },
  { kind: 'request', from: 'agent_model_call', column: 'anthropic_request_id', span: 'any_value(span_id)' },
  { kind: 'tool call', from: 'agent_tool_call', column: 'gen_ai_tool_call_id', span: 'any_value(span_id)' },
];

/**
 * A comparison is decided by the first bytes of a text, which stand beside its length: half of what looking into each text
 * takes. The last character that there is ends the range.
 */
function beginsWith(column: string, text: string): string {
  return `${column} >= ${text} AND ${column} < ${text} || chr(1114111) AND starts_with(${column}, ${text})`;
}

/** A hexadecimal id of a run may be a UUID, and stand in either case, with dashes or without. */
function runForms(beginning: string, hex: string | undefined): readonly string[] {
  if (hex === undefined) return [beginning];
  const [first, ...parts] = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ];
  const dashed = [first, ...parts.filter((part) => part !== '')].join('-');
  return [...new Set([beginning, hex, dashed])];
}

function isHex(kind: IdKind): boolean {
  return kind === 'trace' || kind === 'span';
}

/** At most a few of each kind, whole ids before others. */
export async function findIds(database: Queryable, beginning: string): Promise<readonly FoundId[]> {
  if (beginning.length < SHORTEST_ID || /\s/.test(beginning)) return [];
  // Ids of spans and traces are hexadecimal, however they are written.
  const hex = /^[0-9a-f-]+$/i.test(beginning) ? beginning.toLowerCase().replaceAll('-', '') : undefined;
  const kinds = KINDS.filter(({ kind }) => hex !== undefined || !isHex(kind));
  const statements = kinds.map(({ kind, from, column, span }) => {
    const forms = isHex(kind) ? [hex ?? ''] : kind === 'run' ? runForms(beginning, hex) : [beginning];
    const condition = forms.map((form) => beginsWith(column, textSql(form))).join(' OR ');
    return `(SELECT '${kind}' AS kind, ${column} AS id, any_value(agent_run_id) AS run, ${span} AS span
      FROM ${from} WHERE ${condition} GROUP BY ${column}
      ORDER BY length(${column}), ${column} LIMIT ${FOUND_PER_KIND})`;
  });
  const rows = await database.all(statements.join('\nUNION ALL '));
  const order = KINDS.map(({ kind }) => kind);
  return rows
    .map((row) => ({
      kind: row['kind'] as IdKind,
      id: String(row['id']),
      run: textOrNull(row['run']),
      span: textOrNull(row['span']),
    }))
    .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

// Run events: start and end of one foreign run, with the totals of what is in it. A run without an end yet has its start
// only; whoever finds nothing of it for long closes it as lost, as with runs of our own.

import { commonFieldsOf, type FactSpan } from '../dialects.ts';
import type { EventRecord } from '../event.ts';
import { isCostUnknown } from '../pricing/unknown-cost.ts';
import type { TraceIdentity } from './trace-tree.ts';

/** One run as it is put together. */
export interface ForeignRun {
  readonly id: string;
  /** Run that it is nested in. */
  readonly parentId: string | undefined;
  /** Its span; absent where what is above the calls has not come. */
  readonly span: FactSpan | undefined;
  readonly isEnded: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly identity: TraceIdentity;
  readonly agentName: string | undefined;
  /** Its own calls that count, in order. */
  readonly calls: readonly EventRecord[];
  /** Its own tool calls that count. */
  readonly tools: readonly EventRecord[];
  readonly nested: readonly ForeignRun[];
}

interface Totals {
  readonly turns: number;
  readonly toolCalls: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costNanoUsd: number;
  /** Model calls with a usage and without a price. */
  readonly unpricedCalls: number;
  readonly retries: number;
}

/** The start of the run, and its end where it has ended. Keyed by trace and run, so that a later one takes the place. */
export function runEvents(run: ForeignRun, member: FactSpan): EventRecord[] {
  const {
    timestamp: _end,
    duration_ms: _duration,
    'error.type': _error,
    ...common
  } = commonFieldsOf(run.span ?? { ...member, parentSpanId: undefined });
  const shared = {
    ...common,
    ...(run.span === undefined && { span_id: undefined }),
    'tallyspan.dialect': common['tallyspan.dialect'] ?? member.facts.rule,
    'tallyspan.source': 'span',
    'tallyspan.key': `${member.traceId}/${run.id}`,
    ...run.identity,
    'agent.run_id': run.id,
    'agent.parent_run_id': run.parentId,
    'gen_ai.agent.name': run.agentName,
    'agent.inferred': true,
  };
  const started: EventRecord = {
    ...shared,
    timestamp: Math.round(run.startMs),
    'event.name': 'agent.run.started',
  };
  if (!run.isEnded) return [started];
  const own = totalsOf(run);
  const nested = allNested(run).map(totalsOf);
  return [
    started,
    {
      ...shared,
      timestamp: Math.round(run.endMs),
      'event.name': 'agent.run',
      ...outcomeOf(run),
      duration_ms: Math.round(run.endMs - run.startMs),
      'agent.turns': own.turns,
      'agent.tool_calls': own.toolCalls,
      'agent.tokens_in': own.tokensIn,
      'agent.tokens_out': own.tokensOut,
      'agent.retries': own.retries,
      ...nestedFields(nested),
      ...costFields(own, nested),
    },
  ];
}

function outcomeOf({ span, calls }: ForeignRun): Pick<EventRecord, 'agent.status' | 'error.type'> {
  const last = calls.at(-1);
  const lastError = last?.['error.type'];
  const isAgent = span?.facts.kind === 'agent' || span?.facts.kind === 'workflow';
  const own = span && commonFieldsOf(span)['error.type'];
  // What is above the calls is no agent, and its status seldom says how they went.
  const error = own ?? (isAgent ? undefined : lastError);
  if (error !== undefined)
    return { 'agent.status': 'error', 'error.type': error === 'error' ? (lastError ?? error) : error };
  const isRefused = last?.['gen_ai.response.finish_reasons']?.includes('refusal') === true;
  return { 'agent.status': isRefused ? 'refused' : 'ok' };
}

function totalsOf({ calls, tools }: ForeignRun): Totals {
  return {
    turns: calls.length,
    toolCalls: tools.length,
    tokensIn: sum(calls, (call) => call['gen_ai.usage.input_tokens']),
    tokensOut: sum(calls, (call) => call['gen_ai.usage.output_tokens']),
    costNanoUsd: sum(calls, (call) => call.cost_nano_usd),
    unpricedCalls: calls.filter((call) => call['tallyspan.cost.status'] === 'unpriced').length,
    retries:
      sum(calls, (call) => Math.max(0, (call.attempts ?? 1) - 1)) +
      tools.filter((tool) => (tool['tool.retry_attempt'] ?? 0) > 0).length,
  };
}

/** What the run and those nested in it cost; nothing where no call has a price and some would need one. */
function costFields(own: Totals, nested: readonly Totals[]): Partial<EventRecord> {
  if (isCostUnknown(own, ...nested)) return {};
  return {
    'agent.cost_nano_usd': own.costNanoUsd,
    ...(nested.length > 0
      ? { 'agent.nested_cost_nano_usd': sum(nested, ({ costNanoUsd }) => costNanoUsd) }
      : {}),
  };
}

function nestedFields(totals: readonly Totals[]): Partial<EventRecord> {
  if (totals.length === 0) return {};
  return {
    'agent.nested_runs': totals.length,
    'agent.nested_turns': sum(totals, ({ turns }) => turns),
    'agent.nested_tool_calls': sum(totals, ({ toolCalls }) => toolCalls),
    'agent.nested_tokens_in': sum(totals, ({ tokensIn }) => tokensIn),
    'agent.nested_tokens_out': sum(totals, ({ tokensOut }) => tokensOut),
    'agent.nested_retries': sum(totals, ({ retries }) => retries),
  };
}

function allNested(run: ForeignRun): ForeignRun[] {
  const all: ForeignRun[] = [...run.nested];
  for (let at = 0; at < all.length; at++) all.push(...(all[at] as ForeignRun).nested);
  return all;
}

function sum<T>(list: readonly T[], count: (each: T) => number | undefined): number {
  return list.reduce((total, each) => total + (count(each) ?? 0), 0);
}

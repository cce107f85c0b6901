// Run events: start and end of one foreign run, with the totals of what is in it. A run without an end yet has its start
// only; whoever finds nothing of it for long closes it as lost, as with runs of our own.

import { commonFieldsOf, type FactSpan } from '../dialects.ts';
import type { EventRecord } from '../event.ts';
import { countsTokens } from '../dialects/span-facts.ts';
import { runTotalFields, type TotalsOfRun } from '../run-totals.ts';
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
  return [
    started,
    {
      ...shared,
      timestamp: Math.round(run.endMs),
      'event.name': 'agent.run',
      ...outcomeOf(run),
      duration_ms: Math.round(run.endMs - run.startMs),
      ...runTotalFields(totalsOf(run), allNested(run).map(totalsOf)),
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

/** Whether it made calls of which nothing was sent: an agent that counts their tokens, or that used tools, which a model asks for. */
function hasUntoldCalls({ span, calls, tools, nested }: ForeignRun): boolean {
  if (span?.facts.kind !== 'agent' || calls.length > 0) return false;
  return countsTokens(span.facts.standard) || (tools.length > 0 && nested.length === 0);
}

function totalsOf(run: ForeignRun): TotalsOfRun {
  const { calls, tools } = run;
  return {
    turns: calls.length,
    toolCalls: tools.length,
    tokensIn: sum(calls, (call) => call['gen_ai.usage.input_tokens']),
    tokensOut: sum(calls, (call) => call['gen_ai.usage.output_tokens']),
    costNanoUsd: sum(calls, (call) => call.cost_nano_usd),
    unpricedCalls: hasUntoldCalls(run)
      ? 1
      : calls.filter((call) => call['tallyspan.cost.status'] === 'unpriced').length,
    retries:
      sum(calls, (call) => Math.max(0, (call.attempts ?? 1) - 1)) +
      tools.filter((tool) => (tool['tool.retry_attempt'] ?? 0) > 0).length,
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

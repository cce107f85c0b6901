// Events of a session: its facts as records of the schema, the same from whatever file they were read. What is found
// again with more to it has the key of what was stored and a higher revision.

import type { EventRecord } from '../event.ts';
import { withdrawnEvent } from '../duplicates.ts';
import type { ToolCost } from '../attribution/attribution.ts';
import { toolCostFields } from '../pricing/cost-fields.ts';
import { inputTotal } from '../pricing/usage.ts';
import { costsByRun } from './costs-by-run.ts';
import type { TranscriptCall, LineFacts, RunFact, SessionFacts, ToolFact } from './facts.ts';
import { spanIdOf } from './ids.ts';
import { estimate, priceCallFact, type PricedCall } from './price-facts.ts';
import type { PriceOverrides } from '../pricing/price-overrides.ts';
import { runTotalFields, type TotalsOfRun } from '../run-totals.ts';
import { revisionOfCall, revisionOfFact, revisionOfRunEnd } from './revisions.ts';
import { RunPlaces, SERVICE_NAME } from './run-places.ts';

/** An open run of which nothing was written for this time has been abandoned. */
const ABANDONED_AFTER_MS = 3_600_000;
/** A last answer that does not say why it stopped was the end when nothing came for this time. */
const SETTLED_AFTER_MS = 600_000;
/** Leaves room for lines of the same millisecond in the revision of a run's end. */
const MOST_LINES_BEFORE_END = 31;
/** Searches that the transcript tells of without the call that made them: what they were, and why they are an estimate. */
const SIDE_SEARCH = 'side_search';

export interface EventContext {
  /** Whether a call or tool use belongs to this session: in a copy of a conversation those before it do not. */
  readonly isOwned: (kind: 'call' | 'tool', key: string) => boolean;
  readonly nowMs: number;
  readonly overrides?: PriceOverrides | undefined;
}

export interface SessionEvents {
  readonly events: readonly EventRecord[];
  /** The calls that belong to it, with what each costs. */
  readonly priced: readonly PricedCall[];
  /** Whether a run may still go on, so that time alone may end it. */
  readonly isOpen: boolean;
}

/** What a run took itself. */
interface OwnTotals extends TotalsOfRun {
  readonly facts: LineFacts;
  /** When it began: with its prompt, or, where that is a copy, with its first own call. */
  startMs: number;
  turns: number;
  toolCalls: number;
  tokensIn: number;
  tokensOut: number;
  costNanoUsd: number;
  unpricedCalls: number;
}

export function eventsOfSession(session: SessionFacts, context: EventContext): SessionEvents {
  const calls: TranscriptCall[] = [];
  const copied = new Set<string>();
  for (const call of session.calls) {
    if (context.isOwned('call', call.key)) calls.push(call);
    else copied.add(call.run.id);
  }
  const runs = new RunPlaces(session, calls);
  calls.sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  const priced = calls.map((call) => priceCallFact(call, context.overrides));
  const totals = new Map<string, OwnTotals>();
  const steps = new Map<string, number>();
  const events: EventRecord[] = [];
  for (const each of priced) {
    const { call } = each;
    const run = totalsOf(totals, call);
    run.startMs = Math.min(run.startMs, copied.has(call.run.id) ? call.startMs : call.run.startMs);
    run.turns++;
    steps.set(call.key, run.turns);
    run.tokensIn += each.usage === undefined ? 0 : inputTotal(each.usage);
    run.tokensOut += each.usage?.output ?? 0;
    run.costNanoUsd += each.costNanoUsd ?? 0;
    if (each.costNanoUsd === undefined) run.unpricedCalls++;
    events.push(callEvent(each, runs, run.turns));
  }
  const costs = costsByRun(session, priced, context.overrides);
  const failures = new Map<string, number>();
  for (const tool of session.tools.toSorted((a, b) => a.endMs - b.endMs)) {
    if (!context.isOwned('tool', tool.id)) continue;
    const run = totalsOf(totals, tool);
    run.toolCalls++;
    const told = toolEvents(tool, runs, steps.get(tool.callKey), failures, context);
    // What its searches cost is the run's, as that of its calls.
    for (const event of told) run.costNanoUsd += event.cost_nano_usd ?? 0;
    events.push(...told);
  }
  for (const { uuid, atMs, trigger, tokensBefore, ...facts } of session.compactions) {
    events.push({
      ...commonFields(
        facts,
        runs,
        'agent.note',
        atMs,
        ['note', uuid],
        revisionOfFact(runs.knownOf(facts.run)),
      ),
      parent_span_id: runs.spanOf(facts.run.id),
      'agent.note.kind': 'compaction',
      'agent.note.subject': trigger,
      'agent.note.value': String(tokensBefore),
    });
  }
  for (const run of session.runs)
    if (isFailedAtOnce(run, session.session)) totalsOf(totals, { ...run.failedAt, run });
  let isOpen = false;
  for (const run of session.runs) {
    const own = totals.get(run.id);
    if (own === undefined) continue;
    const status = statusOf(run, session.lastMs, context.nowMs);
    if (status === undefined) isOpen = true;
    const nested = runs.nestedOf(run).filter(({ id }) => totals.has(id));
    const end = { status, nested, totals: nested.flatMap(({ id }) => totals.get(id) ?? []) };
    events.push(...contextEvents(run, own, runs, costs.get(run.id)), ...runEvents(run, own, runs, end));
  }
  return { events, priced, isOpen };
}

function totalsOf(totals: Map<string, OwnTotals>, facts: LineFacts): OwnTotals {
  let own = totals.get(facts.run.id);
  if (own === undefined) {
    own = {
      facts,
      startMs: Number.POSITIVE_INFINITY,
      turns: 0,
      toolCalls: 0,
      tokensIn: 0,
      tokensOut: 0,
      costNanoUsd: 0,
      unpricedCalls: 0,
    };
    totals.set(facts.run.id, own);
  }
  return own;
}

/** Whether its first request failed: it has no call, and it is a run all the same. Not in a copy of it. */
function isFailedAtOnce(
  run: RunFact,
  session: string,
): run is RunFact & { readonly failedAt: Omit<LineFacts, 'run'> } {
  return run.last === 'api_error' && run.failedAt?.session === session;
}

function commonFields(
  { session, run, version, project }: LineFacts,
  runs: RunPlaces,
  name: EventRecord['event.name'],
  atMs: number,
  id: readonly [kind: string, ...names: string[]],
  revision: number,
): EventRecord {
  return {
    timestamp: atMs,
    'event.name': name,
    trace_id: runs.traceOf(run),
    span_id: spanIdOf(...id),
    'service.name': SERVICE_NAME,
    'service.version': version,
    'tallyspan.source': 'transcript',
    'tallyspan.key': `claude-code/${id.join('/')}`,
    'tallyspan.revision': revision,
    'agent.run_id': run.id,
    'agent.parent_run_id': runs.parentOf(run),
    'gen_ai.conversation.id': session,
    'gen_ai.agent.name': runs.agentNameOf(run),
    'agent.version': version,
    'agent.project': project,
  };
}

function callEvent({ call, fields }: PricedCall, runs: RunPlaces, step: number): EventRecord {
  const revision = revisionOfCall({
    isSidechain: call.isSidechain,
    outputTokens: call.outputTokens,
    lines: call.blocks.length,
    place: runs.knownOf(call.run),
    isIncomplete: !call.isComplete,
  });
  return {
    ...commonFields(call, runs, 'agent.model_call', call.endMs, ['call', call.key], revision),
    parent_span_id: runs.spanOf(call.run.id),
    ...fields,
    'tallyspan.prefix.system': call.prefix?.system,
    'tallyspan.prefix.tools': call.prefix?.tools,
    'agent.step_number': step,
  };
}

function toolEvents(
  tool: ToolFact,
  runs: RunPlaces,
  step: number | undefined,
  failures: Map<string, number>,
  context: EventContext,
): EventRecord[] {
  const { run, id, name } = tool;
  const revision = revisionOfFact(runs.knownOf(run), tool.isSidechain);
  const failed = `${run.id}/${name}`;
  const attempt = failures.get(failed) ?? 0;
  if (tool.isOk) failures.delete(failed);
  else failures.set(failed, attempt + 1);
  const events: EventRecord[] = [
    {
      ...commonFields(tool, runs, 'agent.tool_call', tool.endMs, ['tool', id], revision),
      parent_span_id: runs.spanOf(run.id),
      'gen_ai.tool.name': name,
      'gen_ai.tool.call.id': id,
      duration_ms: Math.max(0, tool.endMs - tool.startMs),
      'tool.ok': tool.isOk,
      'error.type': tool.isOk ? undefined : 'tool_error',
      'tool.retry_attempt': attempt,
      'tool.input_keys': tool.inputKeys,
      'tool.input_len': tool.inputLen,
      'tool.result_len': tool.resultLen,
      'tool.result_empty': tool.resultLen === 0,
      'agent.inferred': true,
      'agent.step_number': step,
    },
  ];
  if (tool.searches > 0) {
    events.push({
      ...commonFields(tool, runs, 'agent.model_call', tool.endMs, ['search', id], revision),
      parent_span_id: spanIdOf('tool', id),
      ...estimate(
        SIDE_SEARCH,
        { webSearches: tool.searches },
        tool.model ?? '',
        tool.endMs,
        SIDE_SEARCH,
        context.overrides,
      ),
    });
  }
  return events;
}

/** What is known of the end of a run. */
interface RunEnd {
  /** Undefined while it may go on. */
  readonly status: string | undefined;
  /** The runs within it, and what they took. */
  readonly nested: readonly RunFact[];
  readonly totals: readonly OwnTotals[];
}

function runEvents(
  run: RunFact,
  own: OwnTotals,
  runs: RunPlaces,
  { status, nested, totals }: RunEnd,
): EventRecord[] {
  const startMs = Number.isFinite(own.startMs) ? own.startMs : run.startMs;
  const place = runs.knownOf(run);
  const shared = {
    parent_span_id: runs.parentSpanOf(run),
    'agent.user_input_len': run.inputLen,
    'agent.inferred': true,
  };
  const started: EventRecord = {
    ...commonFields(own.facts, runs, 'agent.run.started', startMs, ['run', run.id], revisionOfFact(place)),
    ...shared,
  };
  if (status === undefined) return [started];
  return [
    started,
    {
      ...commonFields(
        own.facts,
        runs,
        'agent.run',
        run.endMs,
        ['run', run.id],
        revisionOfRunEnd({
          ...endOf([run, ...nested]),
          place,
          isSettled: status !== 'lost',
        }),
      ),
      ...shared,
      'agent.status': status,
      'error.type': status === 'error' ? run.errorType : undefined,
      duration_ms: Math.max(0, run.endMs - startMs),
      ...runTotalFields(own, totals),
      'agent.output_len': run.outputLen,
    },
  ];
}

function contextEvents(
  run: RunFact,
  { facts }: OwnTotals,
  runs: RunPlaces,
  costs: ReadonlyMap<string, ToolCost> | undefined,
): EventRecord[] {
  const revision = revisionOfRunEnd({ ...endOf([run]), place: runs.knownOf(run) });
  return [...(costs?.values() ?? [])].map((row) => {
    const common = commonFields(
      facts,
      runs,
      'agent.tool_cost',
      run.endMs,
      ['context', run.id, row.tool],
      revision,
    );
    return row.costNanoUsd === 0 && row.tokens === 0
      ? withdrawnEvent(common, revision)
      : { ...common, parent_span_id: runs.spanOf(run.id), ...toolCostFields(row) };
  });
}

/** When the last of the runs ended, and how many lines tell of them: one of an earlier time may come after one of a later. */
function endOf(runs: readonly RunFact[]): { readonly endMs: number; readonly reports: number } {
  const endMs = Math.max(...runs.map((run) => run.endMs));
  const lines = runs.reduce((sum, run) => sum + run.lines, 0);
  const linesAtEnd = runs.reduce((sum, run) => sum + (run.endMs === endMs ? run.linesAtEnd : 0), 0);
  return { endMs, reports: Math.min(lines, MOST_LINES_BEFORE_END) + linesAtEnd };
}

/** How a run ended; undefined while it may go on. */
function statusOf(run: RunFact, lastMs: number, nowMs: number): string | undefined {
  if (run.last === 'interrupted') return 'aborted';
  if (run.last === 'api_error') return 'error';
  const idleMs = nowMs - Math.max(run.endMs, run.agentId === undefined ? lastMs : run.endMs);
  const isSettled = run.isClosed || idleMs > SETTLED_AFTER_MS;
  if (run.last === 'answer' && (run.stopReason !== undefined || isSettled))
    return run.stopReason === 'refusal' ? 'refused' : 'ok';
  if (run.isClosed) return run.last === 'answer' ? 'ok' : 'aborted';
  return idleMs > ABANDONED_AFTER_MS ? 'lost' : undefined;
}

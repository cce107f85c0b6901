// Events of a session: its facts as records of the schema, the same from whatever file they were read. What is found
// again with more to it has the key of what was stored and a higher revision.

import type { EventRecord } from '../event.ts';
import { withdrawnEvent } from '../duplicates.ts';
import type { ToolCost } from '../attribution/attribution.ts';
import { toolCostFields } from '../pricing/cost-fields.ts';
import { isCostUnknown } from '../pricing/unknown-cost.ts';
import { inputTotal } from '../pricing/usage.ts';
import { costsByRun } from './costs-by-run.ts';
import type { TranscriptCall, LineFacts, RunFact, SessionFacts, ToolFact } from './facts.ts';
import { spanIdOf } from './ids.ts';
import { estimate, priceCallFact, type PricedCall } from './price-facts.ts';
import type { PriceOverrides } from '../pricing/price-overrides.ts';
import { revisionOfCall, revisionOfFact, revisionOfRunEnd } from './revisions.ts';

export const SERVICE_NAME = 'claude-code';
/** An open run of which nothing was written for this time has been abandoned. */
const ABANDONED_AFTER_MS = 3_600_000;
/** A last answer that does not say why it stopped was the end when nothing came for this time. */
const SETTLED_AFTER_MS = 600_000;
/** Leaves room for lines of the same millisecond in the revision of a run's end. */
const MOST_CALLS_AT_END = 31;
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
interface RunTotals {
  readonly facts: LineFacts;
  /** When it began: with its prompt, or, where that is a copy, with its first own call. */
  startMs: number;
  turns: number;
  toolCalls: number;
  tokensIn: number;
  tokensOut: number;
  costNanoUsd: number;
  /** Model calls with a usage and without a price. */
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
  const totals = new Map<string, RunTotals>();
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
    totalsOf(totals, tool).toolCalls++;
    events.push(...toolEvents(tool, runs, steps.get(tool.callKey), failures, context));
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
  let isOpen = false;
  for (const run of session.runs) {
    const own = totals.get(run.id) ?? failedTotals(run, session.session);
    if (own === undefined) continue;
    const status = statusOf(run, session.lastMs, context.nowMs);
    if (status === undefined) isOpen = true;
    events.push(...contextEvents(run, own, runs, costs.get(run.id)), ...runEvents(run, own, runs, status));
  }
  return { events, priced, isOpen };
}

function totalsOf(totals: Map<string, RunTotals>, facts: LineFacts): RunTotals {
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

/** Of a run whose first request failed: it has no call, and it is a run all the same. Not in a copy of it. */
function failedTotals(run: RunFact, session: string): RunTotals | undefined {
  if (run.last !== 'api_error' || run.failedAt?.session !== session) return undefined;
  return totalsOf(new Map(), { ...run.failedAt, run });
}

/** Where each run hangs: a sub-agent under the tool use that started it, and so under the run of that. */
class RunPlaces {
  readonly #runs: ReadonlyMap<string, RunFact>;
  readonly #tools: ReadonlyMap<string, ToolFact>;
  /** How many calls each run has itself. */
  readonly #calls = new Map<string, number>();
  readonly #known = new Map<string, number>();
  /** Found once: every event of a run asks. */
  readonly #traces = new Map<string, string>();
  readonly #spans = new Map<string, string>();

  constructor(session: SessionFacts, calls: readonly TranscriptCall[]) {
    this.#runs = new Map(session.runs.map((run) => [run.id, run]));
    this.#tools = new Map(session.tools.map((tool) => [tool.id, tool]));
    for (const { run } of calls) this.#calls.set(run.id, (this.#calls.get(run.id) ?? 0) + 1);
  }

  parentOf(run: RunFact): string | undefined {
    if (run.agentId === undefined) return undefined;
    const parent = this.#tools.get(run.toolUseId ?? '')?.run.id ?? run.promptRun;
    return parent === run.id ? undefined : parent;
  }

  /**
   * How much is known of what is the run's and where it hangs: the links up to the top, what its agents are called, and
   * the calls that turned out to be another's. Only grows as the transcript does.
   */
  knownOf(run: RunFact): number {
    let known = this.#known.get(run.id);
    if (known === undefined) this.#known.set(run.id, (known = this.#countKnown(run)));
    return known;
  }

  #countKnown(run: RunFact): number {
    let known = run.seenCalls.size - (this.#calls.get(run.id) ?? 0);
    const seen = new Set<string>();
    for (let at: RunFact | undefined = run; at?.agentId !== undefined && !seen.has(at.id);) {
      seen.add(at.id);
      const parent = this.parentOf(at);
      known += (at.agentType === undefined ? 0 : 1) + (parent === undefined ? 0 : 1);
      if (this.#tools.has(at.toolUseId ?? '')) known++;
      at = this.#runs.get(parent ?? '');
    }
    return known;
  }

  /** The run at the top, whose id the trace has. */
  traceOf(run: RunFact): string {
    let trace = this.#traces.get(run.id);
    if (trace === undefined) this.#traces.set(run.id, (trace = this.#findTop(run)));
    return trace;
  }

  #findTop(run: RunFact): string {
    let top = run.id;
    const seen = new Set<string>();
    for (let at: RunFact | undefined = run; at !== undefined && !seen.has(at.id);) {
      seen.add(at.id);
      top = at.id;
      const parent = this.parentOf(at);
      if (parent === undefined) break;
      top = parent;
      at = this.#runs.get(parent);
    }
    return top;
  }

  parentSpanOf(run: RunFact): string | undefined {
    if (run.toolUseId !== undefined && this.#tools.has(run.toolUseId)) return spanIdOf('tool', run.toolUseId);
    const parent = this.parentOf(run);
    return parent === undefined ? undefined : this.spanOf(parent);
  }

  spanOf(runId: string): string {
    let span = this.#spans.get(runId);
    if (span === undefined) this.#spans.set(runId, (span = spanIdOf('run', runId)));
    return span;
  }

  agentNameOf(run: RunFact): string {
    return run.agentId === undefined ? SERVICE_NAME : (run.agentType ?? 'subagent');
  }
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

function runEvents(run: RunFact, own: RunTotals, runs: RunPlaces, status: string | undefined): EventRecord[] {
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
          ...endOf(run),
          place,
          isSettled: status !== 'lost',
        }),
      ),
      ...shared,
      'agent.status': status,
      'error.type': status === 'error' ? run.errorType : undefined,
      duration_ms: Math.max(0, run.endMs - startMs),
      'agent.turns': own.turns,
      'agent.tool_calls': own.toolCalls,
      'agent.tokens_in': own.tokensIn,
      'agent.tokens_out': own.tokensOut,
      'agent.cost_nano_usd': isCostUnknown(own) ? undefined : own.costNanoUsd,
      'agent.output_len': run.outputLen,
    },
  ];
}

function contextEvents(
  run: RunFact,
  { facts }: RunTotals,
  runs: RunPlaces,
  costs: ReadonlyMap<string, ToolCost> | undefined,
): EventRecord[] {
  const revision = revisionOfRunEnd({ ...endOf(run), place: runs.knownOf(run) });
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

/** What is known of the end of a run: of a call that is known a further line may tell more in the same millisecond. */
function endOf({ endMs, seenCalls, linesAtEnd }: RunFact): {
  readonly endMs: number;
  readonly calls: number;
} {
  return { endMs, calls: Math.min(seenCalls.size, MOST_CALLS_AT_END) + linesAtEnd };
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

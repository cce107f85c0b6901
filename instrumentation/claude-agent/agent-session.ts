// An agent session: what one query of the Claude Agent SDK did, told by the messages that its caller reads.
// Each result message ends a run; sub-agents are runs nested in it; totals of the SDK are cumulative, so a
// run has their difference to the result before.

import { context, type Context } from '@opentelemetry/api';
import type { PriceOverrides } from '../../core/pricing/cost.ts';
import { NANO_USD_PER_USD, usdOf } from '../../core/money.ts';
import { asJson, asText } from '../../core/model-call/json.ts';
import { MessageReader } from '../../core/model-call/message-reader.ts';
import { modelOfStep } from '../../core/pricing/cost.ts';
import { addUsage, NO_USAGE, type Usage } from '../../core/pricing/usage.ts';
import { readingOfCall, recordAgentCall, type AgentCall } from './agent-call.ts';
import { readToolResults } from '../record/request-facts.ts';
import type { Run, RunStatus } from '../record/run.ts';
import type { Runs } from '../record/runs.ts';
import type { Telemetry } from '../record/telemetry.ts';
import { awaitTools, settleTools } from '../record/tool-calls.ts';

type Json = Readonly<Record<string, unknown>>;

/** Share by which our cost may differ from the SDK's before it is noted. */
const TOLERATED_DIFFERENCE = 0.01;

export interface QueryParameters {
  readonly prompt?: unknown;
  readonly options?: { readonly resume?: string; readonly continue?: boolean };
}

interface Totals {
  readonly byModel: ReadonlyMap<string, Usage>;
  readonly costUsd: number;
}

/** Totals at the last result of each session: a resumed session counts on from there. */
const lastTotals = new Map<string, Totals>();
const MAX_SESSIONS = 1_000;

function rememberTotals(sessionId: string | undefined, totals: Totals): void {
  if (sessionId === undefined) return;
  lastTotals.delete(sessionId);
  lastTotals.set(sessionId, totals);
  const [oldest] = lastTotals.keys();
  if (lastTotals.size > MAX_SESSIONS && oldest !== undefined) lastTotals.delete(oldest);
}

export class AgentSession {
  readonly #telemetry: Telemetry;
  readonly #runs: Runs;
  readonly #overrides: PriceOverrides | undefined;
  /** Where the query was called. */
  readonly #active: Context;
  /** Run that the query was called in. */
  readonly #parentRun: Run | undefined;
  readonly #inputLength: number | undefined;
  #run: Run | undefined;
  /** Nested runs by the id of the tool use that started them. */
  readonly #nested = new Map<string, Run>();
  /** The call whose messages are coming in, by run; its usage may still be corrected. */
  readonly #current = new Map<Run, AgentCall>();
  /** Last call of each model, held back until the totals of the result are known. */
  readonly #held = new Map<string, AgentCall>();
  /** Counts of the calls of this run that are written or held, by model. */
  #counted = new Map<string, Usage>();
  /** Totals of the result before, by model. */
  #totals: ReadonlyMap<string, Usage> = new Map();
  #totalCostUsd = 0;
  /** False until the first result of a session whose earlier totals are not known. */
  #isBaseKnown = true;
  #costNanoUsd = 0;
  #isCostKnown = true;
  #sessionId: string | undefined;
  #sinceMs = Date.now();
  #retriedStatus: string[] = [];

  constructor(
    telemetry: Telemetry,
    runs: Runs,
    overrides: PriceOverrides | undefined,
    parameters: QueryParameters,
  ) {
    this.#telemetry = telemetry;
    this.#runs = runs;
    this.#overrides = overrides;
    this.#active = context.active();
    this.#parentRun = runs.enclosing(this.#active);
    const { prompt, options } = parameters;
    this.#inputLength = typeof prompt === 'string' ? prompt.length : undefined;
    if (options?.resume === undefined && options?.continue !== true) return;
    const base = lastTotals.get(options.resume ?? '');
    this.#isBaseKnown = base !== undefined;
    this.#totals = base?.byModel ?? new Map();
    this.#totalCostUsd = base?.costUsd ?? 0;
  }

  /** One message, in order. */
  read(value: unknown): void {
    const message = asJson(value);
    const run = this.#runOf(asText(message['parent_tool_use_id']));
    switch (message['type']) {
      case 'system':
        this.#readSystem(message, run);
        return;
      case 'assistant':
        this.#readAssistant(message, run);
        return;
      case 'user':
        this.#readUser(message, run);
        return;
      case 'result':
        this.#readResult(message, run);
        return;
      default:
    }
  }

  /** The stream of messages is over without a further result. */
  end(status: RunStatus, errorType?: string): void {
    for (const call of this.#current.values()) call.isCut = true;
    this.#flushCalls();
    for (const run of this.#nested.values()) this.#runs.end(run, status, errorType);
    if (this.#run !== undefined) this.#runs.end(this.#run, status, errorType);
    this.#run = undefined;
  }

  #runOf(parentToolUseId: string | undefined): Run {
    this.#run ??= this.#startRun(undefined, undefined);
    if (parentToolUseId === undefined) return this.#run;
    const known = this.#nested.get(parentToolUseId);
    if (known !== undefined) return known;
    const input = asJson(this.#run.pendingTools.get(parentToolUseId)?.input);
    const nested = this.#startRun(asText(input['subagent_type']) ?? 'sub-agent', this.#run);
    this.#nested.set(parentToolUseId, nested);
    return nested;
  }

  #startRun(agentName: string | undefined, parent: Run | undefined): Run {
    const inherited = this.#runs.inherit(parent ?? this.#parentRun);
    const { identity } = inherited;
    return this.#runs.start({
      ...inherited,
      agentName: agentName ?? this.#telemetry.defaultAgentName,
      identity: { ...identity, sessionId: identity.sessionId ?? this.#sessionId },
      userInputLength: parent === undefined ? this.#inputLength : undefined,
      isInferred: false,
      parent: parent === undefined ? this.#active : this.#runs.contextIn(parent),
    });
  }

  #readSystem(message: Json, run: Run): void {
    if (message['subtype'] === 'init') {
      this.#sessionId = asText(message['session_id']);
      if (run.identity.sessionId === undefined) run.identify({ sessionId: this.#sessionId });
    } else if (message['subtype'] === 'api_retry') {
      this.#retriedStatus.push(labelOf(message['error_status'], 'connection_error'));
    } else if (message['subtype'] === 'compact_boundary') {
      this.#note(run, 'compaction', undefined);
    }
  }

  #readAssistant(message: Json, run: Run): void {
    const body = asJson(message['message']);
    const id = asText(body['id']) ?? '';
    let call = this.#current.get(run);
    if (call === undefined || call.id !== id) {
      if (call !== undefined) this.#hold(call);
      run.turns += 1;
      call = {
        run,
        id,
        model: asText(body['model']) ?? 'unknown',
        step: run.turns,
        startMs: this.#sinceMs,
        endMs: Date.now(),
        requestId: undefined,
        errorType: undefined,
        retriedStatus: this.#retriedStatus.splice(0),
        answer: new MessageReader(),
        rest: undefined,
        stopReason: undefined,
        isCut: false,
      };
      this.#current.set(run, call);
    }
    call.endMs = Date.now();
    this.#sinceMs = call.endMs;
    call.requestId = asText(message['request_id']) ?? call.requestId;
    call.errorType = asText(message['error']) ?? call.errorType;
    awaitTools(run, call.step, call.answer.readSlice(body));
    run.touch();
  }

  #readUser(message: Json, run: Run): void {
    const results = readToolResults(asJson(message['message'])['content']);
    settleTools(this.#telemetry, run, results);
    for (const { id, isError } of results) {
      const nested = this.#nested.get(id);
      if (nested === undefined) continue;
      this.#holdCurrent(nested);
      this.#nested.delete(id);
      this.#runs.end(nested, isError ? 'error' : 'ok', isError ? 'tool_error' : undefined);
    }
    this.#sinceMs = Date.now();
  }

  #readResult(message: Json, run: Run): void {
    const last = this.#current.get(run);
    if (last !== undefined) last.stopReason = asText(message['stop_reason']);
    for (const open of this.#current.keys()) this.#holdCurrent(open);
    this.#absorbTotals(asJson(message['modelUsage']), run);
    this.#flushCalls();
    this.#compareCost(message, run);
    const result = message['result'];
    if (typeof result === 'string') run.outputLength = result.length;
    const { status, errorType } = endOf(message);
    for (const nested of this.#nested.values()) this.#runs.end(nested, status, errorType);
    this.#nested.clear();
    this.#runs.end(run, status, errorType);
    this.#run = undefined;
    this.#sinceMs = Date.now();
  }

  /** The call is complete; the one of the same model before it can be written. */
  #hold(call: AgentCall): void {
    const before = this.#held.get(call.model);
    if (before !== undefined) this.#write(before);
    this.#held.set(call.model, call);
    for (const [model, usage] of usageByModel(call))
      this.#counted.set(model, addUsage(this.#counted.get(model) ?? NO_USAGE, usage));
  }

  #holdCurrent(run: Run): void {
    const call = this.#current.get(run);
    this.#current.delete(run);
    if (call !== undefined) this.#hold(call);
  }

  /** What the totals have beyond the messages (true output counts, calls without messages) goes to the last call. */
  #absorbTotals(modelUsage: Json, run: Run): void {
    const earlier = this.#totals;
    this.#totals = new Map(
      Object.entries(modelUsage).map(([model, value]) => [model, totalsOf(asJson(value))] as const),
    );
    for (const [model, value] of this.#isBaseKnown ? Object.entries(modelUsage) : []) {
      const name = this.#held.has(model) ? model : (asText(asJson(value)['canonicalModel']) ?? model);
      const counted = this.#counted.get(name) ?? NO_USAGE;
      const ofRun = addUsage(totalsOf(asJson(value)), earlier.get(model) ?? NO_USAGE, -1);
      const known = hasLifetimes(asJson(value)) ? ofRun : withLifetimesOf(ofRun, counted);
      const rest = addUsage(known, counted, -1);
      const last = this.#held.get(name);
      if (Object.values(rest).every((count) => count === 0)) continue;
      if (last !== undefined) {
        const corrected = addUsage(usageByModel(last).get(name) ?? NO_USAGE, rest);
        if (Object.values(corrected).every((count) => count >= 0)) last.rest = rest;
        else this.#note(run, 'warning', `messages of ${name} count more than the totals of the result`);
      } else if (Object.values(rest).every((count) => count >= 0)) {
        run.turns += 1;
        this.#held.set(name, silentCall(run, name, rest));
      }
    }
    this.#counted = new Map();
  }

  #flushCalls(): void {
    for (const run of this.#current.keys()) this.#holdCurrent(run);
    for (const call of this.#held.values()) this.#write(call);
    this.#held.clear();
  }

  #write(call: AgentCall): void {
    const cost = recordAgentCall(this.#telemetry, call, this.#overrides);
    if (cost === undefined) this.#isCostKnown = false;
    else this.#costNanoUsd += cost;
  }

  #compareCost(message: Json, run: Run): void {
    const total = message['total_cost_usd'];
    if (typeof total !== 'number') return;
    const theirs = Math.round((total - this.#totalCostUsd) * NANO_USD_PER_USD);
    const ours = this.#costNanoUsd;
    const isComparable = this.#isCostKnown && this.#isBaseKnown;
    this.#totalCostUsd = total;
    this.#costNanoUsd = 0;
    this.#isCostKnown = true;
    this.#isBaseKnown = true;
    rememberTotals(this.#sessionId, { byModel: this.#totals, costUsd: total });
    const isNear = Math.abs(ours - theirs) <= Math.max(1, theirs) * TOLERATED_DIFFERENCE;
    if (isComparable && !isNear)
      this.#note(run, 'warning', `cost by usage ${usd(ours)}, by the Agent SDK ${usd(theirs)}`);
  }

  #note(run: Run, kind: string, text: string | undefined): void {
    this.#telemetry.events.emit('agent.note', Date.now(), run.span.spanContext(), {
      ...run.fields(),
      'agent.note.kind': kind,
      'agent.note.text': text,
    });
  }
}

function labelOf(value: unknown, fallback: string): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : fallback;
}

function usd(nanoUsd: number): string {
  return `$${usdOf(nanoUsd).toFixed(6)}`;
}

/** A call that no message told of. */
function silentCall(run: Run, model: string, rest: Usage): AgentCall {
  const nowMs = Date.now();
  return {
    run,
    id: '',
    model,
    step: run.turns,
    startMs: nowMs,
    endMs: nowMs,
    requestId: undefined,
    errorType: undefined,
    retriedStatus: [],
    answer: new MessageReader(),
    rest,
    stopReason: undefined,
    isCut: false,
  };
}

/** What the messages of a call count, by the model of each step. Thinking is a share, which no totals have. */
function usageByModel(call: AgentCall): Map<string, Usage> {
  const reading = readingOfCall(call);
  const sums = new Map<string, Usage>();
  if ('error' in reading) return sums;
  const models = { model: call.model, requestedModel: call.answer.requestedModel };
  for (const part of reading.parts) {
    const model = modelOfStep(part, models);
    const { input, cacheRead, cacheWrite5m, cacheWrite1h, output } = part;
    const step = { ...NO_USAGE, input, cacheRead, cacheWrite5m, cacheWrite1h, output };
    sums.set(model, addUsage(sums.get(model) ?? NO_USAGE, step));
  }
  const { webSearches } = reading.usage;
  sums.set(call.model, addUsage(sums.get(call.model) ?? NO_USAGE, { ...NO_USAGE, webSearches }));
  return sums;
}

/** Older versions total the cache writes without their lifetimes; then the messages know them. */
function hasLifetimes(value: Json): boolean {
  return typeof value['cacheCreationEphemeral1hInputTokens'] === 'number';
}

function withLifetimesOf(totals: Usage, counted: Usage): Usage {
  const written = totals.cacheWrite5m + totals.cacheWrite1h;
  const cacheWrite1h = Math.min(counted.cacheWrite1h, written);
  return { ...totals, cacheWrite5m: written - cacheWrite1h, cacheWrite1h };
}

/** Cumulative totals of one model in the spelling of a result message. */
function totalsOf(value: Json): Usage {
  const number = (key: string): number => (typeof value[key] === 'number' ? value[key] : 0);
  const cacheWrite1h = number('cacheCreationEphemeral1hInputTokens');
  return {
    ...NO_USAGE,
    input: number('inputTokens'),
    output: number('outputTokens'),
    cacheRead: number('cacheReadInputTokens'),
    cacheWrite5m: number('cacheCreationInputTokens') - cacheWrite1h,
    cacheWrite1h,
    webSearches: number('webSearchRequests'),
  };
}

function endOf(message: Json): { status: RunStatus; errorType?: string } {
  switch (message['subtype']) {
    case 'success':
      return message['is_error'] === true
        ? { status: 'error', errorType: labelOf(message['api_error_status'], 'agent_error') }
        : { status: message['stop_reason'] === 'refusal' ? 'refused' : 'ok' };
    case 'error_max_turns':
      return { status: 'max_turns' };
    case 'error_max_budget_usd':
      return { status: 'budget_exceeded' };
    default:
      return { status: 'error', errorType: asText(message['subtype']) ?? 'agent_error' };
  }
}

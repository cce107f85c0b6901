// An agent session: what one query of the Claude Agent SDK did, told by the messages that its caller reads. The run begins
// when query is called; each result message ends a run, and what comes after it begins the next; sub-agents are runs nested in it.

import { context, type Context } from '@opentelemetry/api';
import { NO_AMOUNTS, type Amounts } from '../../core/limits/account.ts';
import type { PriceOverrides } from '../../core/pricing/cost.ts';
import { NANO_USD_PER_USD, usdOf } from '../../core/money.ts';
import { NewestMap } from '../../core/newest-map.ts';
import { asJson, asText } from '../../core/model-call/json.ts';
import { MessageReader } from '../../core/model-call/message-reader.ts';
import { mergeStreamUsage } from '../../core/pricing/stream-usage.ts';
import { readUsage } from '../../core/pricing/usage.ts';
import { addToCounts, BUCKETS, type ByModel, type Counts } from '../../core/transcripts/ledger.ts';
import { countByTurn, recordAgentCall, type AgentCall } from './agent-call.ts';
import { addCall, goesOn, recordRest, restsOf, totalsOf } from './agent-ledger.ts';
import { readToolResults } from '../record/request-facts.ts';
import type { Run, RunStatus } from '../record/run.ts';
import type { Runs } from '../record/runs.ts';
import type { Telemetry } from '../record/telemetry.ts';
import { awaitTools, settleTools } from '../record/tools/tool-calls.ts';

type Json = Readonly<Record<string, unknown>>;

/** Share by which our cost may differ from the SDK's before it is noted. */
const TOLERATED_DIFFERENCE = 0.01;
/** Model of the messages that Claude Code writes itself: an error, an interruption. */
const SYNTHETIC = '<synthetic>';

export interface QueryParameters {
  readonly prompt?: unknown;
  readonly options?: { readonly resume?: string; readonly continue?: boolean };
}

interface Totals {
  readonly byModel: ByModel;
  readonly costUsd: number;
}

/** Totals at the last result of each session: a resumed session counts on from there. */
const lastTotals = new NewestMap<string, Totals>();
const MAX_SESSIONS = 1_000;

function rememberTotals(sessionId: string | undefined, totals: Totals): void {
  if (sessionId === undefined) return;
  lastTotals.delete(sessionId);
  lastTotals.set(sessionId, totals);
  if (lastTotals.size > MAX_SESSIONS) lastTotals.dropOldest();
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
  /** The call whose messages are coming in, by run: written when the next one begins or a result comes. */
  readonly #current = new Map<Run, AgentCall>();
  /** Begin of the message that streams in, by run, where the caller asked for the stream. */
  readonly #streaming = new Map<Run, Json>();
  /** Counts of the calls since the last result. */
  #called: ByModel = new Map();
  /** Of these the calls of the run itself. */
  #calledByRun: ByModel = new Map();
  /** Model that was called last, or is to be. */
  #model = '';
  /** Totals of the result before. */
  #totals: ByModel = new Map();
  #totalCostUsd = 0;
  /** False until the first result of a session whose earlier totals are not known. */
  #isBaseKnown = true;
  #costNanoUsd = 0;
  #isCostKnown = true;
  #sessionId: string | undefined;
  #sinceMs = Date.now();
  #isInterrupted = false;
  #retriedStatus: string[] = [];
  /** Told what each call adds to its run, for limits. */
  onCounted: ((run: Run, model: string, amounts: Amounts) => void) | undefined;

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

  /** The query was called. */
  begin(): void {
    this.#run ??= this.#startRun(undefined, undefined);
  }

  /** Its own run first, then those of its sub-agents. */
  get openRuns(): readonly Run[] {
    return [...(this.#run === undefined ? [] : [this.#run]), ...this.#nested.values()];
  }

  /** The caller asked for the turn to stop: the next result says how it stopped. */
  noteInterruption(): void {
    this.#isInterrupted = true;
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
      case 'stream_event':
        this.#readStreamEvent(asJson(message['event']), run);
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

  /** The stream of messages is over without a further result. `isLeft`: its reader went, and Claude Code may go on. */
  end(status: RunStatus, errorType?: string, isLeft = false): void {
    for (const call of this.#current.values()) call.isCut = true;
    this.#flushCalls();
    const run = this.#run;
    if (run !== undefined && isLeft)
      recordRest(this.#telemetry, run, { model: this.#model, counts: NOTHING }, true, this.#overrides);
    for (const nested of this.#nested.values()) this.#runs.end(nested, status, errorType);
    if (run !== undefined) this.#runs.end(run, status, errorType);
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
      this.#model = asText(message['model']) ?? this.#model;
      if (run.identity.sessionId === undefined) run.identify({ sessionId: this.#sessionId });
    } else if (message['subtype'] === 'api_retry') {
      this.#retriedStatus.push(labelOf(message['error_status'], 'connection_error'));
    } else if (message['subtype'] === 'compact_boundary') {
      this.#note(run, 'compaction', undefined);
    }
  }

  #readAssistant(message: Json, run: Run): void {
    const body = asJson(message['message']);
    if (body['model'] === SYNTHETIC) {
      run.touch();
      return;
    }
    const id = asText(body['id']) ?? '';
    let call = this.#current.get(run);
    if (call === undefined || call.id !== id) {
      if (call !== undefined) this.#write(call);
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
        stopReason: undefined,
        end: undefined,
        isCut: false,
      };
      this.onCounted?.(run, call.model, { ...NO_AMOUNTS, turns: 1 });
      this.#model = call.model;
      this.#current.set(run, call);
    }
    call.endMs = Date.now();
    this.#sinceMs = call.endMs;
    call.requestId = asText(message['request_id']) ?? call.requestId;
    call.errorType = asText(message['error']) ?? call.errorType;
    // A block that comes after the end of the stream repeats the counts of its begin.
    awaitTools(run, call.step, call.answer.readSlice({ ...body, ...call.end }));
    run.touch();
  }

  /** An event of the stream of a message, where the caller asked for it: its end has the counts that are billed. */
  #readStreamEvent(event: Json, run: Run): void {
    if (event['type'] === 'message_start') {
      this.#streaming.set(run, asJson(event['message']));
      return;
    }
    if (event['type'] !== 'message_delta') return;
    const started = this.#streaming.get(run);
    const call = this.#current.get(run);
    this.#streaming.delete(run);
    if (started === undefined || call === undefined || call.id !== asText(started['id'])) return;
    call.end = {
      stop_reason: asJson(event['delta'])['stop_reason'],
      usage: mergeStreamUsage([started['usage'], event['usage']]),
    };
    call.answer.readSlice({ ...call.answer.envelope, ...call.end });
  }

  #readUser(message: Json, run: Run): void {
    const results = readToolResults(asJson(message['message'])['content']);
    settleTools(this.#telemetry, run, results);
    for (const { id, isError } of results) {
      const nested = this.#nested.get(id);
      if (nested === undefined) continue;
      this.#writeCurrent(nested);
      this.#nested.delete(id);
      this.#runs.end(nested, isError ? 'error' : 'ok', isError ? 'tool_error' : undefined);
    }
    this.#sinceMs = Date.now();
  }

  #readResult(message: Json, run: Run): void {
    const last = this.#current.get(run);
    if (last !== undefined) {
      last.stopReason = asText(message['stop_reason']);
      if (this.#calledByRun.size === 0) countByTurn(last, message);
    }
    this.#flushCalls();
    this.#recordRests(message, run);
    this.#compareCost(message, run);
    const result = message['result'];
    if (typeof result === 'string') run.outputLength = result.length;
    const { status, errorType } = endOf(message, this.#isInterrupted);
    this.#isInterrupted = false;
    for (const nested of this.#nested.values()) this.#runs.end(nested, status, errorType);
    this.#nested.clear();
    this.#runs.end(run, status, errorType);
    this.#run = undefined;
    this.#sinceMs = Date.now();
  }

  /** What the totals have beyond the messages: true output counts, calls without messages. */
  #recordRests(message: Json, run: Run): void {
    const totals = totalsOf(asJson(message['modelUsage']));
    const isZeroed = totals.size === 0 && this.#totals.size > 0;
    const before: ByModel = goesOn(totals, this.#totals) ? this.#totals : new Map();
    const rests = this.#isBaseKnown
      ? restsOf(totals, before, this.#called)
      : restsOf(this.#totalsOfTurn(message), new Map(), this.#calledByRun);
    for (const rest of isZeroed ? [] : rests) {
      if (!rest.isWhole)
        this.#note(run, 'warning', `messages of ${rest.model} count more than the totals of the result`);
      if (BUCKETS.every((bucket) => rest.counts[bucket] === 0)) continue;
      this.#count(run, rest.model, () => recordRest(this.#telemetry, run, rest, false, this.#overrides));
    }
    if (!isZeroed) this.#totals = totals;
    this.#called = new Map();
    this.#calledByRun = new Map();
  }

  /** Totals of the main loop of this turn alone: all that is known where a session goes on that began elsewhere. */
  #totalsOfTurn(message: Json): ByModel {
    const totals: ByModel = new Map();
    const models = [...this.#calledByRun.values()];
    const reading = readUsage(message['usage']);
    const [model] = models;
    if (models.length === 1 && model !== undefined && !('error' in reading))
      addToCounts(totals, model.model, reading.usage);
    return totals;
  }

  #flushCalls(): void {
    for (const run of this.#current.keys()) this.#writeCurrent(run);
  }

  #writeCurrent(run: Run): void {
    const call = this.#current.get(run);
    this.#current.delete(run);
    if (call !== undefined) this.#write(call);
  }

  #write(call: AgentCall): void {
    addCall(this.#called, call);
    if (call.run === this.#run) addCall(this.#calledByRun, call);
    this.#count(call.run, call.model, () => recordAgentCall(this.#telemetry, call, this.#overrides));
  }

  /** Adds what the record of a call or a rest costs, and tells limits what it adds to its run. */
  #count(run: Run, model: string, record: () => number | undefined): void {
    const [costBefore, tokensBefore] = [run.costNanoUsd, run.tokensIn + run.tokensOut];
    const nanoUsd = record();
    this.onCounted?.(run, model, {
      nanoUsd: run.costNanoUsd - costBefore,
      tokens: run.tokensIn + run.tokensOut - tokensBefore,
      turns: 0,
    });
    if (nanoUsd === undefined) this.#isCostKnown = false;
    else this.#costNanoUsd += nanoUsd;
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

const NOTHING: Counts = {
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  cacheWriteUnknown: 0,
  webSearches: 0,
};

function endOf(message: Json, isInterrupted: boolean): { status: RunStatus; errorType?: string } {
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
      if (isInterrupted) return { status: 'aborted' };
      return { status: 'error', errorType: asText(message['subtype']) ?? 'agent_error' };
  }
}

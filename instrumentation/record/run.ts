// A run: one task of an agent, from its start to its end, with its model calls and tool calls.
// Declared by the user or inferred from the requests; it ends exactly once.

import { context, SpanKind, SpanStatusCode, trace, type Context, type Span } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { cutSentValue } from '../../core/field-limits.ts';
import { Ledger } from '../../core/attribution/attribution.ts';
import type { RunLimits } from '../../core/limits/run-limits.ts';
import { LoopWatch, type Loop } from '../../core/limits/loop-watch.ts';
import type { RequestShape } from '../../core/attribution/request-shape.ts';
import { isCostUnknown } from '../../core/pricing/unknown-cost.ts';
import { setFields, type Fields } from './event-log.ts';
import { HeldContent } from './held-content.ts';
import { leanContext } from '../otel/lean-context.ts';
import { guard } from '../process/guard.ts';
import { nestedFields, RunTotals, TOTALS } from './run-totals.ts';
import { mergeIdentity, type Identity } from './identity.ts';
import type { SilentMemory } from './seen/silent-watch.ts';
import type { PendingTool } from './tools/pending-tool.ts';
import type { Telemetry } from './telemetry.ts';

/** Tools of a run that are told by name. */
const MAX_TOOLS = 256;

export type RunStatus =
  'ok' | 'error' | 'aborted' | 'refused' | 'max_turns' | 'budget_exceeded' | 'turn_limit' | 'loop';

export interface RunStart {
  readonly agentName?: string | undefined;
  readonly agentVersion?: string | undefined;
  readonly identity: Identity;
  readonly userInputLength?: number | undefined;
  readonly isInferred: boolean;
  /** Run that it is nested in. */
  readonly parentRun?: Run | undefined;
  /** Span of other code that stands for this run (the SDK's tool runner); it is enriched, not ended, by us. */
  readonly adoptedSpan?: Span | undefined;
  /** Where the run begins; the active context unless given. */
  readonly parent?: Context | undefined;
}

/** How one of its model calls ended, as far as a run has to know. */
export interface EndedCall {
  readonly type: 'completed' | 'left' | 'unread' | 'failed';
  readonly errorType?: string;
}

export interface RunOutcome {
  readonly status: RunStatus;
  readonly errorType: string | undefined;
}

export class Run extends RunTotals {
  readonly id: string;
  readonly span: Span;
  readonly isInferred: boolean;
  /** True when a span of the SDK stands for the run: that span ends it, not an answer. */
  readonly isAdopted: boolean;
  readonly startMs = Date.now();
  readonly ledger = new Ledger();
  /** Tool uses that the model asked for and whose result has not come back yet. */
  readonly pendingTools = new Map<string, PendingTool>();
  /** By tool: how many times in a row it has failed. */
  readonly failures = new Map<string, number>();
  /** Scores given while it goes on. */
  readonly keptScores: { readonly atMs: number; readonly fields: Fields }[] = [];
  readonly silent: SilentMemory = { failedTools: [] };
  readonly loopWatch = new LoopWatch();
  /** The loop that its last turns are part of. */
  loop: Loop | undefined;
  /** How it ends since a limit stopped it, whatever the program makes of the error. */
  limitStatus: RunStatus | undefined;
  /** What limits know of it; nothing where it has none. */
  limits: RunLimits | undefined;
  identity: Identity;
  agentName: string | undefined;
  agentVersion: string | undefined;
  lastSeenMs = this.startMs;
  openCalls = 0;
  /** Operations of frameworks that ask in it, and whose end will be heard. */
  openOperations = 0;
  /** Whether its operations are over while a tool call waits: only the program can go on with it. */
  isLeft = false;
  /** How its work ended, while model calls that it left open go on. */
  outcome: RunOutcome | undefined;
  /** How the model call that ended last did so. */
  lastCall: EndedCall | undefined;
  outputLength: number | undefined;
  lastStopReason: string | undefined;
  /** True when the last answer was asked to be a tool call: nobody has to send a result. */
  isToolForced = false;
  isEnded = false;
  /** What its calls sent and got back, where that is recorded only of some runs. */
  readonly heldContent: HeldContent | undefined;
  #toolSet: number | undefined;
  readonly #tools = new Map<string, number>();
  readonly #telemetry: Telemetry;
  readonly #userInputLength: number | undefined;
  readonly #parentRun: Run | undefined;
  /** Nested runs that go on. */
  readonly #openNested = new Set<Run>();
  /** Nested runs that have ended, on all levels, and what they came to. */
  #endedNested = 0;
  readonly #nested = new RunTotals();
  readonly #onQuiet: (() => void)[] = [];
  /** The context last asked about, and that one with the run's span: its calls mostly come from one place. */
  #outer: Context | undefined;
  #inner: Context | undefined;

  constructor(telemetry: Telemetry, start: RunStart) {
    super();
    this.#telemetry = telemetry;
    this.id = telemetry.events.makeRunId();
    this.heldContent =
      telemetry.settings.content === 'errors' ? new HeldContent(telemetry.events) : undefined;
    this.isInferred = start.isInferred;
    this.identity = start.identity;
    this.agentName = start.agentName;
    this.agentVersion = start.agentVersion;
    this.#userInputLength = start.userInputLength;
    this.#parentRun = start.parentRun;
    if (start.parentRun !== undefined) start.parentRun.#openNested.add(this);
    this.isAdopted = start.adoptedSpan !== undefined;
    const name =
      start.agentName === undefined
        ? 'invoke_agent'
        : `invoke_agent ${cutSentValue('gen_ai.agent.name', start.agentName)}`;
    this.span =
      start.adoptedSpan ??
      telemetry.tracer.startSpan(
        name,
        { kind: SpanKind.INTERNAL, attributes: { 'gen_ai.operation.name': 'invoke_agent' } },
        start.parent ?? context.active(),
      );
    guard('run span', () => {
      if (this.isAdopted) this.span.updateName(name);
      setFields(this.span, { ...this.fields(), 'agent.inferred': this.isInferred });
    });
  }

  /** Run that it is nested in. */
  get parentRun(): Run | undefined {
    return this.#parentRun;
  }

  /** Announces the run; apart from the constructor so that the registry knows it first. */
  announce(): void {
    const event = this.#telemetry.events.emitStart(this.startMs, this.span.spanContext(), {
      ...this.fields(),
      parent_span_id: parentSpanId(this.span),
      'agent.tags': this.identity.tags,
      'agent.user_input_len': this.#userInputLength,
      'agent.inferred': this.isInferred,
    });
    this.#telemetry.journal.begin(event);
  }

  /** The fields that every event of the run carries. */
  fields(): Fields {
    return {
      'agent.run_id': this.id,
      'agent.parent_run_id': this.#parentRun?.id,
      'gen_ai.conversation.id': this.identity.sessionId,
      'user.id': this.identity.userId,
      'agent.task_type': this.identity.taskType,
      'gen_ai.agent.name': this.agentName,
      'agent.version': this.agentVersion,
    };
  }

  identify(identity: Identity): void {
    this.identity = mergeIdentity(this.identity, identity);
    guard('identify', () => {
      setFields(this.span, this.fields());
    });
  }

  /** The given context with the run's span as the active one. */
  contextOf(active: Context): Context {
    if (this.#outer !== active || this.#inner === undefined) {
      this.#outer = active;
      this.#inner = trace.setSpan(leanContext(active), this.span);
    }
    return this.#inner;
  }

  /** The tools that a call defined: they are paid for in every call, used or not. */
  noteTools({ hashes, toolNames, blocks }: RequestShape): void {
    if (toolNames.length === 0 || hashes.toolSet === this.#toolSet) return;
    this.#toolSet = hashes.toolSet;
    toolNames.forEach((name, index) => {
      if (this.#tools.size < MAX_TOOLS || this.#tools.has(name))
        this.#tools.set(name, Math.round(blocks[index]?.tokens ?? 0));
    });
  }

  #definedTools(): readonly string[] | undefined {
    if (this.#tools.size === 0) return undefined;
    return [...this.#tools].map(([name, tokens]) => `${name}=${tokens}`);
  }

  /** One of its model calls has ended and is recorded. */
  endCall(end: EndedCall): void {
    this.openCalls -= 1;
    this.lastCall = end;
    if (this.openCalls > 0) return;
    for (const report of this.#onQuiet.splice(0)) report();
  }

  /** Reports when none of its model calls is open, at once where that is so. */
  whenQuiet(report: () => void): void {
    if (this.openCalls === 0) report();
    else this.#onQuiet.push(report);
  }

  /** The runs nested in it, on all levels, and what they have come to so far. */
  #withinIt(): { readonly runs: number; readonly totals: RunTotals } {
    const totals = new RunTotals();
    addTotals(totals, this.#nested);
    let runs = this.#endedNested;
    for (const open of this.#openNested) {
      const within = open.#withinIt();
      runs += within.runs + 1;
      addTotals(totals, open);
      addTotals(totals, within.totals);
    }
    return { runs, totals };
  }

  #leaveParent(within: { readonly runs: number; readonly totals: RunTotals }): void {
    const parent = this.#parentRun;
    if (parent === undefined || !parent.#openNested.delete(this)) return;
    parent.#endedNested += within.runs + 1;
    addTotals(parent.#nested, this);
    addTotals(parent.#nested, within.totals);
  }

  /** Something of the run happened just now. */
  touch(): void {
    this.lastSeenMs = Date.now();
    const { id, lastSeenMs, turns, toolCalls, tokensIn, tokensOut, costNanoUsd, unpricedCalls } = this;
    this.#telemetry.journal.progress({
      runId: id,
      atMs: lastSeenMs,
      turns,
      toolCalls,
      tokensIn,
      tokensOut,
      costNanoUsd,
      unpricedCalls,
    });
  }

  /** Ends the run; only the first call counts. `endMs` is now unless the run was left earlier. */
  end(given: RunStatus, errorType?: string, endMs: number = Date.now()): void {
    if (this.isEnded) return;
    this.isEnded = true;
    const status = this.limitStatus ?? given;
    const within = this.#withinIt();
    this.#leaveParent(within);
    const isUnknown = isCostUnknown(this, within.totals);
    const fields: Fields = {
      ...this.fields(),
      'agent.status': status,
      'error.type': errorType,
      duration_ms: Math.max(0, endMs - this.startMs),
      'agent.turns': this.turns,
      'agent.tool_calls': this.toolCalls,
      'agent.tokens_in': this.tokensIn,
      'agent.tokens_out': this.tokensOut,
      'agent.cost_nano_usd': isUnknown ? undefined : this.costNanoUsd,
      'agent.retries': this.retries,
      ...nestedFields(within.runs, within.totals),
      ...(isUnknown ? { 'agent.nested_cost_nano_usd': undefined } : {}),
      'agent.tool_definitions': this.#definedTools(),
      'agent.user_input_len': this.#userInputLength,
      'agent.output_len': this.outputLength,
      'agent.tags': this.identity.tags,
      'agent.inferred': this.isInferred,
    };
    guard('end run span', () => {
      setFields(this.span, fields);
      if (status === 'error') this.span.setStatus({ code: SpanStatusCode.ERROR });
      if (!this.isAdopted) this.span.end(endMs);
    });
    const costNanoUsd = this.costNanoUsd + within.totals.costNanoUsd;
    guard('kept scores', () => {
      const scoredNanoUsd = isUnknown ? undefined : costNanoUsd;
      this.#telemetry.scores.emitKept(this, scoredNanoUsd);
      this.#telemetry.scores.rememberEnded(this, this.fields(), scoredNanoUsd);
    });
    guard('held content', () => {
      const over = this.#telemetry.settings.contentOverNanoUsd;
      this.heldContent?.settle(status !== 'ok' || (over !== undefined && costNanoUsd > over));
    });
    this.#telemetry.costRows.writeRun(this.id);
    this.#telemetry.silentWatch.seeEnd(this, endMs, this.span.spanContext(), fields);
    // Before the event can leave.
    this.#telemetry.journal.end(this.id);
    this.#telemetry.events.emit('agent.run', endMs, this.span.spanContext(), {
      ...fields,
      parent_span_id: parentSpanId(this.span),
    });
  }
}

function addTotals(to: RunTotals, more: RunTotals): void {
  for (const total of TOTALS) to[total] += more[total];
}

/** Id of the parent of a span, where the span tells it. */
export function parentSpanId(span: Span): string | undefined {
  return (span as unknown as Partial<ReadableSpan>).parentSpanContext?.spanId;
}

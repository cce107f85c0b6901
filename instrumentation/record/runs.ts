// The open runs of this process, and the inference of runs for loops that declare none: a run begins
// at a request that carries no result of a tool use seen here, goes on while requests carry such
// results, and ends at an answer that asks for no tool, at an error, or when it is left.

import { context, createContextKey, ROOT_CONTEXT, trace, type Context, type Span } from '@opentelemetry/api';
import { NewestMap } from '../../core/newest-map.ts';
import { leanContext } from '../otel/lean-context.ts';
import { currentIdentity, mergeIdentity, type Identity } from './identity.ts';
import { readFrameworkContext } from './framework-context.ts';
import { contextInTool, currentPlace, type Operation } from './operations.ts';
import { AwaitedRetries, type Retrier } from './awaited-retries.ts';
import type { RequestFacts } from './request-facts.ts';
import { Run, type RunOutcome, type RunStart, type RunStatus } from './run.ts';
import type { Telemetry } from './telemetry.ts';
import type { PendingTool } from './tools/pending-tool.ts';
import { settleTools, settleUnanswered } from './tools/tool-calls.ts';
import type { ToolCostListener } from './tools/tool-costs.ts';

/** A run that nothing happens in for so long has been left. */
const IDLE_MS = 30 * 60_000;
/** Tool uses and paused blocks whose run is remembered at most. */
const MAX_REMEMBERED = 10_000;
const RUN_KEY = createContextKey('tallyspan run');
/** The run of a helper whose call is still to come. */
const HELPER_KEY = createContextKey('tallyspan helper run');

export class Runs {
  readonly #telemetry: Telemetry;
  readonly #open = new Set<Run>();
  /** Run of each block that a later request can refer to. */
  readonly #byBlock = new NewestMap<string, Run>();
  /** Open runs by the id of their span. */
  readonly #bySpan = new Map<string, Run>();
  /** Runs whose last call failed, and may come again. */
  readonly #awaited = new AwaitedRetries((run) => {
    if (!run.isEnded && run.openCalls === 0) this.leave(run);
  });
  /** Run that the tool of a tool span works for, by span id, while the span is open. */
  readonly #byToolSpan = new Map<string, Run>();

  /** Set where what a tool costs is limited. */
  onToolCost: ToolCostListener | undefined;

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
  }

  get open(): ReadonlySet<Run> {
    return this.#open;
  }

  start(start: RunStart): Run {
    const run = new Run(this.#telemetry, start);
    this.#open.add(run);
    this.#bySpan.set(run.span.spanContext().spanId, run);
    run.announce();
    return run;
  }

  end(run: Run, status: RunStatus, errorType?: string, endMs?: number): void {
    this.#awaited.forget(run);
    settleUnanswered(this.#telemetry, run);
    run.end(status, errorType, endMs);
    this.#open.delete(run);
    this.#bySpan.delete(run.span.spanContext().spanId);
  }

  /** The work of a run is over. What the model calls that it left open cost is a part of it: it ends when the last of them does. */
  settle(run: Run, outcome: RunOutcome): void {
    if (run.isEnded) return;
    run.outcome = outcome;
    run.whenQuiet(() => {
      this.end(run, outcome.status, outcome.errorType);
    });
  }

  /** The declared or adopted run that the context is in. */
  runIn(active: Context): Run | undefined {
    const declared = active.getValue(RUN_KEY) as Run | undefined;
    if (declared !== undefined && !declared.isEnded) return declared;
    return this.runOfSpan(trace.getSpan(active));
  }

  /** The run that work in the context comes from, ended or not: what begins there is nested in it. */
  enclosing(active: Context): Run | undefined {
    const span = trace.getSpan(active);
    return (
      this.runOfSpan(span) ?? this.#runOfToolAround(span) ?? (active.getValue(RUN_KEY) as Run | undefined)
    );
  }

  /** Run of the tool that the span is of, or was opened in: what a tool asks has spans of its own. */
  #runOfToolAround(span: Span | undefined): Run | undefined {
    if (span === undefined || this.#byToolSpan.size === 0) return undefined;
    for (const id of this.#telemetry.peers.idsAround(span)) {
      const run = this.#byToolSpan.get(id);
      if (run !== undefined) return run;
    }
    return undefined;
  }

  /**
   * Identity and version of a run nested in the other: what it sets itself wins, then what that run has, then what
   * holds in the asynchronous flow and the process.
   */
  inherit(
    parentRun: Run | undefined,
    own: Identity = {},
    version?: string,
  ): Pick<RunStart, 'identity' | 'agentVersion' | 'parentRun'> {
    const around = mergeIdentity(currentIdentity(), parentRun?.identity ?? {});
    return {
      identity: mergeIdentity(around, own),
      agentVersion: version ?? parentRun?.agentVersion,
      parentRun,
    };
  }

  runOfSpan(span: Span | undefined): Run | undefined {
    return span === undefined ? undefined : this.#bySpan.get(span.spanContext().spanId);
  }

  /** A tool span of the SDK has begun; runs inferred inside it are nested in its run. */
  openToolSpan(spanId: string, run: Run): void {
    this.#byToolSpan.set(spanId, run);
  }

  /** The run of a tool span that was open. */
  closeToolSpan(spanId: string): Run | undefined {
    const run = this.#byToolSpan.get(spanId);
    this.#byToolSpan.delete(spanId);
    return run;
  }

  /** Context below the run, for work that has none of its own. */
  contextIn(run: Run): Context {
    return run.contextOf(ROOT_CONTEXT);
  }

  /** Context of code that runs inside the run. */
  enter(active: Context, run: Run): Context {
    return run.contextOf(leanContext(active).setValue(RUN_KEY, run));
  }

  /** Context of a helper of the SDK whose call belongs to the run, whatever spans others open in between. */
  enterHelper(active: Context, run: Run): Context {
    return run.contextOf(active).setValue(HELPER_KEY, run);
  }

  /** The run that a request belongs to, begun if need be, with the results it carries settled. */
  runOf(facts: RequestFacts, active: Context = context.active()): Run {
    const run = this.#findRun(facts, active) ?? this.#infer(facts, active);
    if (this.#awaited.forget(run)) run.retries += 1;
    if (run.isInferred) currentPlace()?.operation.take(run);
    settleTools(this.#telemetry, run, facts.toolResults);
    for (const { id } of facts.toolResults) this.#byBlock.delete(id);
    return run;
  }

  /** A declared tool has begun: the pending tool use it serves, when one can be told. */
  findPending(
    run: Run | undefined,
    name: string,
    input: unknown,
  ): { run: Run; tool: PendingTool } | undefined {
    const wanted = JSON.stringify(input);
    const candidates = run === undefined ? this.#open : [run];
    for (const candidate of candidates) {
      for (const tool of candidate.pendingTools.values()) {
        if (tool.name === name && tool.execution === undefined && JSON.stringify(tool.input) === wanted)
          return { run: candidate, tool };
      }
    }
    return undefined;
  }

  /** Lets later requests find the run by the blocks of this answer. */
  remember(run: Run, blockIds: readonly string[]): void {
    for (const id of blockIds) this.#byBlock.set(id, run);
    while (this.#byBlock.size > MAX_REMEMBERED) this.#byBlock.dropOldest();
  }

  runOfBlock(id: string): Run | undefined {
    return this.#byBlock.get(id);
  }

  /**
   * A call of an inferred run has failed, and its caller may try again: the run ends as failed when nothing comes. False
   * where nothing is waited for.
   */
  awaitRetry(run: Run, facts: RequestFacts, errorType: string, retrier: Retrier): boolean {
    if (run.limitStatus !== undefined || !this.#awaited.add(run, facts, errorType, retrier)) return false;
    // What answers its tool calls comes again as well, by this model or another.
    this.remember(
      run,
      facts.toolResults.map(({ id }) => id),
    );
    return true;
  }

  /** Ends runs that nothing happens in any more: inferred ones, and those whose work is over. */
  endIdle(nowMs: number): void {
    for (const run of this.#open) {
      if (nowMs - run.lastSeenMs <= IDLE_MS) continue;
      const { outcome } = run;
      // Of a stream that nobody reads to its end, the end may never be heard.
      if (outcome !== undefined) this.end(run, outcome.status, outcome.errorType, run.lastSeenMs);
      else if (run.isInferred && run.openCalls === 0) this.leave(run);
    }
  }

  /** Ends inferred runs that wait for a tool result that will not come: the process has no work left. */
  endLeft(): void {
    for (const run of this.#open) {
      if (run.isInferred && run.openCalls === 0) this.leave(run);
    }
  }

  /** An inferred run that was left while a tool call waited: its loop reached its limit, or wanted just that call. */
  leave(run: Run): void {
    const { status, errorType } = statusOf(run) ?? { status: run.isToolForced ? 'ok' : 'max_turns' };
    this.end(run, status, errorType, run.lastSeenMs);
  }

  /**
   * An operation of a framework has ended; its run ends, unless a tool call waits.
   * @param failure how it failed, where it did; without a type the program gave it up
   */
  endOperation(operation: Operation, failure?: { readonly errorType: string | undefined }): void {
    if (operation.isEnded) return;
    operation.isEnded = true;
    const { run } = operation;
    if (run === undefined || !operation.facts.hasEnd) return;
    run.openOperations -= 1;
    run.whenQuiet(() => {
      if (run.openOperations > 0 || run.isEnded || !run.isInferred || run.isAdopted) return;
      const known = statusOf(run);
      if (known !== undefined && known.status !== 'ok') this.end(run, known.status, known.errorType);
      else if (failure !== undefined)
        this.end(run, failure.errorType === undefined ? 'aborted' : 'error', failure.errorType);
      else if (known !== undefined) this.end(run, 'ok');
      else run.isLeft = true;
    });
  }

  /** Ends every run: the process goes. */
  endAll(status: RunStatus, errorType?: string): void {
    this.#awaited.giveUp();
    for (const run of this.#open) {
      const { outcome } = run;
      if (run.isLeft && run.openCalls === 0) this.leave(run);
      else if (outcome !== undefined) this.end(run, outcome.status, outcome.errorType);
      else this.end(run, status, errorType);
    }
  }

  #findRun(facts: RequestFacts, active: Context): Run | undefined {
    const declared = this.runIn(active);
    if (declared !== undefined && !declared.isInferred) return declared;
    const own = currentPlace()?.operation.run;
    if (own?.isEnded === false) return own;
    for (const id of [...facts.toolResults.map((result) => result.id), ...facts.pausedIds]) {
      const run = this.#byBlock.get(id);
      if (run !== undefined && !run.isEnded) return run;
    }
    const awaited = this.#awaited.find(facts);
    if (awaited !== undefined) return awaited;
    // The SDK's tool runner is a run of its own; its first request carries no result.
    const enclosing = this.runOfSpan(trace.getSpan(active));
    if (enclosing !== undefined) return enclosing;
    const helper = active.getValue(HELPER_KEY) as Run | undefined;
    return helper?.isEnded === false && helper.turns === 0 ? helper : undefined;
  }

  #infer(facts: RequestFacts, active: Context): Run {
    const place = currentPlace();
    const operation = place?.operation;
    const inherited = this.inherit(this.enclosing(active) ?? operation?.parentRun);
    const spoken = this.#telemetry.peers.factsAround(active);
    const framework = readFrameworkContext();
    // What the request says of its user comes last: it may name a whole application.
    const guessed = mergeIdentity({ userId: facts.userId }, framework?.identity ?? {});
    const said = mergeIdentity(mergeIdentity(guessed, spoken), operation?.facts.identity ?? {});
    return this.start({
      ...inherited,
      agentName:
        operation?.facts.agentName ??
        spoken.agentName ??
        framework?.agentName ??
        this.#telemetry.defaultAgentName,
      identity: mergeIdentity(said, inherited.identity),
      userInputLength: facts.userInputLength,
      isInferred: true,
      parent: contextInTool(active, operation?.around?.tool),
    });
  }
}

/** How a run ends after its last call; `undefined` while a tool call waits. */
function statusOf(
  run: Run,
): { readonly status: RunStatus; readonly errorType?: string | undefined } | undefined {
  const { lastCall, lastStopReason } = run;
  if (lastCall?.type === 'failed') return { status: 'error', errorType: lastCall.errorType };
  if (lastCall?.type === 'left' || lastCall?.type === 'unread') return { status: 'aborted' };
  if (lastStopReason === 'refusal') return { status: 'refused' };
  if (lastStopReason === 'tool_use' || lastStopReason === 'pause_turn') return undefined;
  return { status: 'ok' };
}

// Native spans: those that the SDK (0.134.0 and later) opens itself. A call's span is found through the
// context that the call runs in, so no private field of the SDK is needed; tool runner spans become
// runs, tool spans become executions of pending tool uses.

import {
  createContextKey,
  SpanStatusCode,
  type Attributes,
  type Context,
  type Span,
} from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import { OWN_ATTRIBUTE, OWN_SCOPE } from '../../core/dialects/normalise.ts';
import { guard } from '../process/guard.ts';
import type { ModelCall } from '../record/model-call.ts';
import { setPlain } from '../otel/foreign-fields.ts';
import { leanContext } from '../otel/lean-context.ts';
import type { PeerSpans } from '../otel/peer-spans.ts';
import { parentSpanId, type Run } from '../record/run.ts';
import type { Runs } from '../record/runs.ts';
import { awaitTools } from '../record/tools/tool-calls.ts';

export const NATIVE_SCOPE = 'com.anthropic.sdk.typescript';
const CALL_KEY = createContextKey('tallyspan model call');
const COUNT_KEY = createContextKey('tallyspan token count');
const calls = new WeakMap<object, ModelCall>();
/** Open spans of calls that no observer of the SDK has claimed, as in a bundle. */
const freeSpans = new WeakSet<Span>();

/** A counting of tokens, as its span is to tell it. */
export interface TokenCount {
  readonly name: string;
  readonly attributes: Attributes;
  /** True when the SDK made a span for it. */
  isAdopted: boolean;
}

/** Context in which the next native span is the call's. */
export function watchNativeSpan(active: Context, call: ModelCall): Context {
  return leanContext(active).setValue(CALL_KEY, call);
}

/** The call for which an observer of the SDK sends a request in the context. */
export function claimedCall(active: Context): ModelCall | undefined {
  const call = active.getValue(CALL_KEY) as ModelCall | undefined;
  return call?.isEnded === false ? call : undefined;
}

/** Whether the span is one that the SDK opened for a call which is observed by its requests only. */
export function isFreeNativeSpan(span: Span): boolean {
  return freeSpans.has(span);
}

/** Context in which the next native span for counting tokens is the given one's. */
export function watchNativeCount(active: Context, count: TokenCount): Context {
  return leanContext(active).setValue(COUNT_KEY, count);
}

/** Sees every span of the provider; acts on native ones. */
export function watchSpans(runs: Runs, peers: PeerSpans, agentName: string | undefined): SpanProcessor {
  const adopted = new WeakMap<object, Run>();
  return {
    onStart: (span, parent) => {
      guard('native span start', () => {
        if (!isNative(span)) {
          if (span.instrumentationScope.name === OWN_SCOPE) return;
          peers.open(span, parent);
          const call = parent.getValue(CALL_KEY) as ModelCall | undefined;
          if (call !== undefined) peers.relate(span, call.run.id);
          openTool(runs, span, parent);
          return;
        }
        if (span.name === 'anthropic.messages.create') adoptCall(span, parent);
        else if (span.name === 'anthropic.messages.count_tokens') adoptCount(span, parent);
        else if (span.name === 'anthropic.messages.tool_runner') {
          const run = adoptRunner(runs, span, parent, agentName);
          if (run !== undefined) adopted.set(span, run);
        } else openTool(runs, span, parent);
      });
    },
    onEnding: (span) => {
      guard('native span end', () => {
        if (!isNative(span)) {
          if (span.instrumentationScope.name === OWN_SCOPE) return;
          closeTool(runs, span);
          peers.close(span);
          return;
        }
        const call = calls.get(span);
        const run = adopted.get(span);
        calls.delete(span);
        adopted.delete(span);
        if (call !== undefined) endCall(call, span);
        else if (run !== undefined) endRunner(runs, run, span);
        else closeTool(runs, span);
      });
    },
    onEnd: () => undefined,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}

function adoptCall(span: Span, parent: Context): void {
  const call = parent.getValue(CALL_KEY) as ModelCall | undefined;
  if (call === undefined) freeSpans.add(span);
  else if (call.span === undefined) bindSpan(call, span);
}

function adoptCount(span: Span, parent: Context): void {
  const count = parent.getValue(COUNT_KEY) as TokenCount | undefined;
  if (count === undefined) return;
  count.isAdopted = true;
  span.updateName(count.name);
  span.setAttributes(count.attributes);
}

/**
 * The span is the call's: the SDK ends it, and with it the call at the latest; of one that is `marked` only, the requests
 * show the end.
 */
export function bindSpan(call: ModelCall, span: Span, ending: 'with span' | 'marked' = 'with span'): void {
  freeSpans.delete(span);
  call.span = span;
  // At once: of a raw response the SDK ends its span before anything else is known.
  setPlain(span, { [OWN_ATTRIBUTE]: call.run.id });
  if (ending === 'with span') calls.set(span, call);
}

/** The SDK ends its span before we hear of it when the call fails or its stream is left; later it takes nothing more. */
function endCall(call: ModelCall, span: ReadableSpan): void {
  if (span.status.code === SpanStatusCode.ERROR) {
    call.end({ type: 'failed', errorType: errorTypeOf(span) ?? 'client_error' });
  } else if (span.status.code === SpanStatusCode.UNSET) {
    call.end(call.answer.isComplete ? { type: 'completed' } : { type: 'left' });
  }
}

function adoptRunner(
  runs: Runs,
  span: Span,
  parent: Context,
  agentName: string | undefined,
): Run | undefined {
  // A declared run around the runner is the run.
  if (runs.runIn(parent)?.isInferred === false) return undefined;
  return runs.start({
    agentName,
    ...runs.inherit(runs.enclosing(parent)),
    isInferred: true,
    adoptedSpan: span,
    parent,
  });
}

function endRunner(runs: Runs, run: Run, span: ReadableSpan): void {
  if (span.status.code === SpanStatusCode.ERROR) {
    runs.end(run, 'error', errorTypeOf(span) ?? 'client_error');
  } else if (run.lastStopReason === 'refusal') runs.end(run, 'refused');
  else if (run.lastStopReason === 'tool_use' || run.lastStopReason === 'pause_turn')
    runs.end(run, 'max_turns');
  else runs.end(run, 'ok');
}

function openTool(runs: Runs, span: Span & ReadableSpan, parent: Context): void {
  const id = toolUseOf(span);
  if (id === undefined) return;
  const run = runs.runOfBlock(id) ?? (isNative(span) ? awaitEarlyTool(runs, id, span, parent) : undefined);
  const tool = run?.pendingTools.get(id);
  if (run === undefined || tool === undefined || tool.execution !== undefined) return;
  tool.execution = {
    spanContext: span.spanContext(),
    parentSpanId: parentSpanId(span),
    startMs: Date.now(),
  };
  if (isNative(span)) span.updateName(`execute_tool ${tool.name}`);
  // The tool call is told by our event.
  span.setAttribute(OWN_ATTRIBUTE, run.id);
  runs.openToolSpan(span.spanContext().spanId, run);
}

/** A tool runner may run tools while the answer that asks for them still comes (`runToolsEagerly`). */
function awaitEarlyTool(runs: Runs, id: string, span: ReadableSpan, parent: Context): Run | undefined {
  const run = runs.runIn(parent);
  const name = span.attributes['gen_ai.tool.name'];
  if (run !== undefined && typeof name === 'string') awaitTools(run, 0, [{ id, name, input: undefined }]);
  return run;
}

function closeTool(runs: Runs, span: ReadableSpan): void {
  const id = toolUseOf(span);
  if (id === undefined) return;
  const { spanId } = span.spanContext();
  const execution = runs.closeToolSpan(spanId)?.pendingTools.get(id)?.execution;
  if (execution?.spanContext.spanId !== spanId) return;
  execution.endMs = Date.now();
  if (span.status.code === SpanStatusCode.ERROR) execution.errorType = errorTypeOf(span) ?? 'tool_error';
}

/** Keys under which instrumentations name the tool use that a span executes. */
const TOOL_USE_KEYS = ['gen_ai.tool.call.id', 'ai.toolCall.id', 'tool_call.id'] as const;

function toolUseOf({ attributes }: ReadableSpan): string | undefined {
  for (const key of TOOL_USE_KEYS) {
    const id = attributes[key];
    if (typeof id === 'string') return id;
  }
  return undefined;
}

function isNative({ instrumentationScope }: ReadableSpan): boolean {
  return instrumentationScope.name.startsWith(NATIVE_SCOPE);
}

function errorTypeOf(span: ReadableSpan): string | undefined {
  const value = span.attributes['error.type'];
  return typeof value === 'string' ? value : undefined;
}

// The Vercel AI SDK from version 7 on: it shows what it does on a tracing channel of Node, whether telemetry of its own is
// registered or not. Its calls are seen as requests; from here come the bounds of a run, names, and the times of tools.

import type { Span } from '@opentelemetry/api';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { tracingChannel } from 'node:diagnostics_channel';
import { asJson, asText } from '../../core/model-call/json.ts';
import { guard, guarded } from '../process/guard.ts';
import { identityIn } from '../record/framework-context.ts';
import {
  currentPlace,
  Operation,
  placeStore,
  type OperationPlace,
  type OperationTool,
} from '../record/operations.ts';
import type { PendingTool } from '../record/tools/pending-tool.ts';
import { parentSpanId, type Run } from '../record/run.ts';
import { startToolSpan } from '../record/tools/tool-calls.ts';
import { failureOf } from '../sdk/api-errors.ts';
import type { WireCalls } from '../wire/wire-calls.ts';
import { takeCalledAgentId } from './tool-loop-agent.ts';

const CHANNEL = 'ai:telemetry';
/** What asks a language model. */
const OPERATIONS: ReadonlySet<unknown> = new Set(['generateText', 'streamText', 'experimental_decide']);

/** The same object from the start of an operation to its end. */
interface Message {
  readonly type?: unknown;
  readonly event?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

export function watchAiSdk(calls: WireCalls): void {
  const operations = new WeakMap<object, Operation>();
  const tools = new WeakMap<object, RunningTool>();
  const channel = tracingChannel(CHANNEL);
  channel.start.bindStore(placeStore(), (message: unknown) => {
    const around = currentPlace();
    const place = guard('ai sdk start', (): OperationPlace | undefined => {
      const { type, event } = message as Message;
      if (OPERATIONS.has(type)) {
        const agentId = takeCalledAgentId();
        const operation = new Operation({
          agentName: asText(asJson(event)['functionId']) ?? agentId,
          identity: identityIn(asJson(event)['runtimeContext']),
          hasEnd: true,
        });
        operations.set(message as object, operation);
        return { operation };
      }
      if (type !== 'executeTool' || around === undefined) return around;
      const tool = beginTool(calls, around, asJson(asJson(event)['toolCall']));
      if (tool === undefined) return around;
      tools.set(message as object, tool);
      return { operation: around.operation, tool };
    });
    return place ?? around;
  });
  channel.asyncEnd.subscribe(
    guarded('ai sdk end', (message: unknown) => {
      const { error, result } = message as Message;
      tools.get(message as object)?.end(error !== undefined || isToolError(result));
      const operation = operations.get(message as object);
      if (operation === undefined) return;
      // It has given up what may have been tried again.
      if (operation.run !== undefined) calls.endHeldOf(operation.run);
      calls.observer.runs.endOperation(operation, error === undefined ? undefined : failureOf(error));
    }),
  );
}

function beginTool(
  { observer }: WireCalls,
  { operation }: OperationPlace,
  toolCall: Readonly<Record<string, unknown>>,
): RunningTool | undefined {
  const id = asText(toolCall['toolCallId']);
  const run = id === undefined ? undefined : (observer.runs.runOfBlock(id) ?? operation.run);
  const pending = run?.pendingTools.get(id ?? '');
  if (run === undefined || pending === undefined || run.isEnded) return undefined;
  return new RunningTool(run, pending, (startMs) =>
    startToolSpan(observer.telemetry, run, pending.name, startMs),
  );
}

/** A tool that runs: it has a span, unless the SDK's own telemetry makes one. */
class RunningTool implements OperationTool {
  readonly run: Run;
  readonly outer = trace.getSpan(context.active());
  readonly #pending: PendingTool;
  readonly #open: (startMs: number) => Span;
  readonly #startMs = Date.now();
  #span: Span | undefined;

  constructor(run: Run, pending: PendingTool, open: (startMs: number) => Span) {
    this.run = run;
    this.#pending = pending;
    this.#open = open;
  }

  span(): Span | undefined {
    if (this.#pending.execution !== undefined && this.#span === undefined) return undefined;
    if (this.#span !== undefined) return this.#span;
    const span = this.#open(this.#startMs);
    this.#span = span;
    this.#pending.execution = {
      spanContext: span.spanContext(),
      parentSpanId: parentSpanId(span),
      startMs: this.#startMs,
    };
    return span;
  }

  end(isFailed: boolean): void {
    const span = this.span();
    const { execution } = this.#pending;
    if (span === undefined || execution === undefined) return;
    execution.endMs = Date.now();
    if (isFailed) {
      execution.errorType = 'tool_error';
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute('error.type', 'tool_error');
    }
    span.setAttribute('tool.ok', !isFailed);
    span.setAttribute('agent.run_id', this.run.id);
    span.end(execution.endMs);
  }
}

/** The SDK catches what a tool throws, and hands it to the model. */
function isToolError(result: unknown): boolean {
  return asJson(asJson(result)['output'])['type'] === 'tool-error';
}

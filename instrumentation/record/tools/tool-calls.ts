// A tool call: one execution of a tool that the model asked for. Declared by the user, seen as the
// SDK's own tool span, or inferred: from the tool use in a response to its result in the next request.

import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Attributes,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import { maskedKeys, maskKnownSecrets } from '../../../core/text/redaction.ts';
import { cutText } from '../../../core/text/cut-text.ts';
import { SENT_NAME_CHARS } from '../../../core/field-limits.ts';
import { attributesOf, setFields, type Fields } from '../event-log.ts';
import { watchLoops } from './loops.ts';
import { guard } from '../../process/guard.ts';
import type { Run } from '../run.ts';
import { parentSpanId } from '../run.ts';
import type { PendingTool, ToolResult } from './pending-tool.ts';
import type { Telemetry } from '../telemetry.ts';

/** Arguments are recorded up to this many characters, and only with content capture on. */
const MAX_ARGUMENTS = 512;

/** Remembers the tool uses of a response. */
export function awaitTools(
  run: Run,
  step: number,
  uses: readonly { id: string; name: string; input: unknown }[],
): void {
  const sinceMs = Date.now();
  for (const { id, name, input } of uses) {
    const earlierFailures = run.failures.get(name) ?? 0;
    // It may have begun while its answer came.
    const execution = run.pendingTools.get(id)?.execution;
    run.pendingTools.set(id, { id, name, input, step, sinceMs, earlierFailures, execution });
  }
}

/** Settles the pending tool uses that the results of a request answer. */
export function settleTools(telemetry: Telemetry, run: Run, results: readonly ToolResult[]): void {
  const nowMs = Date.now();
  guard('loop watch', () => {
    watchLoops(telemetry, run, results);
  });
  for (const result of results) {
    const tool = run.pendingTools.get(result.id);
    if (tool === undefined) continue;
    run.pendingTools.delete(result.id);
    if (tool.execution?.isReported === true) continue;
    const isOk = !result.isError && tool.execution?.errorType === undefined;
    const errorType = isOk ? undefined : (tool.execution?.errorType ?? 'tool_error');
    recordToolCall(telemetry, run, tool, {
      endMs: tool.execution?.endMs ?? nowMs,
      errorType,
      resultLength: result.length,
      isResultEmpty: result.isEmpty,
      isInferred: tool.execution === undefined,
    });
  }
}

/** Tool calls that ran, as their spans showed, but whose result no request carried on. */
export function settleUnanswered(telemetry: Telemetry, run: Run): void {
  for (const tool of run.pendingTools.values()) {
    const { execution } = tool;
    if (execution?.endMs === undefined || execution.isReported === true) continue;
    recordToolCall(telemetry, run, tool, {
      endMs: execution.endMs,
      errorType: execution.errorType,
      isInferred: false,
    });
  }
  run.pendingTools.clear();
}

export interface ToolOutcome {
  readonly endMs: number;
  readonly errorType: string | undefined;
  readonly resultLength?: number | undefined;
  readonly isResultEmpty?: boolean | undefined;
  readonly isInferred: boolean;
  /** Span of a declared tool, ended by us. */
  readonly span?: Span;
}

/** Writes the span (unless other code made one) and the event of a finished tool call. */
export function recordToolCall(
  telemetry: Telemetry,
  run: Run,
  tool: PendingTool,
  outcome: ToolOutcome,
): void {
  guard('record tool call', () => {
    const startMs = tool.execution?.startMs ?? tool.sinceMs;
    const isOk = outcome.errorType === undefined;
    run.failures.set(tool.name, isOk ? 0 : tool.earlierFailures + 1);
    run.toolCalls += 1;
    if (tool.earlierFailures > 0) run.retries += 1;

    const common = run.fields();
    const fields: Fields = {
      'gen_ai.tool.name': tool.name,
      'gen_ai.tool.call.id': tool.id === '' ? undefined : tool.id,
      duration_ms: Math.max(0, outcome.endMs - startMs),
      'tool.ok': isOk,
      'error.type': outcome.errorType,
      'tool.retry_attempt': tool.earlierFailures,
      ...inputFields(tool.input, ['tools', 'full'].includes(telemetry.settings.content)),
      'tool.result_len': outcome.resultLength,
      'tool.result_empty': outcome.isResultEmpty,
      'agent.inferred': outcome.isInferred,
      'agent.step_number': tool.step === 0 ? undefined : tool.step,
    };
    const { spanContext, parentSpanId: parent } = placeOf(telemetry, run, tool, outcome, [common, fields]);
    telemetry.events.emit('agent.tool_call', outcome.endMs, spanContext, fields, undefined, {
      ...common,
      parent_span_id: parent,
    });
    telemetry.silentWatch.seeTool(run, outcome.endMs, spanContext, fields);
    run.touch();
  });
}

interface Place {
  readonly spanContext: SpanContext;
  readonly parentSpanId: string | undefined;
}

/** The span of a finished tool call: what other code made, what the user's declaration began, or one that is written now. */
function placeOf(
  telemetry: Telemetry,
  run: Run,
  { name, execution, sinceMs }: PendingTool,
  { span, errorType, endMs }: ToolOutcome,
  parts: readonly Fields[],
): Place {
  if (span !== undefined) {
    for (const fields of parts) setFields(span, fields);
    if (errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(endMs);
    return { spanContext: span.spanContext(), parentSpanId: parentSpanId(span) };
  }
  if (execution !== undefined) return execution;
  const attributes: Attributes = { ...TOOL_ATTRIBUTES };
  for (const fields of parts) Object.assign(attributes, attributesOf(fields));
  const spanContext = telemetry.writeEndedSpan(run.contextOf(ROOT_CONTEXT), {
    ...describeToolSpan(name),
    startMs: sinceMs,
    endMs,
    isError: errorType !== undefined,
    attributes,
  });
  return { spanContext, parentSpanId: run.span.spanContext().spanId };
}

const TOOL_ATTRIBUTES = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.type': 'function' };

function describeToolSpan(name: string): { readonly name: string; readonly kind: SpanKind } {
  return { name: `execute_tool ${cutText(name, SENT_NAME_CHARS)}`, kind: SpanKind.INTERNAL };
}

/** Starts an `execute_tool` span below the run. */
export function startToolSpan(telemetry: Telemetry, run: Run, name: string, startMs: number): Span {
  const { name: spanName, kind } = describeToolSpan(name);
  return telemetry.tracer.startSpan(
    spanName,
    {
      kind,
      startTime: startMs,
      attributes: { ...TOOL_ATTRIBUTES, 'gen_ai.tool.name': cutText(name, SENT_NAME_CHARS) },
    },
    run.contextOf(ROOT_CONTEXT),
  );
}

/** What may be told of the arguments: names and length; the text only with content capture on. */
export function inputFields(input: unknown, isContentOn: boolean): Fields {
  if (input === undefined) return {};
  const json = typeof input === 'string' ? input : (JSON.stringify(input) ?? '');
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  return {
    ...(isObject ? { 'tool.input_keys': maskedKeys(input) } : {}),
    'tool.input_len': json.length,
    ...(isContentOn ? { 'tool.args_json': cutText(maskKnownSecrets(json), MAX_ARGUMENTS) } : {}),
  };
}

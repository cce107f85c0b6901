// A tool use that waits for its result, and the result as the next request carries it.

import type { SpanContext } from '@opentelemetry/api';

/** A tool use that waits for its result. */
export interface PendingTool {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly step: number;
  readonly sinceMs: number;
  /** How many failures of the tool in a row came before the step that asked for it. */
  readonly earlierFailures: number;
  /** Set while or after a tool span of the SDK or a declared tool runs it. */
  execution?: ToolExecution | undefined;
}

export interface ToolExecution {
  readonly spanContext: SpanContext;
  readonly parentSpanId: string | undefined;
  readonly startMs: number;
  endMs?: number;
  errorType?: string;
  /** True when the event has been written already. */
  isReported?: boolean;
}

/** Result of a tool as the next request carries it. */
export interface ToolResult {
  readonly id: string;
  readonly isError: boolean;
  readonly length: number;
  readonly isEmpty: boolean;
  /** The `tool_result` block itself. */
  readonly block: object;
}

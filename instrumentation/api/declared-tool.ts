// A declared tool: the user wrapped its function, so its time and failure are measured. When the model
// asked for the call, what its result says is added from the next request.

import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { follow } from '../follow/follow.ts';
import { guard } from '../process/guard.ts';
import type { Observer } from '../sdk/observer.ts';
import { errorName } from '../sdk/api-errors.ts';
import { parentSpanId, type Run } from '../record/run.ts';
import type { PendingTool } from '../record/tools/pending-tool.ts';
import { recordToolCall, startToolSpan } from '../record/tools/tool-calls.ts';

export function recordDeclaredTool<T>(observer: Observer, name: string, input: unknown, work: () => T): T {
  const begun = guard('begin tool', () => begin(observer, name, input));
  if (begun === undefined) return work();
  const { active, end } = begun;
  return follow(active, work, {
    completed: (value) => {
      end(undefined, value);
    },
    failed: (error) => {
      end(error === undefined ? 'client_error' : errorName(error), undefined);
    },
    left: () => {
      end('aborted', undefined);
    },
    handedOn: (value) => {
      end(undefined, value);
    },
  });
}

function begin(observer: Observer, name: string, input: unknown) {
  const { runs, telemetry } = observer;
  const current = context.active();
  const enclosing = runs.runIn(current);
  const asked = runs.findPending(enclosing, name, input);
  const run = asked?.run ?? enclosing;
  // Outside of any run there is nothing to tell it about.
  if (run === undefined) return undefined;
  const startMs = Date.now();
  const span = startToolSpan(telemetry, run, name, startMs);
  const active = trace.setSpan(runs.enter(current, run), span);

  if (asked !== undefined) {
    const execution: NonNullable<PendingTool['execution']> = {
      spanContext: span.spanContext(),
      parentSpanId: parentSpanId(span),
      startMs,
    };
    asked.tool.execution = execution;
    return {
      active,
      end: (errorType: string | undefined) => {
        guard('end tool', () => {
          execution.endMs = Date.now();
          if (errorType !== undefined) {
            execution.errorType = errorType;
            span.setStatus({ code: SpanStatusCode.ERROR });
            span.setAttribute('error.type', errorType);
          }
          span.setAttribute('tool.ok', errorType === undefined);
          span.setAttribute('agent.run_id', run.id);
          span.end(execution.endMs);
        });
      },
    };
  }
  return { active, end: endUnasked(observer, run, { name, input, startMs, span }) };
}

interface Unasked {
  readonly name: string;
  readonly input: unknown;
  readonly startMs: number;
  readonly span: ReturnType<typeof startToolSpan>;
}

/** A tool that the program called without the model asking: its event is written when it ends. */
function endUnasked(observer: Observer, run: Run, { name, input, startMs, span }: Unasked) {
  const earlierFailures = run.failures.get(name) ?? 0;
  return (errorType: string | undefined, value: unknown): void => {
    guard('end tool', () => {
      const length = guard('length of result', () => lengthOf(value));
      recordToolCall(
        observer.telemetry,
        run,
        { id: '', name, input, step: run.turns, sinceMs: startMs, earlierFailures },
        {
          endMs: Date.now(),
          errorType,
          ...(errorType === undefined ? { resultLength: length, isResultEmpty: length === 0 } : {}),
          isInferred: false,
          span,
        },
      );
    });
  };
}

function lengthOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  // What the program returned may be nothing that JSON can hold.
  return (
    guard('result length', () =>
      typeof value === 'string' ? value.length : JSON.stringify(value)?.length,
    ) ?? 0
  );
}

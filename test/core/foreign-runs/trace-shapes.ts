// A trace by shape: a tree of spans of some emitter, of which a test says only what it is about.

import type { FactSpan } from '../../../core/dialects.ts';
import { assembleTrace } from '../../../core/foreign-runs/assemble.ts';
import type { EventRecord } from '../../../core/event.ts';
import { readSpanFacts } from '../../../core/dialects/span-facts.ts';

const START = Date.UTC(2026, 10, 20);
export const TRACE = 'a'.repeat(32);

/** `at` and `ms` are milliseconds from the start of the trace and of the span. */
export interface Shape {
  readonly id: string;
  /** Its id where it has none of its own. */
  readonly name?: string;
  readonly in?: string;
  readonly at?: number;
  readonly ms?: number;
  readonly isError?: boolean;
  readonly kind?: number;
  readonly scope?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export const idOf = (id: string): string => Buffer.from(id.padEnd(8, '.')).toString('hex').slice(0, 16);

function spanOf({ id, at = 0, ms = 100, ...shape }: Shape): FactSpan {
  const isError = shape.isError === true;
  const name = shape.name ?? id;
  return {
    name,
    traceId: TRACE,
    spanId: idOf(id),
    parentSpanId: shape.in === undefined ? '' : idOf(shape.in),
    startMs: START + at,
    endMs: START + at + ms,
    isError,
    resource: { 'service.name': 'shop' },
    facts: readSpanFacts({
      name,
      scopeName: shape.scope ?? 'any',
      attributes: shape.attributes,
      isError,
      spanKind: shape.kind,
    }),
  };
}

export const AGENT = { 'gen_ai.operation.name': 'invoke_agent' };
export const CALL = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'anthropic',
  'gen_ai.request.model': 'claude-opus-5-5',
  'gen_ai.usage.input_tokens': 1000,
  'gen_ai.usage.output_tokens': 100,
};
/** 1 000×4 + 100×20 micro-USD. */
export const COST = 6_000_000;
export const TOOL = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' };
export const WEB = { 'http.request.method': 'GET' };

/** The events of a trace of these. */
export const all = (...shapes: Shape[]): EventRecord[] => assembleTrace(shapes.map(spanOf));
export const runs = (events: readonly EventRecord[]): EventRecord[] =>
  events.filter((event) => event['event.name'] === 'agent.run');

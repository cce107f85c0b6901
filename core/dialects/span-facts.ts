// Span facts: all that is kept of a finished span of any emitter to make events of it, as small as JSON can hold it and
// without content. A span's kind says what it is to a run: an agent, a call of a model, a tool, another step, or just
// a place in the trace.

import { cutText } from '../text/cut-text.ts';
import { TEXT_LIMITS } from '../field-limits.ts';
import {
  FAILURES,
  OPERATION_NAMES,
  STANDARD_KEYS,
  STEP_OPERATIONS,
  type Dialect,
  type StandardKey,
} from './dialect.ts';
import { OWN_ATTRIBUTE, isOwnSpan, normaliseSpan, type SpanShape } from './normalise.ts';
import { matches } from './patterns.ts';
import { plainNumber, plainText } from './plain-values.ts';

/** `workflow` is a run only where no agent is; `own` is a span of ours, which has its event already; `other` is none of these. */
export type SpanKind = 'agent' | 'workflow' | 'call' | 'tool' | 'step' | 'own' | 'other';

export interface SpanFacts {
  readonly kind: SpanKind;
  /** Dialect and rule; absent on spans that no dialect knows. */
  readonly rule?: string | undefined;
  /** What the span says under the standard keys. */
  readonly standard: Readonly<Partial<Record<StandardKey, unknown>>>;
  readonly errorType?: string | undefined;
  /** Run of a span of our own. */
  readonly ownRunId?: string | undefined;
  /** Whether its parent is a span of another process, which may never come. */
  readonly isLocalRoot?: boolean | undefined;
  /** How often something fuller took the place of what was told of the span before. */
  readonly retold?: number | undefined;
}

/** A span as it arrives. */
export interface SpanAsSent extends SpanShape {
  readonly isError: boolean;
  /** Kind by OTLP's numbers; 2 and 5 are what another process called. */
  readonly spanKind?: number | undefined;
  readonly hasRemoteParent?: boolean | undefined;
  /** Class of what was thrown, where an event of the span says it: most SDKs of OpenTelemetry put it there alone. */
  readonly exceptionType?: string | undefined;
}

const CALL_OPERATIONS: ReadonlySet<unknown> = new Set(['chat', 'text_completion', 'generate_content']);
const AGENT_OPERATIONS: ReadonlySet<unknown> = new Set(['invoke_agent', 'handle_conversation_turn']);
/** Who the run is for: read from whatever span says it, because many say it at the root only. */
const IDENTITY_KEYS = ['gen_ai.conversation.id', 'user.id', 'agent.task_type', 'agent.version'] as const;
const SERVER = 2;
const CONSUMER = 5;

export function readSpanFacts(span: SpanAsSent): SpanFacts {
  const isLocalRoot =
    span.hasRemoteParent === true || span.spanKind === SERVER || span.spanKind === CONSUMER || undefined;
  if (isOwnSpan(span)) {
    const run = span.attributes[OWN_ATTRIBUTE];
    const ownRunId = typeof run === 'string' && run !== '' ? run : undefined;
    return { kind: 'own', standard: standardOf(span.attributes), ownRunId, isLocalRoot };
  }
  const normalised = isPending(span) ? undefined : normaliseSpan(span);
  if (normalised === undefined) return { kind: 'other', standard: identityOf(span.attributes), isLocalRoot };
  const standard = withKnownOperation(standardOf(normalised.attributes));
  const { rule, dialect } = normalised;
  if (dialect.isServerSide === true) return { kind: 'other', rule, standard: {}, isLocalRoot };
  const kind = kindOf(standard, span, dialect.answersApart === true);
  const errorType = isFailed(span) ? errorTypeOf(span) : undefined;
  return {
    kind,
    rule,
    standard: namedBySpan(kind, standard, span, dialect),
    errorType,
    isLocalRoot,
  };
}

/** Logfire shows what goes on by a span below it, of which the finished one is no copy. */
function isPending({ attributes }: SpanAsSent): boolean {
  return attributes['logfire.span_type'] === 'pending_span';
}

const KNOWN_OPERATIONS: ReadonlySet<unknown> = new Set([
  ...CALL_OPERATIONS,
  ...AGENT_OPERATIONS,
  ...STEP_OPERATIONS,
  'invoke_workflow',
  'execute_tool',
]);

/** The operation by the name that the conventions have for it. A call under another name has counts or an answer. */
function withKnownOperation(standard: SpanFacts['standard']): SpanFacts['standard'] {
  const named = text(standard['gen_ai.operation.name']);
  if (named === undefined || KNOWN_OPERATIONS.has(named)) return standard;
  const name = named.toLowerCase();
  const meant = KNOWN_OPERATIONS.has(name)
    ? name
    : OPERATION_NAMES.find(([pattern]) => matches(pattern, name))?.[1];
  const isCalled = hasCounts(standard) || standard['gen_ai.response.id'] !== undefined;
  return meant === undefined || (meant === 'chat' && name !== 'chat' && !isCalled)
    ? standard
    : { ...standard, 'gen_ai.operation.name': meant };
}

/** Whether the span counts tokens of a model, and nothing is made of it because nobody knows what it does. */
export function hasUnreadCounts({ kind, standard }: SpanFacts): boolean {
  return kind === 'step' && hasCounts(standard) && !KNOWN_OPERATIONS.has(standard['gen_ai.operation.name']);
}

function kindOf(standard: SpanFacts['standard'], span: SpanAsSent, answersApart: boolean): SpanKind {
  const operation = standard['gen_ai.operation.name'];
  if (AGENT_OPERATIONS.has(operation)) return 'agent';
  // The conventions' later name of all invocations says by this whether it is the outermost.
  if (operation === 'invoke_workflow' || span.attributes['gen_ai.invocation.is_nested'] === false)
    return 'workflow';
  if (operation === 'execute_tool') return 'tool';
  if (CALL_OPERATIONS.has(operation)) {
    if (answersApart && !isFailed(span) && !hasCounts(standard)) return 'step';
    return isCall(standard, span) ? 'call' : 'step';
  }
  if (operation === undefined && hasCounts(standard) && standard['gen_ai.request.model'] !== undefined)
    return 'call';
  return operation === undefined ? 'other' : 'step';
}

// What is named as a call and has neither model nor answer nor counts nor failed is something else: a prompt template, say.
function isCall(standard: SpanFacts['standard'], span: SpanAsSent): boolean {
  return (
    isFailed(span) ||
    hasCounts(standard) ||
    standard['gen_ai.response.model'] !== undefined ||
    standard['gen_ai.response.id'] !== undefined
  );
}

function hasCounts(standard: SpanFacts['standard']): boolean {
  return (
    standard['gen_ai.usage.input_tokens'] !== undefined ||
    standard['gen_ai.usage.output_tokens'] !== undefined
  );
}

/** Whether it says that there were tokens. */
export function countsTokens(standard: SpanFacts['standard']): boolean {
  return (
    Number(standard['gen_ai.usage.input_tokens']) > 0 || Number(standard['gen_ai.usage.output_tokens']) > 0
  );
}

function standardOf(attributes: Readonly<Record<string, unknown>>): SpanFacts['standard'] {
  const standard: Partial<Record<StandardKey, unknown>> = {};
  for (const key of STANDARD_KEYS) {
    const value = attributes[key];
    if (value !== undefined && value !== null && value !== '') standard[key] = bounded(key, value);
  }
  return standard;
}

/** Finish reasons that are kept of a call. */
const LIST_LIMIT = 32;

/** No value is larger than its field may be: the facts of a span are kept with it. */
function bounded(key: StandardKey, value: unknown): unknown {
  if (typeof value === 'string') return key === 'anthropic.usage' ? value : cutText(value, TEXT_LIMITS.name);
  if (Array.isArray(value))
    return value.slice(0, LIST_LIMIT).map((item) => cutText(plainText(item), TEXT_LIMITS.name));
  return typeof value === 'object' ? undefined : value;
}

function identityOf(attributes: Readonly<Record<string, unknown>>): SpanFacts['standard'] {
  const standard: Partial<Record<StandardKey, unknown>> = {};
  for (const key of IDENTITY_KEYS) {
    const value = attributes[key];
    if (typeof value === 'string' && value !== '') standard[key] = bounded(key, value);
  }
  const session = attributes['session.id'];
  if (typeof session === 'string' && session !== '')
    standard['gen_ai.conversation.id'] ??= bounded('gen_ai.conversation.id', session);
  const user = attributes['enduser.id'];
  if (typeof user === 'string' && user !== '') standard['user.id'] ??= bounded('user.id', user);
  return standard;
}

/** Names of agents and tools: those of their own span, and else what is in the name of the span. */
function namedBySpan(
  kind: SpanKind,
  standard: SpanFacts['standard'],
  { name, attributes }: SpanAsSent,
  { agentNames = [], isNamedByAgent }: Dialect,
): SpanFacts['standard'] {
  if (kind === 'tool') {
    const tool = text(standard['gen_ai.tool.name']) ?? (name.replace(/^execute_tool /, '') || name);
    return { ...standard, 'gen_ai.tool.name': tool };
  }
  if (kind !== 'agent' && kind !== 'workflow') return standard;
  const agent =
    text(attributes['gen_ai.agent.name']) ??
    agentNames.map((key) => text(attributes[key])).find((each) => each !== undefined) ??
    (kind === 'agent' && isNamedByAgent ? text(name) : undefined) ??
    text(standard['gen_ai.agent.name']) ??
    (kind === 'workflow' ? text(attributes['gen_ai.workflow.name']) : undefined) ??
    NAMES_IN_SPANS[kind].map((pattern) => pattern.exec(name)?.[1]).find((each) => each !== undefined);
  return agent === undefined
    ? standard
    : { ...standard, 'gen_ai.agent.name': bounded('gen_ai.agent.name', agent) };
}

/** The conventions put the name behind the operation; frameworks put the method that was called behind the name. */
const NAMES_IN_SPANS = {
  agent: [
    /^(?:invoke_agent|handle_conversation_turn|agent_run) \[?(.+?)\]?$/,
    /^([^.]+)\.(?:a?run|a?invoke|_execute_core)$/,
  ],
  workflow: [/^([^.]*(?:Agent|Workflow))\.(?:a?run|a?invoke)$/],
} as const;

/** Status ERROR, or what some emitters say in its place. */
function isFailed({ isError, attributes }: SpanAsSent): boolean {
  const success = attributes['success'];
  return (
    isError ||
    ((success === false || success === 'false') && attributes['span.type'] !== undefined) ||
    FAILURES.some(([key, pattern]) => matches(pattern, plainText(attributes[key] ?? '').toLowerCase()))
  );
}

const STATUS_KEYS = ['http.response.status_code', 'http.status_code', 'status_code'];
const STATUS_TYPES: Readonly<Record<string, string>> = {
  '429': 'rate_limit_error',
  '529': 'overloaded_error',
};

/** Class of the error: as the API names it where that can be seen, else as the emitter does. */
function errorTypeOf({ attributes, exceptionType }: SpanAsSent): string {
  const status = STATUS_KEYS.map((key) => plainNumber(attributes[key])).find((value) => value >= 400);
  const byStatus = STATUS_TYPES[String(status)];
  if (byStatus !== undefined) return byStatus;
  const named = text(attributes['error.type']) ?? text(attributes['exception.type']) ?? text(exceptionType);
  if (named === undefined) return status === undefined ? 'error' : String(status);
  if (/(?:^|\.)OverloadedError$/.test(named)) return 'overloaded_error';
  if (/(?:^|\.)RateLimitError$/.test(named)) return 'rate_limit_error';
  return STATUS_TYPES[named] ?? named;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

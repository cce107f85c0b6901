// From span to row of the `spans` table, for reading one run. Spans are kept but for content: of a span of others only
// what is known to be harmless stays, and of the rest the length. Where the operator lets content in, what a call said
// becomes recorded content, which is stored encrypted and nowhere else.

import { lengthNote, nameWithoutContent, withoutForeignContent } from '../../core/foreign-content.ts';
import { SENSITIVE_FIELDS } from '../../core/text/redaction.ts';
import { TEXT_LIMITS } from '../../core/field-limits.ts';
import { attributesJson, boundTime, boundText } from '../store/columns/bounds.ts';
import type { SpanRow } from '../store/file/tables.ts';
import { commonFieldsOf, type FactSpan } from '../../core/dialects.ts';
import type { EventRecord } from '../../core/event.ts';
import { readSpanContent } from '../../core/reported-content/span-content.ts';
import { isOwnSpan } from '../../core/dialects/normalise.ts';
import { countsTokens, hasUnreadCounts } from '../../core/dialects/span-facts.ts';
import { factSpanOf, factsJson, resourceOf } from '../foreign/fact-span.ts';
import type { NotUnderstood } from './not-understood.ts';
import type { Attributes, Span, SpanGroup } from './otlp-model.ts';

const CLAUDE_CODE_SPANS = 'claude_code.';
/** Events of one span that are kept, and their characters as JSON. */
const EVENTS_LIMIT = 128;
const EVENTS_CHARS = 128 * 1024;

export interface RowsOfSpans {
  readonly rows: SpanRow[];
  /** The same spans, as events are made of them. */
  readonly spans: FactSpan[];
  /** What calls sent and got back, where content is let in. */
  readonly content: EventRecord[];
  /** Those that speak of a model, and that nothing was made of or no run has. */
  readonly notUnderstood: readonly Omit<NotUnderstood, 'count' | 'lastMs'>[];
  /** Spans without a valid id, or with a value that cannot be read. */
  readonly refused: number;
  /** Why the first of them was refused. */
  readonly fault: string;
}

/** Beginnings of keys that only those use who tell of models and agents. */
const MODEL_KEYS =
  /^(?:gen_ai|llm|ai|openinference|traceloop|langfuse|langsmith|mastra|mlflow|lmnr|langwatch|langtrace|braintrust|genkit|agentops|opik|voltagent|pydantic_ai|anthropic|claude|agent|model)[._:]/;

/** @param keepsContent whether what calls sent and got back is recorded */
export function rowsOfSpans(groups: readonly SpanGroup[], keepsContent = false): RowsOfSpans {
  const rows: SpanRow[] = [];
  const spans: FactSpan[] = [];
  const content: EventRecord[] = [];
  const notUnderstood: Omit<NotUnderstood, 'count' | 'lastMs'>[] = [];
  let refused = 0;
  let fault = '';
  for (const group of groups) {
    const resource = attributesJson(withoutContent(group.resource));
    const serviceName = group.resource['service.name'];
    const shared = resourceOf(group.resource);
    const scope = { name: group.scope, version: group.scopeVersion };
    for (const sent of group.spans) {
      if (sent.fault !== '') {
        refused++;
        fault ||= sent.fault;
        continue;
      }
      const name = nameWithoutContent(group.scope, sent.name);
      const span = name === sent.name ? sent : { ...sent, name };
      const fact = factSpanOf(span, scope, shared);
      spans.push(fact);
      if (keepsContent && fact.facts.kind === 'call') content.push(...contentEvents(span, fact));
      const isUnknown = fact.facts.kind === 'other' && fact.facts.rule === undefined;
      const kind =
        hasUnreadCounts(fact.facts) || (isUnknown && speaksOfModels(span.attributes))
          ? 'span'
          : partlyTold(span, fact, group.scope);
      if (kind !== undefined)
        notUnderstood.push({
          kind,
          service: typeof serviceName === 'string' ? serviceName : '',
          scope: group.scope,
          name: span.name,
        });
      rows.push({
        ...rowOf(span, group.scope),
        resource,
        service_name: typeof serviceName === 'string' ? boundText(serviceName, TEXT_LIMITS.name) : undefined,
        facts: factsJson(fact),
      });
    }
  }
  return { rows, spans, content, notUnderstood, refused, fault };
}

/** Emitters of frameworks that make a trace of each call where no span is around the agent. */
const TRACES_APART = /^@traceloop\/instrumentation-langchain$/;

/** Emitters that tell of agents and tools, and never of a call. */
const WITHOUT_CALLS =
  /openinference-instrumentation-claude-agent-sdk$|^openinference\.instrumentation\.claude_agent_sdk$/;

/** What lacks of a span that is understood: the calls of an agent, or the run that it is a part of. */
function partlyTold(
  span: Span,
  { facts: { kind, standard } }: FactSpan,
  scope: string,
): 'agent without calls' | 'span in no run' | undefined {
  if (kind === 'agent' && WITHOUT_CALLS.test(scope) && countsTokens(standard)) return 'agent without calls';
  if (span.parentSpanId !== '') return undefined;
  // A tool never stands alone, and with some emitters no call does.
  const isApart = kind === 'tool' || (kind === 'call' && TRACES_APART.test(scope));
  return isApart ? 'span in no run' : undefined;
}

function speaksOfModels(attributes: Attributes): boolean {
  for (const key in attributes) if (MODEL_KEYS.test(key)) return true;
  return false;
}

type RowOfSpan = Omit<SpanRow, 'resource' | 'service_name' | 'facts'>;

/** What the span says of request and answer, with the place of its call. */
function contentEvents(span: Span, fact: FactSpan): EventRecord[] {
  const said = readSpanContent(span.attributes, span.events);
  if (said === undefined) return [];
  const { timestamp, trace_id: traceId, span_id: spanId } = commonFieldsOf(fact);
  return [
    {
      'event.name': 'agent.content',
      timestamp,
      trace_id: traceId,
      span_id: spanId,
      'tallyspan.key': `content/${span.traceId}/${span.spanId}`,
      'tallyspan.request_json': said.requestJson,
      'tallyspan.response_json': said.responseJson,
      'tallyspan.content_cut': said.isCut || undefined,
    },
  ];
}

function rowOf(span: Span, scope: string): RowOfSpan {
  const isOpen = isOwnSpan({ name: span.name, scopeName: scope, attributes: span.attributes });
  const message = isOpen ? span.statusMessage : (lengthNote(span.statusMessage) ?? '');
  const events = span.events
    .slice(0, EVENTS_LIMIT)
    .map(
      ({ timeMs, name, attributes }) =>
        `{"timeMs":${boundTime(timeMs)},"name":${JSON.stringify(boundText(name, TEXT_LIMITS.name))},"attributes":${attributesJson(isOpen ? withoutSensitive(attributes) : withoutContent(attributes))}}`,
    );
  // What failed is told in words there, which may quote a prompt or a file.
  const isClaudeCode = span.name.startsWith(CLAUDE_CODE_SPANS);
  const { error: _quoted, ...unquoted } = span.attributes;
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId === '' ? undefined : span.parentSpanId,
    name: boundText(span.name, TEXT_LIMITS.name),
    kind: span.kind | 0,
    start_time: boundTime(span.startMs),
    end_time: boundTime(span.endMs),
    status_code: span.statusCode | 0,
    status_message: message === '' || isClaudeCode ? undefined : boundText(message, TEXT_LIMITS.prose),
    scope: scope === '' ? undefined : boundText(scope, TEXT_LIMITS.name),
    attributes: attributesJson(withoutContent(isClaudeCode ? unquoted : span.attributes)),
    events: events.length === 0 ? undefined : `[${withinChars(events, EVENTS_CHARS).join(',')}]`,
  };
}

/** The first of the texts that have so many characters together. */
function withinChars(texts: readonly string[], limit: number): readonly string[] {
  let room = limit;
  const end = texts.findIndex((text) => (room -= text.length) < 0);
  return end < 0 ? texts : texts.slice(0, end);
}

function withoutContent(attributes: Attributes): Attributes {
  return withoutForeignContent(withoutSensitive(attributes)) as Attributes;
}

function withoutSensitive(attributes: Attributes): Attributes {
  if (!SENSITIVE_FIELDS.some((key) => attributes[key] !== undefined)) return attributes;
  const sensitive: readonly string[] = SENSITIVE_FIELDS;
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => !sensitive.includes(key)));
}

// Processors that clean spans and events of every emitter: content goes by key, secrets by pattern,
// the event name moves to where Loki can see it, and what Loki needs in the line only goes from its labels.

import {
  CONTENT_EVENT_KEYS,
  CONTENT_EVENTS,
  CONTENT_KEY_PREFIXES,
  CONTENT_KEYS,
  MASK,
  SECRET_PATTERNS,
  SENSITIVE_FIELDS,
} from '../core/text/redaction.ts';
import { EVENT_SCOPE } from '../core/otlp/otlp-log.ts';
import { EVENT_NAMES, FIELD_KEYS, FIELDS, type FieldDefinition } from '../core/schema.ts';
import type { YamlMap } from './yaml-map.ts';
import { escapeDollars, literal } from './ottl.ts';

/** One anchored pattern for every key that holds content. */
export function contentKeyPattern(): string {
  const exact = CONTENT_KEYS.map(quoteDots).join('|');
  const prefixes = CONTENT_KEY_PREFIXES.map(quoteDots).join('|');
  return `^(?:(?:${exact})$|(?:${prefixes}))`;
}

function quoteDots(text: string): string {
  return text.replaceAll('.', '\\.');
}

/**
 * Removes content from spans, their events and log records, from the resource and the scope they stand under, and our
 * content fields from the JSON line of the body. Of a body that is a map the same keys go; that of an event which is a
 * message goes as a whole.
 */
export function contentProcessor(): YamlMap {
  const pattern = literal(contentKeyPattern());
  const eventKeys = literal(`^(?:${CONTENT_EVENT_KEYS.map(quoteDots).join('|')})$`);
  const isContent = (name: string): string =>
    `IsMatch(${name}, ${literal(`^(?:${CONTENT_EVENTS.map(quoteDots).join('|')})$`)})`;
  const eventName = 'log.attributes["event.name"]';
  const around = ['resource', 'scope'].map((context) => ({
    context,
    statements: [`delete_matching_keys(${context}.attributes, ${pattern})`],
  }));
  // One pattern per field: each begins with a literal, so a body without the field costs one search.
  const bodyFields = SENSITIVE_FIELDS.map((key) => literal(`,"${quoteDots(key)}":"(?:[^"\\\\]|\\\\.)*"`));
  return {
    error_mode: 'ignore',
    trace_statements: [
      ...around,
      {
        context: 'span',
        statements: [`delete_matching_keys(span.attributes, ${pattern})`],
      },
      {
        context: 'spanevent',
        statements: [
          `delete_matching_keys(spanevent.attributes, ${pattern})`,
          `delete_matching_keys(spanevent.attributes, ${eventKeys}) where ${isContent('spanevent.name')}`,
        ],
      },
    ],
    log_statements: [
      ...around,
      {
        context: 'log',
        statements: [
          `delete_matching_keys(log.attributes, ${pattern})`,
          `delete_matching_keys(log.body, ${pattern}) where IsMap(log.body)`,
          ...bodyFields.map((field) => `replace_pattern(log.body, ${field}, "") where IsString(log.body)`),
        ],
      },
      {
        context: 'log',
        conditions: [`${eventName} != nil and ${isContent(eventName)}`],
        statements: [
          `delete_matching_keys(log.attributes, ${eventKeys})`,
          // That of Claude Code is the name.
          `set(log.body, ${eventName}) where log.body != nil`,
        ],
      },
    ],
  };
}

/** Masks secrets in any string value of spans, span events, log attributes and bodies. Numbers stay as they are. */
export function secretProcessor(): YamlMap {
  return {
    allow_all_keys: true,
    // Lists and maps too. No pattern matches a bare number, so counts keep their value and type.
    redact_all_types: true,
    blocked_values: SECRET_PATTERNS.map(escapeDollars),
    summary: 'silent',
  };
}

/** Texts that the redaction processor does not read, by the context that has them. */
const NAMES = {
  traces: {
    scope: ['scope.name', 'scope.version'],
    span: ['span.name', 'span.status.message', 'span.trace_state'],
    spanevent: ['spanevent.name'],
  },
  logs: {
    scope: ['scope.name', 'scope.version'],
    log: ['log.event_name', 'log.severity_text'],
  },
} as const;

/** Masks secrets in the texts that the redaction processor does not read: names, the status of a span and the like. */
export function secretNameProcessor(): YamlMap {
  const secret = literal(SECRET_PATTERNS.map((source) => `(?:${source})`).join('|'));
  const statements = (contexts: Readonly<Record<string, readonly string[]>>): YamlMap[] =>
    Object.entries(contexts).map(([context, paths]) => ({
      context,
      statements: paths.map((path) => `replace_pattern(${path}, ${secret}, "${MASK}") where ${path} != ""`),
    }));
  return {
    error_mode: 'ignore',
    trace_statements: statements(NAMES.traces),
    log_statements: statements(NAMES.logs),
  };
}

/** Copies the event name of a record to the attribute that Loki indexes, where the emitter set only the field. */
export function eventProcessor(): YamlMap {
  return {
    error_mode: 'ignore',
    log_statements: [
      {
        context: 'log',
        statements: [
          'set(log.attributes["event.name"], log.event_name) where log.attributes["event.name"] == nil and log.event_name != ""',
        ],
      },
    ],
  };
}

/**
 * Leaves the event name as what Loki takes for a label only where it is one of ours, which are few. An emitter that puts
 * an id into its names would open a stream for each of them, until Loki opens none for anybody; queries find such a name
 * as `event_name` beside the labels.
 *
 * Leaves out of our own events what Loki would keep twice for nothing, so that a call takes less disk and a query less
 * to read: the time at which the event was observed, which is its own; the text of its severity, beside the number; and
 * fields that the line has for those who look for them. Records of others stay as they are.
 */
export function lokiProcessor(): YamlMap {
  const deletions = FIELD_KEYS.flatMap((key) => {
    const { inLineOnly, attribute }: FieldDefinition = FIELDS[key];
    if (inLineOnly === undefined || attribute !== true) return [];
    // Judges count their tokens by these names alone.
    const condition = inLineOnly === 'repeats' ? ' where log.attributes["tokens_output"] != nil' : '';
    return [`delete_key(log.attributes, ${literal(key)})${condition}`];
  });
  const name = 'log.attributes["event.name"]';
  const ours = literal(`^(?:${EVENT_NAMES.map(quoteDots).join('|')})$`);
  return {
    error_mode: 'ignore',
    log_statements: [
      {
        context: 'log',
        conditions: [`${name} != nil and not IsMatch(${name}, ${ours})`],
        statements: [
          `set(log.attributes["event_name"], ${name})`,
          'delete_key(log.attributes, "event.name")',
        ],
      },
      {
        context: 'log',
        conditions: [`scope.name == ${literal(EVENT_SCOPE)}`],
        statements: [
          'set(log.observed_time_unix_nano, 0)',
          'set(log.severity_text, "")',
          'set(log.span_id, SpanID(0x0000000000000000))',
          ...deletions,
        ],
      },
    ],
  };
}

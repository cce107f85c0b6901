// Processors that clean spans and events of every emitter: content goes by key, secrets by pattern,
// the event name moves to where Loki can see it, and what Loki needs in the line only goes from its labels.

import {
  CONTENT_KEY_PREFIXES,
  CONTENT_KEYS,
  MASK,
  SECRET_PATTERNS,
  SENSITIVE_FIELDS,
} from '../core/text/redaction.ts';
import { EVENT_SCOPE } from '../core/otlp/otlp-log.ts';
import { FIELD_KEYS, FIELDS, type FieldDefinition } from '../core/schema.ts';
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

/** Removes content from spans, their events and log records, and our content fields from the JSON line of the body. */
export function contentProcessor(): YamlMap {
  const pattern = literal(contentKeyPattern());
  // One pattern per field: each begins with a literal, so a body without the field costs one search.
  const bodyFields = SENSITIVE_FIELDS.map((key) => literal(`,"${quoteDots(key)}":"(?:[^"\\\\]|\\\\.)*"`));
  return {
    error_mode: 'ignore',
    trace_statements: [
      {
        context: 'span',
        statements: [`delete_matching_keys(span.attributes, ${pattern})`],
      },
      { context: 'spanevent', statements: [`delete_matching_keys(spanevent.attributes, ${pattern})`] },
    ],
    log_statements: [
      {
        context: 'log',
        statements: [
          `delete_matching_keys(log.attributes, ${pattern})`,
          ...bodyFields.map((field) => `replace_pattern(log.body, ${field}, "") where IsString(log.body)`),
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

/** Masks secrets in the two texts of a span that the redaction processor does not read: its name and its status. */
export function secretNameProcessor(): YamlMap {
  const secret = literal(SECRET_PATTERNS.map((source) => `(?:${source})`).join('|'));
  return {
    error_mode: 'ignore',
    trace_statements: [
      {
        context: 'span',
        statements: ['span.name', 'span.status.message'].map(
          (path) => `replace_pattern(${path}, ${secret}, "${MASK}")`,
        ),
      },
    ],
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
  return {
    error_mode: 'ignore',
    log_statements: [
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

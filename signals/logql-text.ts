// Pieces of LogQL text: selectors, label filters, unions.

import { columnOf } from '../core/columns.ts';
import { FIELDS, type EventName, type FieldDefinition, type FieldKey } from '../core/schema.ts';
import type { EventKind, Filter } from './signal.ts';

/** Stream selector of an event kind, with further matchers such as `service_name=~"$service"`. */
export function selectorOf(kind: EventKind, matchers: readonly string[]): string {
  const event =
    kind === '*' ? 'event_name=~"agent[.].+"' : `event_name=${quotedText(kind satisfies EventName)}`;
  return `{${[event, ...matchers].join(', ')}}`;
}

/** A condition as a label filter. An absent label is an empty one. */
export function labelFilterOf(filter: Filter): string {
  if ('anyOf' in filter) return `(${filter.anyOf.map(labelFilterOf).join(' or ')})`;
  const label = columnOf(filter.field);
  if ('is' in filter) return `${label}=${quotedText(String(filter.is))}`;
  if ('isNot' in filter) return `${label}!=${quotedText(String(filter.isNot))}`;
  if ('oneOf' in filter) return `${label}=~${quotedText(filter.oneOf.map(escapeRegex).join('|'))}`;
  // A list arrives as its JSON text.
  if ('holds' in filter) return `${label}=~\`.*"(${filter.holds.map(escapeRegex).join('|')})".*\``;
  if ('over' in filter) return `${label} > ${filter.over}`;
  if ('startsNotWith' in filter) return `${label}!~\`${escapeRegex(filter.startsNotWith)}.*\``;
  return presentFilterOf(filter.field);
}

/** Keeps the lines that have the field. */
export function presentFilterOf(field: FieldKey): string {
  return `${columnOf(field)}!=""`;
}

/** Stages that read from the line those of the fields that are no labels. Where Loki has one as a label, that stays. */
export function lineStagesOf(fields: readonly FieldKey[]): string[] {
  return fields
    .filter((field) => (FIELDS[field] as FieldDefinition).inLineOnly !== undefined)
    .map((field) => `json ${columnOf(field)}=\`["${field}"]\``);
}

/** A text in double quotes. */
export function quotedText(text: string): string {
  return JSON.stringify(text);
}

/** An aggregate over a vector, with a series per group; without labels over all of it. */
export function aggregateOf(
  aggregate: 'sum' | 'count' | 'max',
  labels: readonly string[],
  vector: string,
): string {
  return `${aggregate}${labels.length === 0 ? '' : ` by (${labels.join(', ')}) `}(${vector})`;
}

/** One series per group from several vectors of which any may be empty: their sum, their count, or the greatest. */
export function unionOf(
  aggregate: 'sum' | 'count' | 'max',
  labels: readonly string[],
  vectors: readonly string[],
): string {
  const marked = vectors.map((vector, index) => `label_replace(${vector}, "part", "${index + 1}", "", "")`);
  return aggregateOf(aggregate, labels, marked.join(' or '));
}

/** A text as a pattern that matches it alone. */
export function escapeRegex(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

// From log record to event. Ours carry the whole event as one JSON line in the body; the attributes
// of the record and of its resource say the same and win, because a Collector may have changed them.

import { CLAUDE_CODE_BODY, CLAUDE_CODE_SCOPE, type ClaudeLog } from '../../core/claude-code/log-record.ts';
import { OWN_SCOPE } from '../../core/dialects/normalise.ts';
import { decodeEvent, isEventName, isFieldValue, type EventRecord } from '../../core/event.ts';
import { FIELDS, FIELD_KEYS, type FieldKey } from '../../core/schema.ts';
import { EVALUATION_EVENT } from './field-names.ts';
import type { AttributeValue, Attributes, LogGroup, LogRecord } from './otlp-model.ts';

/** Fields that travel on the resource. */
export const RESOURCE_KEYS: readonly FieldKey[] = FIELD_KEYS.filter((key) => 'resource' in FIELDS[key]);

export interface EventsOfLogs {
  readonly events: EventRecord[];
  /** Records of Claude Code, which become events by a reader of their own. */
  readonly claudeLogs: ClaudeLog[];
  /** Records that are no events, by anyone's reckoning: counted, not stored. */
  readonly otherRecords: number;
  /** The same by the service that sent them, their scope and the name of their event. */
  readonly others: readonly OtherRecords[];
  /** Records that say they are events but cannot be read: refused. */
  readonly refused: number;
}

export interface OtherRecords {
  readonly service: string;
  readonly scope: string;
  readonly name: string;
  count: number;
}

export function noteOther(
  others: Map<string, OtherRecords>,
  resource: Attributes,
  scope: string,
  name: string,
): void {
  const service = typeof resource['service.name'] === 'string' ? resource['service.name'] : '';
  const key = JSON.stringify([service, scope, name]);
  const known = others.get(key);
  if (known === undefined) others.set(key, { service, scope, name, count: 1 });
  else known.count++;
}

/** The events among the records. `nowMs` stands in where a record has no time. */
export function eventsOfLogs(groups: readonly LogGroup[], nowMs: number): EventsOfLogs {
  const events: EventRecord[] = [];
  const claudeLogs: ClaudeLog[] = [];
  const others = new Map<string, OtherRecords>();
  let otherRecords = 0;
  let refused = 0;
  for (const group of groups) {
    for (const record of group.records) {
      const name = nameOf(record);
      const isClaude = isClaudeLog(group.scope, record.body);
      const isOurs = name !== undefined || group.scope === OWN_SCOPE;
      if (record.fault !== '' && (isOurs || isClaude)) {
        refused++;
        continue;
      }
      if (isClaude) {
        const { attributes, traceId } = record;
        const timeMs = record.timeMs || record.observedTimeMs || nowMs;
        claudeLogs.push({ attributes, resource: group.resource, timeMs, traceId });
        continue;
      }
      if (!isOurs) {
        otherRecords++;
        const foreign = record.eventName || record.attributes['event.name'];
        noteOther(others, group.resource, group.scope, typeof foreign === 'string' ? foreign : '');
        continue;
      }
      const event = eventOf(record, group.resource, name, nowMs);
      if (event === undefined) refused++;
      else events.push(event);
    }
  }
  return { events, claudeLogs, otherRecords, others: [...others.values()], refused };
}

function isClaudeLog(scope: string, body: AttributeValue): boolean {
  if (scope === CLAUDE_CODE_SCOPE) return true;
  return scope !== OWN_SCOPE && typeof body === 'string' && body.startsWith(CLAUDE_CODE_BODY);
}

function nameOf(record: LogRecord): string | undefined {
  const attribute = record.attributes['event.name'];
  if (attribute === EVALUATION_EVENT || record.eventName === EVALUATION_EVENT) return 'agent.score';
  if (isEventName(attribute)) return attribute;
  return isEventName(record.eventName) ? record.eventName : undefined;
}

function eventOf(
  record: LogRecord,
  resource: Attributes,
  name: string | undefined,
  nowMs: number,
): EventRecord | undefined {
  const fromBody = typeof record.body === 'string' ? decodeEvent(record.body) : undefined;
  if (fromBody === undefined && name === undefined) return undefined;
  const event: Record<string, unknown> = fromBody ?? {};
  for (const key in record.attributes) setField(event, key, record.attributes[key]);
  for (const key of RESOURCE_KEYS) setField(event, key, resource[key]);
  if (name !== undefined) event['event.name'] = name;
  event['timestamp'] = record.timeMs || event['timestamp'] || record.observedTimeMs || nowMs;
  if (record.traceId !== '') event['trace_id'] = record.traceId;
  if (record.spanId !== '') event['span_id'] = record.spanId;
  return event as unknown as EventRecord;
}

/** Sets a field of the schema; a value of another type than the schema's is left out. */
function setField(event: Record<string, unknown>, key: string, value: AttributeValue | undefined): void {
  if (value === undefined || key === 'timestamp' || !Object.hasOwn(FIELDS, key)) return;
  const typed = typedValue(key as FieldKey, value);
  if (isFieldValue(key as FieldKey, typed)) event[key] = typed;
}

/** A Collector may have made a string of a number or of a boolean; a whole number may come as one with a fraction. */
export function typedValue(key: FieldKey, value: AttributeValue): unknown {
  if (typeof value === 'number' && FIELDS[key].type === 'int') return Math.round(value);
  if (typeof value !== 'string') return value;
  switch (FIELDS[key].type) {
    case 'int':
    case 'float':
      if (value.trim() === '') return value;
      return FIELDS[key].type === 'int' ? Math.round(Number(value)) : Number(value);
    case 'bool':
      return value === 'true' ? true : value === 'false' ? false : value;
    default:
      return value;
  }
}

// A plain OTLP client over HTTP with JSON, as an emitter that a test controls to the byte.

import type { EventRecord } from '../../core/event.ts';
import { toOtlpLogs } from '../../core/otlp/otlp-log.ts';

type AnyValue =
  | { stringValue: string }
  | { intValue: string }
  | { doubleValue: number }
  | { boolValue: boolean }
  | { arrayValue: { values: AnyValue[] } };

interface KeyValue {
  key: string;
  value: AnyValue;
}

/** Attributes as a plain object: integers become OTLP ints, other numbers doubles. */
export type Attributes = Readonly<Record<string, unknown>>;

export interface SpanInput {
  readonly name: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly startMs?: number;
  readonly endMs?: number;
  /** 1 internal, 2 server, 3 client. */
  readonly kind?: number;
  readonly isError?: boolean;
  readonly statusMessage?: string;
  readonly events?: readonly { readonly name: string; readonly attributes: Attributes }[];
  readonly attributes: Attributes;
}

export interface LogInput {
  readonly timeMs: number;
  readonly body: string;
  readonly eventName?: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly attributes: Attributes;
}

interface EventLogRecord {
  readonly eventName: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly KeyValue[];
  readonly traceId?: string;
  readonly spanId?: string;
}

/** The log record of an event as we emit it, in the form of this client. */
export function toLog(event: EventRecord): LogInput {
  const { resourceLogs } = toOtlpLogs([event]) as {
    resourceLogs: readonly { scopeLogs: readonly { logRecords: readonly EventLogRecord[] }[] }[];
  };
  const record = resourceLogs[0]?.scopeLogs[0]?.logRecords[0] as EventLogRecord;
  const { eventName, body, attributes, ...ids } = record;
  return {
    timeMs: event.timestamp,
    body: body.stringValue,
    eventName,
    attributes: fromKeyValues(attributes),
    ...(ids.traceId === undefined ? {} : { traceId: ids.traceId }),
    ...(ids.spanId === undefined ? {} : { spanId: ids.spanId }),
  };
}

/** POSTs log records; gives the HTTP status. */
export async function sendLogs(
  baseUrl: string,
  resource: Attributes,
  logs: readonly LogInput[],
  scopeName = 'tallyspan',
): Promise<number> {
  return post(`${baseUrl}/v1/logs`, {
    resourceLogs: [
      {
        resource: { attributes: toKeyValues(resource) },
        scopeLogs: [
          {
            scope: { name: scopeName },
            logRecords: logs.map((log) => ({
              timeUnixNano: toNano(log.timeMs),
              observedTimeUnixNano: toNano(log.timeMs),
              severityNumber: 9,
              severityText: 'INFO',
              eventName: log.eventName,
              body: { stringValue: log.body },
              attributes: toKeyValues(log.attributes),
              traceId: log.traceId,
              spanId: log.spanId,
            })),
          },
        ],
      },
    ],
  });
}

/** POSTs spans of one scope; gives the HTTP status. */
export async function sendSpans(
  baseUrl: string,
  resource: Attributes,
  scopeName: string,
  spans: readonly SpanInput[],
): Promise<number> {
  return post(`${baseUrl}/v1/traces`, {
    resourceSpans: [
      {
        resource: { attributes: toKeyValues(resource) },
        scopeSpans: [
          {
            scope: { name: scopeName },
            spans: spans.map((span) => ({
              traceId: span.traceId ?? randomHex(16),
              spanId: span.spanId ?? randomHex(8),
              parentSpanId: span.parentSpanId,
              name: span.name,
              kind: span.kind ?? 3,
              startTimeUnixNano: toNano(span.startMs ?? Date.now() - 1000),
              endTimeUnixNano: toNano(span.endMs ?? Date.now()),
              attributes: toKeyValues(span.attributes),
              events: (span.events ?? []).map(({ name, attributes }) => ({
                timeUnixNano: toNano(span.endMs ?? Date.now()),
                name,
                attributes: toKeyValues(attributes),
              })),
              status: span.isError === true ? { code: 2, message: span.statusMessage } : {},
            })),
          },
        ],
      },
    ],
  });
}

export function randomHex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex');
}

async function post(url: string, body: unknown): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  return response.status;
}

function toNano(ms: number): string {
  return String(BigInt(Math.round(ms)) * 1_000_000n);
}

function toKeyValues(attributes: Attributes): KeyValue[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: toAnyValue(value) }));
}

function toAnyValue(value: unknown): AnyValue {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(toAnyValue) } };
  return { stringValue: String(value) };
}

/** Reads the attributes of an OTLP JSON object back into a plain object. */
export function fromKeyValues(list: readonly KeyValue[] | undefined): Record<string, unknown> {
  return Object.fromEntries((list ?? []).map(({ key, value }) => [key, fromAnyValue(value)]));
}

function fromAnyValue(value: AnyValue): unknown {
  if ('stringValue' in value) return value.stringValue;
  if ('intValue' in value) return Number(value.intValue);
  if ('doubleValue' in value) return value.doubleValue;
  if ('boolValue' in value) return value.boolValue;
  if ('arrayValue' in value) return value.arrayValue.values.map(fromAnyValue);
  return undefined;
}

// Log records that the program writes through the API of OpenTelemetry, as protobuf LogRecords of OTLP.

import { LOG_RECORD } from '../../core/otlp/otlp-fields.ts';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { withoutForeignContent } from '../../core/foreign-content.ts';
import {
  writeAnyValue,
  writeAttributes,
  writeCount,
  writeSpanContext,
  writeText,
  writeTime,
} from './otlp-values.ts';
import { BYTES, type ProtobufWriter } from './protobuf-writer.ts';

/** What the conventions call log records that hold prompts and answers. */
const CONTENT_EVENT = /^gen_ai\./;

/** @param keepsContent whether records about models may hold what was said; else lengths take its place */
export function encodeLogRecord(
  writer: ProtobufWriter,
  record: ReadableLogRecord,
  keepsContent: boolean,
): void {
  const name = record.eventName ?? record.attributes['event.name'];
  const isCleared = !keepsContent && typeof name === 'string' && CONTENT_EVENT.test(name);
  writeTime(writer, LOG_RECORD.time, record.hrTime);
  writeTime(writer, LOG_RECORD.observedTime, record.hrTimeObserved);
  writeCount(writer, LOG_RECORD.severityNumber, record.severityNumber);
  writeText(writer, LOG_RECORD.severityText, record.severityText);
  if (record.body !== undefined && !isCleared) {
    writer.tag(LOG_RECORD.body, BYTES);
    writeAnyValue(writer, record.body);
  }
  const attributes = isCleared ? withoutForeignContent(record.attributes) : record.attributes;
  writeAttributes(writer, LOG_RECORD.attributes, attributes);
  writeCount(writer, LOG_RECORD.droppedAttributesCount, record.droppedAttributesCount);
  if (record.spanContext !== undefined) writeSpanContext(writer, record.spanContext);
  writeText(writer, LOG_RECORD.eventName, record.eventName);
}

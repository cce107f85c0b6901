// Log records that the program writes through the API of OpenTelemetry, as protobuf LogRecords of OTLP.

import { LOG_RECORD } from '../../core/otlp-fields.ts';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import {
  writeAnyValue,
  writeAttributes,
  writeCount,
  writeSpanContext,
  writeText,
  writeTime,
} from './otlp-values.ts';
import { BYTES, type ProtobufWriter } from './protobuf-writer.ts';

export function encodeLogRecord(writer: ProtobufWriter, record: ReadableLogRecord): void {
  writeTime(writer, LOG_RECORD.time, record.hrTime);
  writeTime(writer, LOG_RECORD.observedTime, record.hrTimeObserved);
  writeCount(writer, LOG_RECORD.severityNumber, record.severityNumber);
  writeText(writer, LOG_RECORD.severityText, record.severityText);
  if (record.body !== undefined) {
    writer.tag(LOG_RECORD.body, BYTES);
    writeAnyValue(writer, record.body);
  }
  writeAttributes(writer, LOG_RECORD.attributes, record.attributes);
  writeCount(writer, LOG_RECORD.droppedAttributesCount, record.droppedAttributesCount);
  if (record.spanContext !== undefined) writeSpanContext(writer, record.spanContext);
  writeText(writer, LOG_RECORD.eventName, record.eventName);
}

// Log records that the program writes through the API of OpenTelemetry, as protobuf LogRecords of OTLP.

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
  writeTime(writer, 1, record.hrTime);
  writeTime(writer, 11, record.hrTimeObserved);
  writeCount(writer, 2, record.severityNumber);
  writeText(writer, 3, record.severityText);
  if (record.body !== undefined) {
    writer.tag(5, BYTES);
    writeAnyValue(writer, record.body);
  }
  writeAttributes(writer, 6, record.attributes);
  writeCount(writer, 7, record.droppedAttributesCount);
  if (record.spanContext !== undefined) writeSpanContext(writer, record.spanContext);
  writeText(writer, 12, record.eventName);
}

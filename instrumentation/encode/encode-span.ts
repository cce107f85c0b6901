// A finished span as a protobuf Span of OTLP.

import { SPAN, SPAN_EVENT, SPAN_LINK, STATUS } from '../../core/otlp/otlp-fields.ts';
import type { Link } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { lengthNote } from '../../core/foreign-content.ts';
import {
  writeAttributes,
  writeCount,
  writeHarmlessAttributes,
  writeId,
  writeText,
  writeTime,
} from './otlp-values.ts';
import { BYTES, FIXED32, type ProtobufWriter } from './protobuf-writer.ts';

/** Bits beside the trace flags: whether it is known, and true, that the parent is in another process. */
const KNOWS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** @param keepsContent whether texts of other code's spans may say anything; else lengths take their place */
export function encodeSpan(writer: ProtobufWriter, span: ReadableSpan, keepsContent: boolean): void {
  const write = keepsContent ? writeAttributes : writeHarmlessAttributes;
  const context = span.spanContext();
  const { parentSpanContext: parent, status } = span;
  writeId(writer, SPAN.traceId, context.traceId);
  writeId(writer, SPAN.spanId, context.spanId);
  writeText(writer, SPAN.traceState, context.traceState?.serialize());
  writeId(writer, SPAN.parentSpanId, parent?.spanId);
  writeText(writer, SPAN.name, span.name);
  // The API counts kinds from 0, OTLP from 1.
  writeCount(writer, SPAN.kind, span.kind + 1);
  writeTime(writer, SPAN.startTime, span.startTime);
  writeTime(writer, SPAN.endTime, span.endTime);
  write(writer, SPAN.attributes, span.attributes);
  writeCount(writer, SPAN.droppedAttributesCount, span.droppedAttributesCount);
  for (const event of span.events) {
    writer.tag(SPAN.events, BYTES);
    const mark = writer.open();
    writeTime(writer, SPAN_EVENT.time, event.time);
    writeText(writer, SPAN_EVENT.name, event.name);
    if (event.attributes !== undefined) write(writer, SPAN_EVENT.attributes, event.attributes);
    writeCount(writer, SPAN_EVENT.droppedAttributesCount, event.droppedAttributesCount);
    writer.close(mark);
  }
  writeCount(writer, SPAN.droppedEventsCount, span.droppedEventsCount);
  for (const link of span.links) writeLink(writer, link, write);
  writeCount(writer, SPAN.droppedLinksCount, span.droppedLinksCount);
  writer.tag(SPAN.status, BYTES);
  const mark = writer.open();
  writeText(writer, STATUS.message, keepsContent ? status.message : lengthNote(status.message));
  writeCount(writer, STATUS.code, status.code);
  writer.close(mark);
  writeFlags(writer, SPAN.flags, context.traceFlags, parent?.isRemote);
}

function writeLink(
  writer: ProtobufWriter,
  { context, attributes, droppedAttributesCount }: Link,
  write: typeof writeAttributes,
): void {
  writer.tag(SPAN.links, BYTES);
  const mark = writer.open();
  writeId(writer, SPAN_LINK.traceId, context.traceId);
  writeId(writer, SPAN_LINK.spanId, context.spanId);
  writeText(writer, SPAN_LINK.traceState, context.traceState?.serialize());
  if (attributes !== undefined) write(writer, SPAN_LINK.attributes, attributes);
  writeCount(writer, SPAN_LINK.droppedAttributesCount, droppedAttributesCount);
  writeFlags(writer, SPAN_LINK.flags, context.traceFlags, context.isRemote);
  writer.close(mark);
}

function writeFlags(
  writer: ProtobufWriter,
  field: number,
  traceFlags: number,
  isRemote: boolean | undefined,
): void {
  writer.tag(field, FIXED32);
  writer.fixed32((traceFlags & 0xff) | KNOWS_REMOTE | (isRemote === true ? IS_REMOTE : 0));
}

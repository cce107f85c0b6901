// A finished span as a protobuf Span of OTLP.

import type { Link } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { writeAttributes, writeCount, writeId, writeText, writeTime } from './otlp-values.ts';
import { BYTES, FIXED32, type ProtobufWriter } from './protobuf-writer.ts';

/** Bits beside the trace flags: whether it is known, and true, that the parent is in another process. */
const KNOWS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

export function encodeSpan(writer: ProtobufWriter, span: ReadableSpan): void {
  const context = span.spanContext();
  const { parentSpanContext: parent, status } = span;
  writeId(writer, 1, context.traceId);
  writeId(writer, 2, context.spanId);
  writeText(writer, 3, context.traceState?.serialize());
  writeId(writer, 4, parent?.spanId);
  writeText(writer, 5, span.name);
  // The API counts kinds from 0, OTLP from 1.
  writeCount(writer, 6, span.kind + 1);
  writeTime(writer, 7, span.startTime);
  writeTime(writer, 8, span.endTime);
  writeAttributes(writer, 9, span.attributes);
  writeCount(writer, 10, span.droppedAttributesCount);
  for (const event of span.events) {
    writer.tag(11, BYTES);
    const mark = writer.open();
    writeTime(writer, 1, event.time);
    writeText(writer, 2, event.name);
    if (event.attributes !== undefined) writeAttributes(writer, 3, event.attributes);
    writeCount(writer, 4, event.droppedAttributesCount);
    writer.close(mark);
  }
  writeCount(writer, 12, span.droppedEventsCount);
  for (const link of span.links) writeLink(writer, link);
  writeCount(writer, 14, span.droppedLinksCount);
  writer.tag(15, BYTES);
  const mark = writer.open();
  writeText(writer, 2, status.message);
  writeCount(writer, 3, status.code);
  writer.close(mark);
  writeFlags(writer, 16, context.traceFlags, parent?.isRemote);
}

function writeLink(writer: ProtobufWriter, { context, attributes, droppedAttributesCount }: Link): void {
  writer.tag(13, BYTES);
  const mark = writer.open();
  writeId(writer, 1, context.traceId);
  writeId(writer, 2, context.spanId);
  writeText(writer, 3, context.traceState?.serialize());
  if (attributes !== undefined) writeAttributes(writer, 4, attributes);
  writeCount(writer, 5, droppedAttributesCount);
  writeFlags(writer, 6, context.traceFlags, context.isRemote);
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

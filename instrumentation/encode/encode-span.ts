// A finished span as a protobuf Span of OTLP.

import { SPAN, SPAN_EVENT, SPAN_LINK, STATUS } from '../../core/otlp/otlp-fields.ts';
import type { Attributes, Link } from '@opentelemetry/api';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';
import { lengthNote, withoutForeignContent } from '../../core/foreign-content.ts';
import { FIXED32, fixed32Text, tagText, type ByteText } from './byte-text.ts';
import { spanAttributesOf } from './encode-event.ts';
import { lateFieldsOf } from './late-fields.ts';
import {
  attributesText,
  bytesField,
  countField,
  parentIds,
  spanIds,
  textField,
  timeField,
  traceIds,
} from './otlp-values.ts';
import { SpanAttributes } from './span-attributes.ts';

/** Bits beside the trace flags: whether it is known, and true, that the parent is in another process. */
const KNOWS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

const whole = new SpanAttributes(true);
const harmless = new SpanAttributes(false);

/** @param keepsContent whether texts of other code's spans may say anything; else lengths take their place */
export function encodeSpan(span: ReadableSpan, keepsContent: boolean): ByteText {
  const { parentSpanContext: parent, status } = span;
  const { traceId, spanId, traceState, traceFlags } = span.spanContext();
  const late = lateFieldsOf(span);
  let text =
    traceIds.field(SPAN.traceId, traceId) +
    spanIds.field(SPAN.spanId, spanId) +
    textField(SPAN.traceState, traceState?.serialize()) +
    parentIds.field(SPAN.parentSpanId, parent?.spanId) +
    textField(SPAN.name, span.name) +
    // The API counts kinds from 0, OTLP from 1.
    countField(SPAN.kind, span.kind + 1) +
    timeField(SPAN.startTime, span.startTime) +
    timeField(SPAN.endTime, span.endTime) +
    (keepsContent ? whole : harmless).textOf(span.attributes) +
    (late === undefined ? '' : spanAttributesOf(late, span.attributes)) +
    countField(SPAN.droppedAttributesCount, span.droppedAttributesCount);
  for (const event of span.events) text += bytesField(SPAN.events, eventText(event, keepsContent));
  text += countField(SPAN.droppedEventsCount, span.droppedEventsCount);
  for (const link of span.links) text += bytesField(SPAN.links, linkText(link, keepsContent));
  const message = keepsContent ? status.message : lengthNote(status.message);
  return (
    text +
    countField(SPAN.droppedLinksCount, span.droppedLinksCount) +
    bytesField(SPAN.status, textField(STATUS.message, message) + countField(STATUS.code, status.code)) +
    flagsText(SPAN.flags, traceFlags, parent?.isRemote)
  );
}

function eventText(event: TimedEvent, keepsContent: boolean): ByteText {
  return (
    timeField(SPAN_EVENT.time, event.time) +
    textField(SPAN_EVENT.name, event.name) +
    fewAttributesText(SPAN_EVENT.attributes, event.attributes, keepsContent) +
    countField(SPAN_EVENT.droppedAttributesCount, event.droppedAttributesCount)
  );
}

function linkText({ context, attributes, droppedAttributesCount }: Link, keepsContent: boolean): ByteText {
  return (
    traceIds.field(SPAN_LINK.traceId, context.traceId) +
    spanIds.field(SPAN_LINK.spanId, context.spanId) +
    textField(SPAN_LINK.traceState, context.traceState?.serialize()) +
    fewAttributesText(SPAN_LINK.attributes, attributes, keepsContent) +
    countField(SPAN_LINK.droppedAttributesCount, droppedAttributesCount) +
    flagsText(SPAN_LINK.flags, context.traceFlags, context.isRemote)
  );
}

function fewAttributesText(field: number, attributes: Attributes = {}, keepsContent: boolean): ByteText {
  return attributesText(field, keepsContent ? attributes : withoutForeignContent(attributes));
}

function flagsText(field: number, traceFlags: number, isRemote: boolean | undefined): ByteText {
  const flags = (traceFlags & 0xff) | KNOWS_REMOTE | (isRemote === true ? IS_REMOTE : 0);
  return tagText(field, FIXED32) + fixed32Text(flags);
}

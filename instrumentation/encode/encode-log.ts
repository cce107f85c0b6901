// Log records that the program writes through the API of OpenTelemetry, as protobuf LogRecords of OTLP.

import { LOG_RECORD } from '../../core/otlp/otlp-fields.ts';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { withoutForeignContent } from '../../core/foreign-content.ts';
import type { ByteText } from './byte-text.ts';
import {
  anyValueText,
  attributesText,
  bytesField,
  countField,
  spanContextText,
  textField,
  timeField,
} from './otlp-values.ts';

/** What the conventions call log records that hold prompts and answers. */
const CONTENT_EVENT = /^gen_ai\./;

/** @param keepsContent whether records about models may hold what was said; else lengths take its place */
export function encodeLogRecord(record: ReadableLogRecord, keepsContent: boolean): ByteText {
  const { body, spanContext } = record;
  const name = record.eventName ?? record.attributes['event.name'];
  const isCleared = !keepsContent && typeof name === 'string' && CONTENT_EVENT.test(name);
  const attributes = isCleared ? withoutForeignContent(record.attributes) : record.attributes;
  return (
    timeField(LOG_RECORD.time, record.hrTime) +
    timeField(LOG_RECORD.observedTime, record.hrTimeObserved) +
    countField(LOG_RECORD.severityNumber, record.severityNumber) +
    textField(LOG_RECORD.severityText, record.severityText) +
    (body === undefined || isCleared ? '' : bytesField(LOG_RECORD.body, anyValueText(body))) +
    attributesText(LOG_RECORD.attributes, attributes) +
    countField(LOG_RECORD.droppedAttributesCount, record.droppedAttributesCount) +
    (spanContext === undefined ? '' : spanContextText(spanContext)) +
    textField(LOG_RECORD.eventName, record.eventName)
  );
}

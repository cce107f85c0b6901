// Logs as protobuf: read byte by byte into the cells of an event batch, without an object or a string for what
// is only stored. Most of a server's work is here. It gives what `events-of-logs.ts` gives for the same request
// in JSON: the body of a record of ours is the whole event; attributes of the record, then of its resource, win,
// because a Collector may have changed them.

import { ANY_VALUE, KEY_VALUE, LOG_RECORD } from '../../core/otlp/otlp-fields.ts';
import { isUtf8 } from 'node:buffer';
import { CLAUDE_CODE_BODY, CLAUDE_CODE_SCOPE, type ClaudeLog } from '../../core/claude-code/log-record.ts';
import { isFieldValue } from '../../core/event.ts';
import { FIELDS, FIELD_KEYS, type EventName, type FieldKey } from '../../core/schema.ts';
import {
  EventBatch,
  FIELD_INDEX,
  FIELD_TYPES,
  TEXT_SCALE,
  type FieldIndex,
} from '../store/columns/event-batch.ts';
import { isNumberOf, readEventLine } from './event-line.ts';
import { OWN_SCOPE } from '../../core/dialects/normalise.ts';
import { RESOURCE_KEYS, noteOther, typedValue, type OtherRecords } from './events-of-logs.ts';
import { findEventName, findField } from './field-names.ts';
import { LogGroupFinder, type LogGroupPlaces } from './log-groups.ts';
import type { Attributes } from './otlp-model.ts';
import { WIRE_64, WIRE_BYTES, WIRE_VARINT, readLogAttributes, readValueBytes } from './otlp-protobuf.ts';
import { RequestBudget } from './request-limits.ts';
import { WireReader } from './wire-reader.ts';

export interface DecodedLogs {
  readonly batch: EventBatch;
  /** Records of Claude Code, which become events by a reader of their own. */
  readonly claudeLogs: readonly ClaudeLog[];
  /** Records that are no events, by anyone's reckoning: counted, not stored. */
  readonly otherRecords: number;
  /** The same by the service that sent them, their scope and the name of their event. */
  readonly others: readonly OtherRecords[];
  /** Records that say they are events but cannot be read: refused. */
  readonly refused: number;
}

const TIMESTAMP = FIELD_INDEX['timestamp'];
const NAME = FIELD_INDEX['event.name'];
const TRACE_ID = FIELD_INDEX.trace_id;
const SPAN_ID = FIELD_INDEX.span_id;
const CLAUDE_BODY = Buffer.from(CLAUDE_CODE_BODY);
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** ExportLogsServiceRequest. `nowMs` stands in where a record has no time. @throws MalformedBodyError, OversizedBodyError */
export function decodeLogBatch(body: Uint8Array, nowMs: number): DecodedLogs {
  const budget = new RequestBudget();
  const groups = new LogGroupFinder(body, budget).read();
  const capacity = groups.reduce((sum, { records }) => sum + records.length / 2, 0);
  const batch = new EventBatch(body, capacity);
  const reader = new RecordReader(batch, nowMs, budget);
  try {
    for (const group of groups) reader.readGroup(group);
  } catch (error) {
    batch.release();
    throw error;
  }
  return {
    batch,
    claudeLogs: reader.claudeLogs,
    otherRecords: reader.otherRecords,
    others: [...reader.others.values()],
    refused: reader.refused,
  };
}

/** Where the parts of the record that is being read stand. */
interface RecordPlaces {
  timeMs: number;
  observedTimeMs: number;
  bodyStart: number;
  bodyEnd: number;
  name: EventName | undefined;
  /** Name of the event where it is none of ours; empty where it has none. */
  foreignName: string;
  /** Starts and ends of its attributes, and what is left of longer records; only overwritten, as it would grow again. */
  readonly attributes: number[];
  /** Numbers in it that are of this record. */
  attributesLength: number;
  traceId: number;
  spanId: number;
  /** Whether an id has another length than ids have: the record is refused, and the others are not. */
  isIdBad: boolean;
}

class RecordReader extends WireReader {
  otherRecords = 0;
  readonly others = new Map<string, OtherRecords>();
  refused = 0;
  readonly claudeLogs: ClaudeLog[] = [];
  readonly #batch: EventBatch;
  readonly #nowMs: number;
  readonly #budget: RequestBudget;
  readonly #places: RecordPlaces = {
    timeMs: 0,
    observedTimeMs: 0,
    bodyStart: -1,
    bodyEnd: -1,
    name: undefined,
    foreignName: '',
    attributes: [],
    attributesLength: 0,
    traceId: -1,
    spanId: -1,
    isIdBad: false,
  };

  constructor(batch: EventBatch, nowMs: number, budget: RequestBudget) {
    super(batch.body);
    this.#budget = budget;
    this.#batch = batch;
    this.#nowMs = nowMs;
  }

  readGroup({ resource, scope, records }: LogGroupPlaces): void {
    if (scope === CLAUDE_CODE_SCOPE) {
      for (let index = 0; index < records.length; index += 2)
        this.#readClaudeLog(records[index] as number, records[index + 1] as number, resource);
      return;
    }
    const resourceCells = this.#resourceCells(resource);
    const sharedBytes = resourceCells.reduce((sum, [, cell]) => sum + (cell % TEXT_SCALE), 0);
    this.#budget.takeShared(sharedBytes, records.length / 2);
    for (let index = 0; index < records.length; index += 2) {
      this.at = records[index] as number;
      this.#findPlaces(records[index + 1] as number);
      if (scope !== OWN_SCOPE && this.#hasClaudeBody())
        this.#readClaudeLog(records[index] as number, records[index + 1] as number, resource);
      else this.#readRecord(scope, resourceCells, resource);
    }
  }

  /** Whether the body is a text that begins as Claude Code's do: a tag, a length of one byte, the text. */
  #hasClaudeBody(): boolean {
    const { bodyStart, bodyEnd } = this.#places;
    if (bodyStart < 0 || this.bytes[bodyStart] !== ((1 << 3) | WIRE_BYTES)) return false;
    const text = bodyStart + 2;
    return (
      text + CLAUDE_BODY.length <= bodyEnd && CLAUDE_BODY.every((byte, at) => this.bytes[text + at] === byte)
    );
  }

  #readClaudeLog(start: number, end: number, resource: Attributes): void {
    this.at = start;
    this.#findPlaces(end);
    const { timeMs, observedTimeMs, traceId } = this.#places;
    this.claudeLogs.push({
      attributes: readLogAttributes(this.bytes.subarray(start, end), this.#budget),
      resource,
      timeMs: timeMs || observedTimeMs || this.#nowMs,
      traceId:
        traceId < 0
          ? ''
          : Buffer.from(this.bytes.subarray(traceId, traceId + TRACE_ID_BYTES)).toString('hex'),
    });
  }

  /** Texts of the resource are taken in once for all of its records. */
  #resourceCells(resource: Attributes): readonly (readonly [FieldIndex, number])[] {
    return RESOURCE_KEYS.flatMap((key) => {
      const value = typedValue(key, resource[key] ?? null);
      return typeof value === 'string' && isFieldValue(key, value)
        ? [[FIELD_INDEX[key], this.#batch.addText(value)] as const]
        : [];
    });
  }

  #findPlaces(end: number): void {
    const places = this.#places;
    places.timeMs = 0;
    places.observedTimeMs = 0;
    places.bodyStart = -1;
    places.name = undefined;
    places.foreignName = '';
    places.attributesLength = 0;
    places.traceId = -1;
    places.spanId = -1;
    places.isIdBad = false;
    while (this.at < end) {
      const tag = this.varint();
      const field = tag >>> 3;
      const wire = tag & 7;
      switch (field) {
        case LOG_RECORD.time:
        case LOG_RECORD.observedTime: {
          this.expect(wire, WIRE_64);
          const timeMs = this.timeMs();
          if (field === LOG_RECORD.time) places.timeMs = timeMs;
          else places.observedTimeMs = timeMs;
          break;
        }
        case LOG_RECORD.body:
          this.expect(wire, WIRE_BYTES);
          places.bodyEnd = this.endOfBytes();
          places.bodyStart = this.at;
          this.at = places.bodyEnd;
          break;
        case LOG_RECORD.attributes: {
          this.expect(wire, WIRE_BYTES);
          const attributeEnd = this.endOfBytes();
          this.#budget.takeValue();
          places.attributes[places.attributesLength++] = this.at;
          places.attributes[places.attributesLength++] = attributeEnd;
          this.at = attributeEnd;
          break;
        }
        case LOG_RECORD.traceId:
          this.expect(wire, WIRE_BYTES);
          places.traceId = this.#idStart(TRACE_ID_BYTES);
          break;
        case LOG_RECORD.spanId:
          this.expect(wire, WIRE_BYTES);
          places.spanId = this.#idStart(SPAN_ID_BYTES);
          break;
        case LOG_RECORD.eventName: {
          this.expect(wire, WIRE_BYTES);
          const nameEnd = this.endOfBytes();
          places.name = findEventName(this.bytes, this.at, nameEnd);
          if (places.name === undefined) places.foreignName = this.#textOf(this.at, nameEnd);
          this.at = nameEnd;
          break;
        }
        default:
          this.skip(field, wire);
      }
    }
    this.expectEnd(end);
  }

  /** Start of an id; -1 when it is empty. */
  #idStart(bytes: number): number {
    const end = this.endOfBytes();
    const start = this.at;
    this.at = end;
    if (end - start === bytes) return start;
    if (end !== start) this.#places.isIdBad = true;
    return -1;
  }

  #readRecord(
    scope: string,
    resourceCells: readonly (readonly [FieldIndex, number])[],
    resource: Attributes,
  ): void {
    const batch = this.#batch;
    const places = this.#places;
    const { attributes, attributesLength } = places;
    const isFromBody = places.bodyStart >= 0 && this.#readBody(places.bodyStart, places.bodyEnd);
    for (let index = 0; index < attributesLength; index += 2)
      this.#readAttribute(attributes[index] as number, attributes[index + 1] as number);
    const isNoEvent = places.name === undefined && (scope !== OWN_SCOPE || !isFromBody);
    if (isNoEvent || places.isIdBad) {
      if (scope === OWN_SCOPE || !isNoEvent) this.refused++;
      else {
        this.otherRecords++;
        noteOther(this.others, resource, scope, places.foreignName);
      }
      batch.clearRow();
      return;
    }
    if (places.name !== undefined) batch.setName(places.name);
    for (const [field, cell] of resourceCells) batch.setCell(field, cell);
    if (places.traceId >= 0)
      batch.setCell(TRACE_ID, batch.addHex(this.bytes, places.traceId, places.traceId + TRACE_ID_BYTES));
    if (places.spanId >= 0)
      batch.setCell(SPAN_ID, batch.addHex(this.bytes, places.spanId, places.spanId + SPAN_ID_BYTES));
    if (places.timeMs !== 0) batch.setCell(TIMESTAMP, places.timeMs);
    else if (!isFromBody) batch.setCell(TIMESTAMP, places.observedTimeMs || this.#nowMs);
    batch.endRow();
  }

  /** The body of a record of ours is a text. */
  #readBody(start: number, end: number): boolean {
    this.at = start;
    let from = -1;
    let to = -1;
    while (this.at < end) {
      const tag = this.varint();
      if (tag === ((ANY_VALUE.string << 3) | WIRE_BYTES)) {
        to = this.endOfBytes();
        from = this.at;
        this.at = to;
      } else {
        // Whatever else a body may be, it must be well made.
        readValueBytes(this.bytes.subarray(start, end), this.#budget);
        return false;
      }
    }
    this.expectEnd(end);
    return from >= 0 && readEventLine(this.#batch, from, to);
  }

  #readAttribute(start: number, end: number): void {
    this.at = start;
    let field = -1;
    let valueStart = -1;
    let valueEnd = -1;
    while (this.at < end) {
      const tag = this.varint();
      const number = tag >>> 3;
      if (number !== KEY_VALUE.key && number !== KEY_VALUE.value) {
        this.skip(number, tag & 7);
        continue;
      }
      this.expect(tag & 7, WIRE_BYTES);
      const partEnd = this.endOfBytes();
      if (number === KEY_VALUE.key) field = findField(this.bytes, this.at, partEnd);
      else {
        valueStart = this.at;
        valueEnd = partEnd;
      }
      this.at = partEnd;
    }
    this.expectEnd(end);
    if (valueStart < 0) return;
    this.at = valueStart;
    this.#readValue(field, valueEnd);
  }

  #readValue(field: FieldIndex, end: number): void {
    const start = this.at;
    if (start === end) return;
    const tag = this.varint();
    switch (tag) {
      case (ANY_VALUE.string << 3) | WIRE_BYTES: {
        const textEnd = this.endOfBytes();
        if (textEnd !== end) break;
        this.#setText(field, this.at, textEnd);
        return;
      }
      case (ANY_VALUE.bool << 3) | WIRE_VARINT: {
        const value = this.int64();
        if (this.at !== end) break;
        if (field >= 0 && FIELD_TYPES[field] === 'bool') this.#batch.setCell(field, value === 0 ? 0 : 1);
        return;
      }
      case (ANY_VALUE.int << 3) | WIRE_VARINT: {
        const value = this.int64();
        if (this.at !== end) break;
        if (field >= 0 && isNumberOf(field, value)) this.#batch.setCell(field, value);
        return;
      }
      case (ANY_VALUE.double << 3) | WIRE_64: {
        const sent = this.double();
        if (this.at !== end) break;
        const value = field >= 0 && FIELD_TYPES[field] === 'int' ? Math.round(sent) : sent;
        if (field >= 0 && isNumberOf(field, value)) this.#batch.setCell(field, value);
        return;
      }
      case (ANY_VALUE.array << 3) | WIRE_BYTES: {
        const texts = this.plainTexts(end);
        if (texts === undefined || field < 0 || FIELD_TYPES[field] !== 'strings') break;
        for (let index = 0; index < texts.length; index++) this.#budget.takeValue();
        this.#batch.setList(field, texts);
        return;
      }
      default: // Whatever is written in a way of its own.
    }
    const value = readValueBytes(this.bytes.subarray(start, end), this.#budget);
    if (field < 0 || field === TIMESTAMP) return;
    this.#setValue(field, value);
  }

  #setText(field: FieldIndex, start: number, end: number): void {
    if (field < 0 || field === TIMESTAMP) return;
    if (field === NAME) this.#takeName(start, end);
    else if (FIELD_TYPES[field] !== 'string') this.#setValue(field, this.#textOf(start, end));
    else if (this.#isUtf8(start, end)) this.#batch.setBytes(field, start, end);
    else this.#batch.setText(field, this.#textOf(start, end));
  }

  #takeName(start: number, end: number): void {
    const name = findEventName(this.bytes, start, end);
    if (name !== undefined) this.#places.name = name;
    else if (this.#places.foreignName === '') this.#places.foreignName = this.#textOf(start, end);
  }

  #setValue(field: FieldIndex, value: unknown): void {
    const key = FIELD_KEYS[field] as FieldKey;
    const typed = typedValue(key, value as null);
    if (!isFieldValue(key, typed)) return;
    if (FIELDS[key].type === 'strings') this.#batch.setList(field, typed as readonly string[]);
    else if (typeof typed === 'string') {
      if (field !== NAME) this.#batch.setText(field, typed);
    } else this.#batch.setCell(field, Number(typed));
  }

  #textOf(start: number, end: number): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, end - start).toString('utf8');
  }

  #isUtf8(start: number, end: number): boolean {
    for (let at = start; at < end; at++)
      if ((this.bytes[at] as number) > 0x7f) return isUtf8(this.bytes.subarray(start, end));
    return true;
  }
}

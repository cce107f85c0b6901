// A record batch: spans or log records that are encoded when they are made and wait as bytes for their
// request. It groups them by resource and scope, as OTLP nests them. Bytes that wait are nothing that the
// garbage collector has to walk through, and nothing is encoded twice.

import { REQUEST, RESOURCE, RESOURCE_GROUP, SCOPE, SCOPE_GROUP } from '../../core/otlp/otlp-fields.ts';
import type { Attributes } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import { ByteBuffer } from './byte-buffer.ts';
import { BYTES, tagText, varintText, type ByteText } from './byte-text.ts';
import { attributesText, bytesField, countField, textField } from './otlp-values.ts';

const RECORD_TAG = tagText(SCOPE_GROUP.records, BYTES);

export type RecordScope = InstrumentationScope & {
  readonly attributes?: Attributes;
  readonly droppedAttributesCount?: number;
};

/** One span or log record as protobuf, with what it belongs to. */
export interface EncodedRecord {
  readonly resource: Resource;
  readonly scope: RecordScope;
  readonly record: ByteText;
}

export class RecordBatch {
  /** Records of each scope of each resource, each with its tag and length. Kept from batch to batch. */
  readonly #groups = new Map<Resource, Map<RecordScope, ByteBuffer>>();
  /** The request made last, and whether it is over. */
  #request = new ByteBuffer();
  #isOver = true;

  add({ resource, scope, record }: EncodedRecord): void {
    let scopes = this.#groups.get(resource);
    if (scopes === undefined) this.#groups.set(resource, (scopes = new Map<RecordScope, ByteBuffer>()));
    let records = scopes.get(scope);
    if (records === undefined) scopes.set(scope, (records = new ByteBuffer()));
    records.text(RECORD_TAG + varintText(record.length) + record);
  }

  /** The request that carries what was added; the batch is empty afterwards. */
  finish(): Uint8Array {
    const parts: Part[] = [];
    for (const [resource, scopes] of this.#groups) {
      // A scope that was quiet for a whole batch may not come again.
      for (const [scope, records] of scopes) if (records.length === 0) scopes.delete(scope);
      if (scopes.size === 0) this.#groups.delete(resource);
      else parts.push(...messageOf(REQUEST.groups, partsOfResource(resource, scopes)));
    }
    if (!this.#isOver) this.#request = new ByteBuffer();
    this.#isOver = false;
    const request = this.#request;
    request.empty();
    request.reserve(sizeOf(parts));
    for (const part of parts) {
      if (typeof part === 'string') request.text(part);
      else {
        request.bytes(part.view);
        part.empty();
      }
    }
    return request.view;
  }

  /** Nobody reads this request any more: the next one has its memory. Fresh memory stays till a full collection. */
  takeBack(request: Uint8Array): void {
    if (this.#request.holds(request)) this.#isOver = true;
  }
}

/** A piece of a request: made for it, or the records of a scope. */
type Part = ByteText | ByteBuffer;

function sizeOf(parts: readonly Part[]): number {
  return parts.reduce((size, { length }) => size + length, 0);
}

/** The parts as a message in a field. */
function messageOf(field: number, parts: readonly Part[]): Part[] {
  return [tagText(field, BYTES) + varintText(sizeOf(parts)), ...parts];
}

/** A ResourceSpans or ResourceLogs: both have the same fields. */
function partsOfResource(resource: Resource, scopes: ReadonlyMap<RecordScope, ByteBuffer>): Part[] {
  const attributes = attributesText(RESOURCE.attributes, resource.attributes);
  const groups = [...scopes].flatMap(([scope, records]) =>
    messageOf(RESOURCE_GROUP.scopeGroups, [
      bytesField(SCOPE_GROUP.scope, scopeText(scope)),
      records,
      textField(SCOPE_GROUP.schemaUrl, scope.schemaUrl),
    ]),
  );
  return [
    bytesField(RESOURCE_GROUP.resource, attributes),
    ...groups,
    textField(RESOURCE_GROUP.schemaUrl, resource.schemaUrl),
  ];
}

function scopeText({ name, version, attributes = {}, droppedAttributesCount }: RecordScope): ByteText {
  return (
    textField(SCOPE.name, name) +
    textField(SCOPE.version, version) +
    attributesText(SCOPE.attributes, attributes) +
    countField(SCOPE.droppedAttributesCount, droppedAttributesCount)
  );
}

// A record batch: spans or log records that are encoded when they are made and wait as bytes for their
// request. It groups them by resource and scope, as OTLP nests them. Bytes that wait are nothing that the
// garbage collector has to walk through, and nothing is encoded twice.

import { REQUEST, RESOURCE, RESOURCE_GROUP, SCOPE, SCOPE_GROUP } from '../../core/otlp/otlp-fields.ts';
import type { Attributes } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import { writeAttributes, writeCount, writeText } from './otlp-values.ts';
import { BYTES, ProtobufWriter } from './protobuf-writer.ts';

/** Room for resources and scopes beside the records. */
const MARGIN_BYTES = 4_096;

export type RecordScope = InstrumentationScope & {
  readonly attributes?: Attributes;
  readonly droppedAttributesCount?: number;
};

/** One span or log record as protobuf, with what it belongs to. */
export interface EncodedRecord {
  readonly resource: Resource;
  readonly scope: RecordScope;
  /** Holds it until the next one is encoded. */
  readonly record: ProtobufWriter;
}

export class RecordBatch {
  /** Records of each scope of each resource, each with its tag and length. Kept from batch to batch. */
  readonly #groups = new Map<Resource, Map<RecordScope, ProtobufWriter>>();

  add({ resource, scope, record }: EncodedRecord): void {
    let scopes = this.#groups.get(resource);
    if (scopes === undefined) this.#groups.set(resource, (scopes = new Map<RecordScope, ProtobufWriter>()));
    let records = scopes.get(scope);
    if (records === undefined) scopes.set(scope, (records = new ProtobufWriter()));
    records.tag(SCOPE_GROUP.records, BYTES);
    records.message(record);
  }

  /** The request that carries what was added; the batch is empty afterwards. */
  finish(): Uint8Array {
    const request = new ProtobufWriter(this.#size() + MARGIN_BYTES);
    for (const [resource, scopes] of this.#groups) {
      // A scope that was quiet for a whole batch may not come again.
      for (const [scope, records] of scopes) if (records.length === 0) scopes.delete(scope);
      if (scopes.size === 0) this.#groups.delete(resource);
      else writeResource(request, resource, scopes);
    }
    return request.view;
  }

  #size(): number {
    let size = 0;
    for (const scopes of this.#groups.values()) for (const records of scopes.values()) size += records.length;
    return size;
  }
}

/** A ResourceSpans or ResourceLogs: both have the same fields. Empties the records. */
function writeResource(
  request: ProtobufWriter,
  resource: Resource,
  scopes: ReadonlyMap<RecordScope, ProtobufWriter>,
): void {
  request.tag(REQUEST.groups, BYTES);
  const resourceMark = request.open();
  request.tag(RESOURCE_GROUP.resource, BYTES);
  const mark = request.open();
  writeAttributes(request, RESOURCE.attributes, resource.attributes);
  request.close(mark);
  for (const [scope, records] of scopes) {
    request.tag(RESOURCE_GROUP.scopeGroups, BYTES);
    const scopeMark = request.open();
    writeScope(request, scope);
    request.raw(records.view);
    writeText(request, SCOPE_GROUP.schemaUrl, scope.schemaUrl);
    request.close(scopeMark);
    records.reset();
  }
  writeText(request, RESOURCE_GROUP.schemaUrl, resource.schemaUrl);
  request.close(resourceMark);
}

function writeScope(request: ProtobufWriter, scope: RecordScope): void {
  request.tag(SCOPE_GROUP.scope, BYTES);
  const mark = request.open();
  writeText(request, SCOPE.name, scope.name);
  writeText(request, SCOPE.version, scope.version);
  if (scope.attributes !== undefined) writeAttributes(request, SCOPE.attributes, scope.attributes);
  writeCount(request, SCOPE.droppedAttributesCount, scope.droppedAttributesCount);
  request.close(mark);
}

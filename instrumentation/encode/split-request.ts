// Splitting a request: an endpoint that finds one too large may take its halves. It works on bytes, so that what
// comes from the spool is split like what was made here. Spans and log records nest alike: resources (1) hold
// scopes (2), scopes hold records (2).

import { BYTES, tagText, varintText } from './byte-text.ts';
import { readFields } from './protobuf-reader.ts';

export interface RequestPart {
  readonly bytes: Uint8Array;
  /** Records in it. */
  readonly count: number;
}

interface Scope {
  /** What the records share, as it stands. */
  readonly head: readonly Uint8Array[];
  readonly records: readonly Uint8Array[];
}
interface Resource {
  readonly head: readonly Uint8Array[];
  readonly scopes: readonly Scope[];
}

const RESOURCES = 1;
const NESTED = 2;

/** Two requests with about half of the bytes each; `undefined` for a single record. Throws on bytes that are no request. */
export function splitRequest(request: Uint8Array): readonly [RequestPart, RequestPart] | undefined {
  const resources = readResources(request);
  const sizes = resources.flatMap(({ scopes }) =>
    scopes.flatMap(({ records }) => records.map(({ length }) => length)),
  );
  if (sizes.length < 2) return undefined;
  const half = sizes.reduce((sum, size) => sum + size, 0) / 2;
  let count = 0;
  for (let size = 0; count < sizes.length - 1 && (count === 0 || size < half); count++)
    size += sizes[count] ?? 0;
  return [partOf(resources, 0, count), partOf(resources, count, sizes.length)];
}

function readResources(request: Uint8Array): Resource[] {
  const resources: Resource[] = [];
  for (const { number, value } of readFields(request)) {
    if (number !== RESOURCES || typeof value === 'number') continue;
    const { head, nested } = readNested(value);
    const scopes = nested.map((scope) => {
      const { head: scopeHead, wholes } = readNested(scope);
      return { head: scopeHead, records: wholes };
    });
    resources.push({ head, scopes });
  }
  return resources;
}

/** The fields with what is nested, and the others. */
function readNested(message: Uint8Array) {
  const head: Uint8Array[] = [];
  const nested: Uint8Array[] = [];
  const wholes: Uint8Array[] = [];
  for (const { number, value, whole } of readFields(message)) {
    if (number === NESTED && typeof value !== 'number') {
      nested.push(value);
      wholes.push(whole);
    } else head.push(whole);
  }
  return { head, nested, wholes };
}

/** The request with the records from..to (without the last), counted through all resources. */
function partOf(resources: readonly Resource[], from: number, to: number): RequestPart {
  let at = 0;
  const chosenResources = resources.flatMap(({ head, scopes }) => {
    const chosen = scopes.flatMap((scope) => {
      const start = at;
      at += scope.records.length;
      const records = scope.records.slice(Math.max(0, from - start), Math.max(0, to - start));
      return records.length === 0 ? [] : [messageOf(NESTED, [...scope.head, ...records])];
    });
    return chosen.length === 0 ? [] : [messageOf(RESOURCES, [...head, ...chosen])];
  });
  return { bytes: Buffer.concat(chosenResources), count: to - from };
}

/** The fields as a message in a field. */
function messageOf(field: number, fields: readonly Uint8Array[]): Uint8Array {
  const size = fields.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([Buffer.from(tagText(field, BYTES) + varintText(size), 'latin1'), ...fields]);
}

// Splitting: the halves of a request hold its records, each with its resource and scope, until one record is left.

import { describe, expect, it } from '@jest/globals';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { textField } from '../../instrumentation/encode/otlp-values.ts';
import { RecordBatch } from '../../instrumentation/encode/record-batch.ts';
import { splitRequest } from '../../instrumentation/encode/split-request.ts';
import { readRequest } from './otlp-request.ts';

/** Severity text of each record with the resource it is below. */
function listRecords(bytes: Uint8Array): string[] {
  const { resources } = readRequest('logs', bytes);
  return resources.flatMap((resource) =>
    resource.scopes.flatMap(({ records }) =>
      records.map((record) =>
        JSON.stringify([record['severity_text'], (resource as { resource?: unknown }).resource]),
      ),
    ),
  );
}

function splitAll(bytes: Uint8Array, count: number): string[] {
  const parts = splitRequest(bytes);
  const counted = parts === undefined ? 1 : parts[0].count + parts[1].count;
  if (counted !== count) throw new Error(`${counted} records where ${count} were`);
  if (parts === undefined) return listRecords(bytes);
  return parts.flatMap((part) => splitAll(part.bytes, part.count));
}

describe('splitting a request', () => {
  it('down to single records loses none and changes none', () => {
    const batch = new RecordBatch();
    const resources = ['shop', 'mail'].map((name) => resourceFromAttributes({ 'service.name': name }));
    const scopes = ['one', 'two'].map((name) => ({ name }));
    for (let n = 0; n < 50; n += 1) {
      const record = textField(3, `${String(n)} ${'x'.repeat(n * 37)}`);
      const [resource, scope] = [resources[n % 2], scopes[n % 3 === 0 ? 0 : 1]];
      if (resource !== undefined && scope !== undefined) batch.add({ resource, scope, record });
    }
    const request = Uint8Array.from(batch.finish());
    expect(listRecords(request)).toHaveLength(50);
    expect(splitAll(request, 50)).toEqual(listRecords(request));
  });

  it('of bytes that are no request is an error, not a loop', () => {
    expect(() => splitRequest(new Uint8Array([10, 200, 1, 1]))).toThrow('ends in the middle');
    expect(splitRequest(new Uint8Array())).toBeUndefined();
  });
});

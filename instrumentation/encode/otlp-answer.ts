// The answer to an OTLP request: what the endpoint says it refused although it took the request.

import { ANSWER, PARTIAL_SUCCESS } from '../../core/otlp/otlp-fields.ts';
import { readFields } from './protobuf-reader.ts';

export interface RefusedPart {
  readonly count: number;
  readonly reason: string;
}

/** The refused part; `undefined` when all was taken. Throws on bytes that are no protobuf. */
export function readRefusedPart(answer: Uint8Array): RefusedPart | undefined {
  let count = 0;
  let reason = 'no reason given';
  for (const { number, value: part } of readFields(answer)) {
    if (number !== ANSWER.partialSuccess || typeof part === 'number') continue;
    for (const { number: field, value } of readFields(part)) {
      if (field === PARTIAL_SUCCESS.rejected && typeof value === 'number') count = value;
      else if (field === PARTIAL_SUCCESS.message && typeof value !== 'number' && value.length > 0)
        reason = new TextDecoder().decode(value);
    }
  }
  return count > 0 ? { count, reason } : undefined;
}

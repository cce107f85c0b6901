// RetryInfo: how long a server of gRPC asks to be left alone. It stands in the details of a status
// (google.rpc.Status), which come as base64 in a trailer. They are of others: what is no such message says nothing.

import { readFields, type ReadField } from '../encode/protobuf-reader.ts';

/** gRPC takes no more of all headers together. */
const MAX_CHARS = 16_384;
const TYPE_NAME = '/google.rpc.RetryInfo';
const STATUS = { details: 3 } as const;
const ANY = { typeUrl: 1, value: 2 } as const;
const RETRY_INFO = { delay: 1 } as const;
const DURATION = { seconds: 1, nanos: 2 } as const;
/** What is above is a negative number. */
const MAX_INT64 = 2 ** 63;

/**
 * Milliseconds to wait, from 0 to `longestMs`; `undefined` where the details hold no RetryInfo. One without a delay is 0.
 * @param details values of `grpc-status-details-bin`: base64 with or without padding
 */
export function retryInfoMs(details: unknown, longestMs: number): number | undefined {
  if (typeof details !== 'string' || details.length > MAX_CHARS) return undefined;
  // Values of one name may come as one, with commas.
  for (const value of details.split(',')) {
    const delayMs = delayIn(Buffer.from(value, 'base64'));
    if (delayMs !== undefined) return Math.min(delayMs, longestMs);
  }
  return undefined;
}

function delayIn(status: Uint8Array): number | undefined {
  try {
    for (const any of messagesIn(status, STATUS.details)) {
      const fields = [...readFields(any)];
      const typeUrl = bytesOf(fields, ANY.typeUrl);
      if (typeUrl === undefined || !new TextDecoder().decode(typeUrl).endsWith(TYPE_NAME)) continue;
      const [delay] = messagesIn(bytesOf(fields, ANY.value) ?? new Uint8Array(), RETRY_INFO.delay);
      return delay === undefined ? 0 : durationMs(delay);
    }
  } catch {
    // Cut off, or no protobuf.
  }
  return undefined;
}

function durationMs(duration: Uint8Array): number {
  let ms = 0;
  for (const { number, value } of readFields(duration)) {
    if (typeof value !== 'number' || value >= MAX_INT64) continue;
    if (number === DURATION.seconds) ms += value * 1_000;
    else if (number === DURATION.nanos) ms += value / 1e6;
  }
  return ms;
}

function messagesIn(bytes: Uint8Array, field: number): Uint8Array[] {
  return [...readFields(bytes)].flatMap(({ number, value }) =>
    number === field && typeof value !== 'number' ? [value] : [],
  );
}

function bytesOf(fields: readonly ReadField[], field: number): Uint8Array | undefined {
  const value = fields.findLast(({ number }) => number === field)?.value;
  return typeof value === 'number' ? undefined : value;
}

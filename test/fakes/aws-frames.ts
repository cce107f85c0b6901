// Frames as AWS writes them, with the checksums that its clients look at.

import { crc32 } from 'node:zlib';

/** One frame of an event stream; `kind` says whether it is an event or reports an error. */
export function awsFrame(type: string, payload: unknown, kind: 'event' | 'exception' = 'event'): Buffer {
  const headers = Buffer.concat(
    [
      [`:${kind}-type`, type],
      [':content-type', 'application/json'],
      [':message-type', kind],
    ].map(([name = '', value = '']) => headerOf(name, value)),
  );
  const body = Buffer.from(JSON.stringify(payload));
  const frame = Buffer.alloc(12 + headers.length + body.length + 4);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(headers.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  headers.copy(frame, 12);
  body.copy(frame, 12 + headers.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, -4)), frame.length - 4);
  return frame;
}

function headerOf(name: string, value: string): Buffer {
  const header = Buffer.alloc(1 + name.length + 3 + value.length);
  header.writeUInt8(name.length, 0);
  header.write(name, 1);
  header.writeUInt8(7, 1 + name.length);
  header.writeUInt16BE(value.length, 2 + name.length);
  header.write(value, 4 + name.length);
  return header;
}

/** The frames in which a cloud wraps the events of a Messages stream. */
export function wrappedFrames(events: readonly { readonly data: unknown }[]): Buffer[] {
  return events.map(({ data }) =>
    awsFrame('chunk', { bytes: Buffer.from(JSON.stringify(data)).toString('base64'), p: 'abcdef' }),
  );
}

// Details of a gRPC status as servers send them: google.rpc.Status with a RetryInfo among them, in base64.

import {
  BYTES,
  VARINT,
  sizedText,
  tagText,
  varintText,
  type ByteText,
} from '../../../instrumentation/encode/byte-text.ts';

const sized = (field: number, bytes: ByteText): ByteText => tagText(field, BYTES) + sizedText(bytes);
const varint = (field: number, value: number): ByteText => tagText(field, VARINT) + varintText(value);

/** google.protobuf.Any */
export function anyOf(typeName: string, message: ByteText): ByteText {
  return sized(1, `type.googleapis.com/${typeName}`) + sized(2, message);
}

/** google.rpc.RetryInfo */
export function retryInfoOf(seconds: number, nanos = 0): ByteText {
  const duration = varint(1, seconds) + (nanos === 0 ? '' : varint(2, nanos));
  return anyOf('google.rpc.RetryInfo', sized(1, duration));
}

/** google.rpc.Status with code and message, as the trailer has it. */
export function statusOf(...details: readonly ByteText[]): string {
  const status = varint(1, 8) + sized(2, 'exhausted') + details.map((any) => sized(3, any)).join('');
  return Buffer.from(status, 'latin1').toString('base64');
}

/** A status whose one detail asks for so many seconds. */
export function statusDetails(seconds: number): string {
  const whole = Math.floor(seconds);
  return statusOf(retryInfoOf(whole, Math.round((seconds - whole) * 1e9)));
}

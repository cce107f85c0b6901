// Answers of an OTLP server: the export responses with their partial success, and google.rpc.Status
// for errors, in the encoding of the request.

import protobuf from 'protobufjs/minimal.js';
import type { Encoding, IntakeAnswer, OtlpSignal } from './intake.ts';

const REFUSED_KEYS: Record<OtlpSignal, string> = {
  logs: 'rejectedLogRecords',
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
};

/** Body of a successful answer. */
export function encodeAnswer(signal: OtlpSignal, encoding: Encoding, answer: IntakeAnswer): Uint8Array {
  const isFull = answer.refused === 0 && answer.message === '';
  if (encoding === 'json') {
    const partial = { [REFUSED_KEYS[signal]]: String(answer.refused), errorMessage: answer.message };
    return Buffer.from(JSON.stringify(isFull ? {} : { partialSuccess: partial }));
  }
  const writer = protobuf.Writer.create();
  if (!isFull)
    writer.uint32(10).fork().uint32(8).int64(answer.refused).uint32(18).string(answer.message).ldelim();
  return writer.finish();
}

/** google.rpc.Status; `code` is a gRPC status code. */
export function encodeStatus(encoding: Encoding, code: number, message: string): Uint8Array {
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }));
  return protobuf.Writer.create().uint32(8).int32(code).uint32(18).string(message).finish();
}

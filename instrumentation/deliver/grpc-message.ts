// The message of a gRPC status: UTF-8 with percent encoding. The protocol says of sequences that are not valid that
// they must not be an error: they stay as they are.

/** `disk 100% full%21` is `disk 100% full!`. Bytes that are no UTF-8 become replacement characters. */
export function decodeGrpcMessage(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}

// A client error: what came on a connection and is no request that could be routed, such as one whose headers are too long.
// Node closes the connection; before, it is answered in the form of the port.

import { maxHeaderSize, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** An answer without a request, so that nothing is known of what its sender can read. */
export interface ClientErrorForm {
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  body(status: number, message: string): unknown;
}

const FAULTS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come in time: send it again'],
  HPE_HEADER_OVERFLOW: [
    431,
    `the address and the headers are longer than ${String(maxHeaderSize / 1024)} KB: ask for less at once`,
  ],
};

/** Answers and closes. */
export function clientErrorHandler(form: ClientErrorForm): (error: Error, socket: Socket) => void {
  return (error, socket) => {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ECONNRESET' || socket.destroyed) return;
    const [status, message] = FAULTS[code] ?? [400, 'this is no request of HTTP that can be read'];
    const body = JSON.stringify(form.body(status, message));
    const headers = {
      ...form.headers,
      'content-type': form.contentType,
      'content-length': String(Buffer.byteLength(body)),
      connection: 'close',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    if (socket.writable)
      socket.write(
        `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`,
      );
    socket.destroy(error);
  };
}

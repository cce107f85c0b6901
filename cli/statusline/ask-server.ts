// Asks the server over a bare socket: the HTTP client of Node alone takes longer to load than all that waits for it. The
// answer of a server to HTTP/1.0 ends with the connection.

import { createConnection } from 'node:net';

export const DEFAULT_URL = 'http://127.0.0.1:4319';
const ANSWER_LIMIT_BYTES = 100_000;

export interface ServerQuestion {
  readonly url: string;
  readonly token: string | undefined;
  /** A server that takes longer is not waited for. */
  readonly limitMs: number;
  /** JSON to post; without it the address is read. */
  readonly body?: string;
}

/** The body of a good answer; `undefined` where there was none. */
export function askServer({ url, token, limitMs, body }: ServerQuestion): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (!URL.canParse(url)) {
      resolve(undefined);
      return;
    }
    const { protocol, hostname, port, host, pathname } = new URL(url);
    if (protocol !== 'http:') {
      resolve(undefined);
      return;
    }
    const socket = createConnection(Number(port || 80), hostname.replace(/^\[|\]$/g, ''));
    let answer = '';
    socket.setEncoding('utf8');
    const deadline = setTimeout(() => socket.destroy(), limitMs);
    socket.on('data', (part: string) => {
      answer += part;
      if (answer.length > ANSWER_LIMIT_BYTES) socket.destroy();
    });
    // It comes after an error, too.
    socket.on('close', () => {
      clearTimeout(deadline);
      const begin = answer.indexOf('\r\n\r\n');
      resolve(/^HTTP\/1\.\d 200 /.test(answer) && begin > 0 ? answer.slice(begin + 4) : undefined);
    });
    socket.on('error', () => undefined);
    const head = [
      `${body === undefined ? 'GET' : 'POST'} ${pathname} HTTP/1.0`,
      `host: ${host}`,
      ...(token ? [`authorization: Bearer ${token.replaceAll(/[\r\n]/g, '')}`] : []),
      ...(body === undefined
        ? []
        : ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`]),
      'connection: close',
    ];
    // Not ended: a server takes that for one who has left.
    socket.write(`${head.join('\r\n')}\r\n\r\n${body ?? ''}`);
  });
}

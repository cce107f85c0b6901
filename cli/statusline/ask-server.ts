// Asks the server over a bare socket: the HTTP client of Node alone takes longer to load than all that waits for it. The
// answer of a server to HTTP/1.0 ends with the connection.

import { createConnection, isIP } from 'node:net';

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

/** The body of a good answer, or what the server did in its place. */
export type ServerAnswer = { readonly body: string } | { readonly fault: string };

export async function askServer({ url, token, limitMs, body }: ServerQuestion): Promise<ServerAnswer> {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    return { fault: `is no address such as ${DEFAULT_URL}` };
  const { protocol, hostname, port, host, pathname } = new URL(url);
  const address = hostname.replace(/^\[|\]$/g, '');
  // Loaded where it is needed alone, as it takes its time.
  const tls = protocol === 'https:' ? await import('node:tls') : undefined;
  return new Promise((resolve) => {
    const socket =
      tls === undefined
        ? createConnection({ host: address, port: Number(port || 80) })
        : tls.connect({
            host: address,
            port: Number(port || 443),
            ...(isIP(address) === 0 ? { servername: address } : {}),
          });
    let answer = '';
    let isLate = false;
    socket.setEncoding('utf8');
    const deadline = setTimeout(() => {
      isLate = true;
      socket.destroy();
    }, limitMs);
    socket.on('data', (part: string) => {
      answer += part;
      if (answer.length > ANSWER_LIMIT_BYTES) socket.destroy();
    });
    // It comes after an error, too.
    socket.on('close', () => {
      clearTimeout(deadline);
      const begin = answer.indexOf('\r\n\r\n');
      const status = begin > 0 ? /^HTTP\/1\.\d (\d{3}) /.exec(answer)?.[1] : undefined;
      if (isLate) resolve({ fault: `did not answer within ${limitMs} ms` });
      else if (status === '200') resolve({ body: answer.slice(begin + 4) });
      else resolve({ fault: faultOf(status) });
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

function faultOf(status: string | undefined): string {
  if (status === undefined) return 'did not answer';
  return status === '401' || status === '403'
    ? 'wants the token that it was started with (TALLYSPAN_TOKEN)'
    : `answered with status ${status}`;
}

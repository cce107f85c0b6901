// Where the status line has its numbers: the running server, else the file that the last import left. It is called
// several times a minute and must not be waited for, so it loads nothing that it does not need.

import { readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import type { StatusNumbers } from './status-text.ts';

export const STATUS_FILE = 'statusline.json';
const DEFAULT_URL = 'http://127.0.0.1:4319';
/** A server that takes longer is not waited for. */
const ANSWER_LIMIT_MS = 250;
const ANSWER_LIMIT_BYTES = 100_000;

/** What an import leaves: the numbers, and the end of the day that they are of. */
export interface StatusFile extends StatusNumbers {
  readonly day_ends_at: string;
}

export async function readStatusNumbers(
  env: NodeJS.ProcessEnv,
  dataDir: string | undefined,
  nowMs: number,
): Promise<StatusNumbers | undefined> {
  const url = (env['TALLYSPAN_URL'] || DEFAULT_URL).replace(/\/+$/, '');
  return (
    (await askServer(`${url}/api/statusline`, env['TALLYSPAN_TOKEN'])) ?? readStatusFile(env, dataDir, nowMs)
  );
}

/**
 * Asks over a bare socket: the HTTP client of Node alone takes longer to load than all of this. The answer of a server
 * to HTTP/1.0 ends with the connection.
 */
function askServer(url: string, token: string | undefined): Promise<StatusNumbers | undefined> {
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
    socket.setTimeout(ANSWER_LIMIT_MS, () => socket.destroy());
    socket.on('data', (part: string) => {
      answer += part;
      if (answer.length > ANSWER_LIMIT_BYTES) socket.destroy();
    });
    // It comes after an error, too.
    socket.on('close', () => {
      resolve(numbersIn(answer));
    });
    socket.on('error', () => undefined);
    const authorization = token ? [`authorization: Bearer ${token.replaceAll(/[\r\n]/g, '')}`] : [];
    // Not ended: a server takes that for one who has left.
    socket.write(
      [`GET ${pathname} HTTP/1.0`, `host: ${host}`, ...authorization, 'connection: close', '', ''].join(
        '\r\n',
      ),
    );
  });
}

function numbersIn(answer: string): StatusNumbers | undefined {
  const body = answer.indexOf('\r\n\r\n');
  return /^HTTP\/1\.\d 200 /.test(answer) && body > 0 ? numbersOf(answer.slice(body + 4)) : undefined;
}

async function readStatusFile(
  env: NodeJS.ProcessEnv,
  dataDir: string | undefined,
  nowMs: number,
): Promise<StatusNumbers | undefined> {
  const folder =
    dataDir ?? path.join(env['XDG_DATA_HOME'] || path.join(homedir(), '.local', 'share'), 'tallyspan');
  const text = await readFile(path.join(folder, STATUS_FILE), 'utf8').catch(() => '');
  const numbers = numbersOf(text) as StatusFile | undefined;
  if (numbers === undefined) return undefined;
  // Of a day that is over nothing is known of today but that nothing was imported.
  return Date.parse(numbers.day_ends_at) > nowMs ? numbers : { ...numbers, today_nano_usd: 0 };
}

function numbersOf(text: string): StatusNumbers | undefined {
  try {
    const numbers = JSON.parse(text) as StatusNumbers;
    return typeof numbers.today_nano_usd === 'number' ? numbers : undefined;
  } catch {
    return undefined;
  }
}

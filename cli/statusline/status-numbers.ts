// Where the status line has its numbers: the running server, else the file that the last import left. It is called
// several times a minute and must not be waited for, so it loads nothing that it does not need.

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { askServer, DEFAULT_URL } from './ask-server.ts';
import type { StatusNumbers } from './status-text.ts';

export const STATUS_FILE = 'statusline.json';
/** A server that takes longer is not waited for. */
const ANSWER_LIMIT_MS = 250;

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
  const answer = await askServer({
    url: `${url}/api/statusline`,
    token: env['TALLYSPAN_TOKEN'],
    limitMs: ANSWER_LIMIT_MS,
  });
  return (answer === undefined ? undefined : numbersOf(answer)) ?? readStatusFile(env, dataDir, nowMs);
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

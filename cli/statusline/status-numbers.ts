// Where the status line has its numbers: the running server, else the file that it or the last import left. It is called
// several times a minute and must not be waited for, so it loads nothing that it does not need.

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { STATUS_FILE } from '../../server/queries/usage/leave-status.ts';
import { askServer, DEFAULT_URL } from './ask-server.ts';
import type { StatusNumbers } from './status-text.ts';

/** A server that takes longer is not waited for: what it found is in the file the next time. */
const ANSWER_LIMIT_MS = 30;

export async function readStatusNumbers(
  env: NodeJS.ProcessEnv,
  dataDir: string | undefined,
  nowMs: number,
): Promise<StatusNumbers | undefined> {
  const url = (env['TALLYSPAN_URL'] || DEFAULT_URL).replace(/\/+$/, '');
  const answer = await askServer({
    url: `${url}/api/statusline`,
    token: env['TALLYSPAN_TOKEN'],
    limitMs: Number(env['TALLYSPAN_STATUSLINE_WAIT_MS']) || ANSWER_LIMIT_MS,
  });
  return ('body' in answer ? numbersOf(answer.body) : undefined) ?? readStatusFile(env, dataDir, nowMs);
}

async function readStatusFile(
  env: NodeJS.ProcessEnv,
  dataDir: string | undefined,
  nowMs: number,
): Promise<StatusNumbers | undefined> {
  const folder =
    dataDir ?? path.join(env['XDG_DATA_HOME'] || path.join(homedir(), '.local', 'share'), 'tallyspan');
  const text = await readFile(path.join(folder, STATUS_FILE), 'utf8').catch(() => '');
  const numbers = numbersOf(text);
  if (numbers === undefined) return undefined;
  // Of a day that is over nothing is known of today but that nothing was imported.
  return Date.parse(numbers.day_ends_at ?? '') > nowMs ? numbers : { ...numbers, today_nano_usd: 0 };
}

/** Of anything else that answers there, or stands there, nothing. */
function numbersOf(text: string): StatusNumbers | undefined {
  try {
    const { today_nano_usd, block, ...others } = JSON.parse(text) as Partial<StatusNumbers>;
    if (typeof today_nano_usd !== 'number') return undefined;
    return { ...others, today_nano_usd, block: isBlock(block) ? block : null };
  } catch {
    return undefined;
  }
}

function isBlock(block: StatusNumbers['block'] | undefined): block is NonNullable<StatusNumbers['block']> {
  return typeof block === 'object' && block !== null && typeof block.cost_nano_usd === 'number';
}

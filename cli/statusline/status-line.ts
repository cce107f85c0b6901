// The line for Claude Code's status line, from what it hands over and what the data say.

import { planSetting } from '../claude/plan-value.ts';
import { readStatusInput } from './status-input.ts';
import { readStatusNumbers } from './status-numbers.ts';
import { statusText } from './status-text.ts';

export interface StatusLineIo {
  readonly stdin: AsyncIterable<unknown> | Iterable<unknown>;
  readonly env: NodeJS.ProcessEnv;
  readonly nowMs: number;
}

/** The line, without its end. Never throws for what it is handed. */
export async function readStatusLine({ stdin, env, nowMs }: StatusLineIo, dataDir?: string): Promise<string> {
  const [text, numbers] = await Promise.all([readAll(stdin), readStatusNumbers(env, dataDir, nowMs)]);
  return statusText(readStatusInput(text), numbers, { onPlan: planSetting(env), nowMs });
}

async function readAll(stdin: StatusLineIo['stdin']): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stdin) parts.push(Buffer.from(part as Buffer));
  return Buffer.concat(parts).toString('utf8');
}

// `tallyspan statusline` as the other commands know it: in its help. What runs it is the small program that main.js
// starts for it.

import type { Command } from 'commander';
import { readStatusLine } from '../../statusline/status-line.ts';
import { safeText } from '../../../core/text/safe-text.ts';
import type { CliIo } from '../../terminal/io.ts';

export function registerStatusLine(program: Command, io: CliIo): void {
  program
    .command('statusline')
    .description("one line for Claude Code's status line: model, session, today, block, $/h, context used")
    .option('--data <dir>', 'data folder, for when no server runs')
    .action(async ({ data }: { readonly data?: string }) => {
      const line = await readStatusLine({ stdin: io.stdin, env: io.env, nowMs: io.now() }, data);
      io.stdout.write(`${safeText(line)}\n`);
    });
}

// `tallyspan claude guard` as the other commands know it: in its help. What runs it is the small program that main.js
// starts for it.

import type { Command } from 'commander';
import { answerHook } from '../../guard/guard-answer.ts';
import type { CliIo } from '../../terminal/io.ts';

export function registerClaudeGuard(claude: Command, io: CliIo): void {
  claude
    .command('guard')
    .description(
      'hook for UserPromptSubmit and PreToolUse: stops Claude Code at TALLYSPAN_LIMIT_SESSION or TALLYSPAN_LIMIT_USER_DAY',
    )
    .action(async () => {
      const parts: Buffer[] = [];
      for await (const part of io.stdin) parts.push(Buffer.from(part as Buffer));
      const input = Buffer.concat(parts).toString('utf8');
      const { stdout, stderr } = await answerHook({ input, env: io.env });
      io.stderr.write(stderr);
      io.stdout.write(stdout);
    });
}

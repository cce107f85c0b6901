// `tallyspan mcp`: answers for other programs, such as Claude Code, by the Model Context Protocol over stdin and stdout.

import path from 'node:path';
import type { Command } from 'commander';
import { readServiceKeys } from '../../../server/billing/billing-settings.ts';
import { KEY_FILE } from '../../../server/store/file/content-cipher.ts';
import { openSource } from '../../../server/source.ts';
import { sharedSource } from '../../mcp/shared-source.ts';
import { parseServerUrl } from '../../options.ts';
import { sourceOptionsOf } from '../../source-options.ts';
import { untilInterrupted } from '../../terminal/interruption.ts';
import type { CliIo } from '../../terminal/io.ts';

interface McpCliOptions {
  readonly url?: string;
  readonly data?: string;
  readonly content?: boolean;
  readonly key?: string;
}

export function registerMcp(program: Command, io: CliIo): void {
  program
    .command('mcp')
    .description(
      'answer questions of Claude Code and other programs by MCP, over stdin and stdout; read-only',
    )
    .option(
      '--url <url>',
      'address of the running server (default: TALLYSPAN_URL, else the local one)',
      parseServerUrl,
    )
    .option('--data <dir>', 'data folder to read when no server runs')
    .option('--content', 'let it read recorded requests and answers')
    .option('--key <file>', `key of the recorded content (default: ${KEY_FILE} in the data folder)`)
    .addHelpText('after', '\nIn Claude Code: claude mcp add tallyspan -- npx tallyspan mcp')
    .action(async (options: McpCliOptions) => {
      // Loaded here: no other command needs it.
      const { serveMcp } = await import('../../mcp/mcp-server.ts');
      const ask = sharedSource(() => openSource(sourceOptionsOf(options, io)));
      await serveMcp(io, {
        ask: (use) => ask((source) => untilInterrupted(io.signal, () => use(source))),
        now: () => io.now(),
        serviceOfKey: () => readServiceKeys(io.env),
        pageUrl: io.env['TALLYSPAN_URL']?.trim() || undefined,
        contentKey:
          options.content === true ? (dataDir) => options.key ?? path.join(dataDir, KEY_FILE) : undefined,
      });
    });
}

// `tallyspan stack DIR`: the compose stack for people without the repository.

import path from 'node:path';
import type { Command } from 'commander';
import { differingFiles, stackFiles, writeStack } from '../../collector/stack-files.ts';
import { formatCountOf } from '../../core/text/format.ts';
import { CliError } from '../terminal/cli-error.ts';
import type { CliIo } from '../terminal/io.ts';
import { safeText } from '../../core/text/safe-text.ts';

/** The files of the stack lie beside the built program, at the paths that they have in the repository. */
const STACK_ROOT = path.join(import.meta.dirname, 'stack');

export function registerStack(program: Command, io: CliIo): void {
  program
    .command('stack')
    .description('write docker-compose.yml, the files it needs and .env into a folder')
    .argument('<dir>', 'folder to write to; an .env that is there stays')
    .option('--force', 'replace files that are there and differ')
    .action((dir: string, options: { readonly force?: boolean }) => {
      const written = writeTo(dir, options.force === true);
      io.stdout.write(
        `${formatCountOf(written.length, 'file')} in ${safeText(dir)}\nnext: edit ${safeText(path.join(dir, '.env'))} if you like, then docker compose up -d there\n`,
      );
    });
}

function writeTo(dir: string, isForced: boolean): string[] {
  let differing: string[] = [];
  try {
    const files = stackFiles(STACK_ROOT);
    if (!isForced) differing = differingFiles(dir, files);
    if (differing.length === 0) return writeStack(dir, files);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`the stack could not be written to ${dir}: ${reason}`);
  }
  const names = differing.map((file) => `  ${path.join(dir, file)}`).join('\n');
  throw new CliError(
    `nothing was written: these files are there and differ from the ones of this version:\n${names}\nReplace them with --force, or name another folder.`,
  );
}

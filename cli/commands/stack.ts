// `tallyspan stack DIR`: the compose stack for people without the repository.

import path from 'node:path';
import type { Command } from 'commander';
import { stackFiles, writeStack } from '../../collector/stack-files.ts';
import { CliError } from '../cli-error.ts';
import type { CliIo } from '../io.ts';

/** The files of the stack lie beside the built program, at the paths that they have in the repository. */
const STACK_ROOT = path.join(import.meta.dirname, 'stack');

export function registerStack(program: Command, io: CliIo): void {
  program
    .command('stack')
    .description('write docker-compose.yml, the files it needs and .env into a folder')
    .argument('<dir>', 'folder to write to; an .env that is there stays')
    .action((dir: string) => {
      let written: string[];
      try {
        written = writeStack(dir, stackFiles(STACK_ROOT));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new CliError(`the stack could not be written to ${dir}: ${reason}`);
      }
      io.stdout.write(
        `${String(written.length)} files in ${dir}\nnext: edit ${path.join(dir, '.env')} if you like, then docker compose up -d there\n`,
      );
    });
}

// Text files that a user names: to be read, or to be written with what a command found.

import { constants } from 'node:fs';
import { access, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CliError, usageError } from '../terminal/cli-error.ts';

/** Without the mark that some editors put before it. Rejects where the file cannot be read. */
export async function readTextFile(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
}

/** Looks before the work whether its result can be written. @throws CliError of usage */
export async function checkResultFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory() === true) throw usageError(`${file} is a folder. Name a file in it.`);
  const folder = path.dirname(file);
  const folderFound = await stat(folder).catch(() => undefined);
  if (folderFound?.isDirectory() !== true)
    throw usageError(`${file} cannot be written: there is no folder ${folder}.`);
  await access(found === undefined ? folder : file, constants.W_OK).catch(() => {
    throw usageError(`${file} cannot be written: you may not write there.`);
  });
}

/** @throws CliError */
export async function writeResultFile(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error: unknown) => {
    throw new CliError(`${file} could not be written: ${(error as Error).message}`);
  });
}

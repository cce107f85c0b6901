// Files that may be absent, or be something else: a pipe or a device with a fitting name must not hang the process.

import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Absent on Windows, where no pipe lies in a folder. */
const NO_WAIT = constants.O_NONBLOCK ?? 0;

/** The bytes of a regular file. Throws for anything else, at once. */
export function readRegularFile(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY | NO_WAIT);
  try {
    if (!fstatSync(file).isFile()) throw new Error(`${path} is not a file`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** Opens a regular file for appending, made for its owner alone where there is none. Throws for anything else, at once. */
export function openForAppend(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT } = constants;
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | NO_WAIT, 0o600);
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new Error(`${path} is not a file`);
}

/** Appends to a regular file, made for its owner alone where there is none. */
export function appendToFile(path: string, text: string): void {
  const file = openForAppend(path);
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
  } finally {
    closeSync(file);
  }
}

/** The text of a file, or `undefined` when it cannot be read. */
export function readIfThere(path: string): string | undefined {
  try {
    return readRegularFile(path).toString('utf8');
  } catch {
    return undefined;
  }
}

// Files that may be absent, or be something else: a pipe or a device with a fitting name must not hang the process.

import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Absent on Windows, where no pipe lies in a folder. */
const NO_WAIT = constants.O_NONBLOCK ?? 0;

/**
 * The bytes of a regular file. Throws for anything else, at once. It is read by its path: where files are packed, as those
 * of Yarn's Plug'n'Play, a descriptor is none of the system's.
 */
export function readRegularFile(path: string): Buffer {
  if (!statSync(path).isFile()) throw new Error(`${path} is not a file`);
  return readFileSync(path);
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

/** The text of a file, without the mark that some editors put before it; `undefined` when it cannot be read. */
export function readIfThere(path: string): string | undefined {
  try {
    return readRegularFile(path)
      .toString('utf8')
      .replace(/^\uFEFF/, '');
  } catch {
    return undefined;
  }
}

/**
 * Makes a folder for its owner alone, and those above it where there are none. Node's own `recursive` never ends
 * below a folder such as /proc, in which nothing can be made. Throws where the folder cannot be.
 */
export function makeFolder(folder: string): void {
  const whole = resolve(folder);
  if (isFolder(whole)) return;
  const above = dirname(whole);
  if (above !== whole) makeFolder(above);
  try {
    mkdirSync(whole, { mode: 0o700 });
  } catch (error) {
    // Somebody else made it meanwhile.
    if (!isFolder(whole)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

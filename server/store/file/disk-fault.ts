// A disk fault is what DuckDB says when the disk does not take what is written, most of all when it is full.

import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../process/server-error.ts';

/** The data file is not where it was: what is written goes nowhere that a start would find. */
export class FileGoneError extends Error {
  override readonly name = 'FileGoneError';
  override readonly message =
    'the data file was deleted or replaced while the server runs. Put it back, or start the server again';
}

/** Why the disk takes nothing, for people; undefined when the error is another. */
export function diskReason(error: unknown): string | undefined {
  if (error instanceof FileGoneError) return error.message;
  const message = typeof error === 'string' ? error : messageOf(error);
  const room = roomReason(message);
  if (room !== undefined) return room;
  if (/too many open files|EMFILE|ENFILE/i.test(message)) return 'too many files are open';
  if (/read-only file system|EROFS/i.test(message)) return 'the disk is mounted read-only';
  return undefined;
}

/** Why there is no room on the disk, for people; undefined when that is not it. */
export function roomReason(message: string): string | undefined {
  if (/no space left|ENOSPC/i.test(message)) return 'no space is left on the disk';
  if (/quota exceeded|EDQUOT/i.test(message)) return 'the disk quota is used up';
  return undefined;
}

/** What is needed on the disk of a file, and what there is, for people. */
export function roomText(file: string, neededBytes: number): string {
  const { bavail, bsize } = statfsSync(dirname(file));
  return `up to ${formatBytes(neededBytes)} are needed, ${formatBytes(bavail * bsize)} are free`;
}

function formatBytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** What a sender is told whose records were not stored. */
export function notStoredText(error: unknown): string {
  const reason = diskReason(error);
  return `the records could not be stored${reason === undefined ? '' : `: ${reason}`}; try again`;
}

/** Whether the file cannot be used until it is attached again: a checkpoint failed and left it half written. */
export function isInvalidated(error: unknown): boolean {
  return /has been invalidated/.test(messageOf(error));
}

/** Whether the rows of a commit are stored all the same: only the checkpoint after it failed. */
export function isStoredAllTheSame(error: unknown): boolean {
  return /COMMIT succeeded and is durable/.test(messageOf(error));
}

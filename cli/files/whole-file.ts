// A whole file: written beside its place under another name and moved there once it is complete, so that what was there
// stays as it is when something fails or the user stops it.

import { createWriteStream } from 'node:fs';
import { chmod, lstat, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliError } from '../terminal/cli-error.ts';
import type { CliOutput } from '../terminal/io.ts';

/** What is exported says what people did, and is for whoever exported it; the mode of a file that is replaced stays. */
const OWNER_ONLY = 0o600;

type Bytes = AsyncIterable<Uint8Array>;

/**
 * Replaces the file by the bytes that `fill` hands over, and gives their number.
 * @throws CliError when the file cannot be written; whatever `fill` throws
 */
export async function replaceFile(
  file: string,
  signal: AbortSignal,
  fill: (write: (bytes: Bytes) => Promise<void>) => Promise<void>,
): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory() === true) throw new CliError(`${file} is a folder. Name a file in it.`);
  const isDevice = found !== undefined && !found.isFile();
  // Who put the link there chose what would be overwritten. A device such as /dev/stdout is a link on many systems.
  if (!isDevice && (await isLink(file)))
    throw new CliError(
      `${file} is a link to another file, which is not written through. Name that file, or remove the link.`,
    );
  const target = file;
  const beside = path.join(path.dirname(target), `.${path.basename(target)}.${String(process.pid)}.part`);
  const written = isDevice ? target : beside;
  let size = 0;
  async function* sized(bytes: Bytes): Bytes {
    for await (const chunk of bytes) {
      size += chunk.length;
      yield chunk;
    }
  }
  try {
    // Left by a process of the same number that was killed.
    if (!isDevice) await rm(beside, { force: true });
    await fill((bytes) =>
      asWriting(file, () =>
        pipeline(
          Readable.from(sized(bytes)),
          createWriteStream(written, isDevice ? {} : { flags: 'wx', mode: OWNER_ONLY }),
          { signal },
        ),
      ),
    );
    if (isDevice) return size;
    await asWriting(file, async () => {
      if (found !== undefined) await chmod(beside, found.mode);
      await rename(beside, target);
    });
    return size;
  } catch (error) {
    if (!isDevice) await rm(beside, { force: true });
    throw error;
  }
}

/** Also where it leads nowhere. */
async function isLink(file: string): Promise<boolean> {
  return (await lstat(file).catch(() => undefined))?.isSymbolicLink() === true;
}

/** Hands the bytes to an output such as stdout, no faster than it takes them. */
export async function writeToOutput(bytes: Bytes, output: CliOutput, signal: AbortSignal): Promise<void> {
  for await (const chunk of bytes) {
    signal.throwIfAborted();
    if (output.write(chunk) === false) await output.drained?.(signal);
  }
}

async function asWriting(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new CliError(
      `${file} could not be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

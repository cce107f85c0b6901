// Event lines: the lines of a file of JSON lines, or of standard input, packed with gzip or not. What is plainly another
// kind of file is refused by its first bytes.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { addAbortSignal, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CliError } from '../terminal/cli-error.ts';
import type { CliIo } from '../terminal/io.ts';

export const STDIN = '-';
const GZIP_MARK = Buffer.from([0x1f, 0x8b]);
const PARQUET_MARK = Buffer.from('PAR1');
/** Name of the first column of an exported CSV file. */
const CSV_MARK = Buffer.from('timestamp,');
const HEAD_BYTES = 16;

/** @throws CliError when it is a file of another kind */
export async function requireLines(file: string): Promise<void> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    refuseOthers(file, buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** The lines without their ends; `advance` is told how many bytes were read of the file as it is. */
export async function* readLines(
  file: string,
  io: CliIo,
  advance: (bytes: number) => void,
): AsyncGenerator<string> {
  const input = file === STDIN ? Readable.from(io.stdin) : createReadStream(file);
  addAbortSignal(io.signal, input);
  // The decoder leaves out a byte order mark.
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of unpacked(counted(input, advance), file)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    io.signal.throwIfAborted();
    if (error instanceof CliError) throw error;
    throw new CliError(`${nameOf(file)} could not be read: ${(error as Error).message}`);
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** How messages name it. */
export function nameOf(file: string): string {
  return file === STDIN ? 'standard input' : file;
}

async function* counted(
  input: AsyncIterable<string | Buffer>,
  advance: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk as Buffer);
    advance(bytes.length);
    yield bytes;
  }
}

async function* unpacked(input: AsyncGenerator<Buffer>, file: string): AsyncGenerator<Buffer> {
  const first = await input.next();
  if (first.done === true) return;
  refuseOthers(file, first.value);
  async function* whole(): AsyncGenerator<Buffer> {
    yield first.value as Buffer;
    yield* input;
  }
  if (!startsWith(first.value, GZIP_MARK)) return yield* whole();
  // What goes wrong on either side is thrown by the iteration.
  yield* pipeline(Readable.from(whole()), createGunzip(), () => undefined);
}

function refuseOthers(file: string, head: Buffer): void {
  const kind = startsWith(head, PARQUET_MARK)
    ? 'Parquet'
    : startsWith(head, CSV_MARK) || /\.csv(\.gz)?$/i.test(file)
      ? 'CSV'
      : undefined;
  if (kind === undefined) return;
  throw new CliError(
    `${nameOf(file)} is ${kind}, which cannot be imported; JSON lines can: \`tallyspan export --format jsonl\` writes them. Nothing of it was imported.`,
  );
}

function startsWith(bytes: Buffer, mark: Buffer): boolean {
  return bytes.subarray(0, mark.length).equals(mark);
}

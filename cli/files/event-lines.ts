// Event lines: the lines of a file of JSON lines, or of standard input, packed with gzip or not. What is plainly another
// kind of file is refused by its first bytes.

import { constants, createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { addAbortSignal, pipeline, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { CliError } from '../terminal/cli-error.ts';
import type { CliIo } from '../terminal/io.ts';

export const STDIN = '-';
const GZIP_MARK = Buffer.from([0x1f, 0x8b]);
const PARQUET_MARK = Buffer.from('PAR1');
/** Name of the first column of an exported CSV file. */
const CSV_MARK = Buffer.from('timestamp,');
const HEAD_BYTES = 16;
const NEWLINE = 0x0a;
/** No event is longer, with all that is recorded of a request. */
const LINE_LIMIT_BYTES = 64 * 1024 * 1024;
const FIFO_BYTES = 64 * 1024;
const FIFO_PAUSE_MS = 20;

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

/** A line of a file; one that is longer than an event can be has no text. */
export interface EventLine {
  /** From 1. */
  readonly number: number;
  readonly text: string | undefined;
}

/** The lines that are not blank, without their ends; `advance` gets the bytes that were read of the file as it is. */
export async function* readLines(
  file: string,
  io: CliIo,
  advance: (bytes: number) => void,
): AsyncGenerator<EventLine> {
  const splitter = new LineSplitter();
  try {
    const input = await openInput(file, io);
    for await (const chunk of unpacked(counted(input, advance), file)) yield* splitter.add(chunk);
  } catch (error) {
    io.signal.throwIfAborted();
    if (error instanceof CliError) throw error;
    throw new CliError(`${nameOf(file)} could not be read: ${(error as Error).message}`);
  }
  yield* splitter.add(Buffer.from('\n'));
}

async function openInput(file: string, io: CliIo): Promise<AsyncIterable<string | Buffer>> {
  if (file !== STDIN && (await stat(file)).isFIFO()) return readFifo(file, io.signal);
  return addAbortSignal(io.signal, file === STDIN ? Readable.from(io.stdin) : createReadStream(file));
}

/** Opening a named pipe, or reading it, waits for who writes in a way that nothing can stop: here it is asked again and again. */
async function* readFifo(file: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  let hasBegun = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const { buffer, bytesRead } = await handle
        .read(Buffer.allocUnsafe(FIFO_BYTES), 0, FIFO_BYTES, null)
        .catch((error: NodeJS.ErrnoException) => {
          // Somebody writes, and has nothing yet.
          if (error.code !== 'EAGAIN') throw error;
          hasBegun = true;
          return { buffer: Buffer.alloc(0), bytesRead: undefined };
        });
      if (bytesRead === 0 && hasBegun) return;
      if (bytesRead === undefined || bytesRead === 0) {
        await sleep(FIFO_PAUSE_MS, undefined, { signal });
        continue;
      }
      hasBegun = true;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** Puts lines together from the bytes of chunks. Nothing is held of a line that is too long. */
class LineSplitter {
  #parts: Buffer[] = [];
  #length = 0;
  #number = 1;

  *add(chunk: Buffer): Generator<EventLine> {
    let from = 0;
    for (;;) {
      // Empty lines: an archive can hold a billion of them.
      for (; this.#length === 0 && chunk[from] === NEWLINE; from++) this.#number++;
      const end = chunk.indexOf(NEWLINE, from);
      if (end === -1) break;
      this.#take(chunk.subarray(from, end));
      from = end + 1;
      const number = this.#number++;
      const text = this.#length > LINE_LIMIT_BYTES ? undefined : textOf(this.#parts, number === 1);
      this.#parts = [];
      this.#length = 0;
      if (text === undefined || text.trim() !== '') yield { number, text };
    }
    this.#take(chunk.subarray(from));
  }

  #take(part: Buffer): void {
    if (part.length === 0) return;
    this.#length += part.length;
    if (this.#length > LINE_LIMIT_BYTES) this.#parts = [];
    else this.#parts.push(part);
  }
}

function textOf(parts: readonly Buffer[], isFirst: boolean): string {
  const text = (parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)).toString();
  // A byte order mark.
  return isFirst ? text.replace(/^\uFEFF/, '') : text;
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

// Reads the lines of a transcript as bytes: most of them are told by their first bytes and never become text.

import { open } from 'node:fs/promises';
import type { LineCounts } from '../../core/transcripts/facts.ts';
import { kindOfLine, REQUEST_HEAD_BYTES } from '../../core/transcripts/line-kind.ts';
import type { SessionReader } from '../../core/transcripts/session-reader.ts';
import { shortenLine } from '../../core/transcripts/shorten-line.ts';
import type { FoundFile } from './find-transcripts.ts';

const CHUNK_BYTES = 1 << 20;
const LINE_BREAK = 10;
/** A longer line is shortened before it is read: most of it is one text, of which the length is enough. */
const LONG_LINE_BYTES = 1 << 20;

/** What a chunk is read into: one for all files, as many megabytes of them would wait for the garbage collector. */
export function newChunk(): Buffer {
  return Buffer.allocUnsafeSlow(CHUNK_BYTES);
}

export interface ReadOptions {
  readonly chunk: Buffer;
  readonly reader: SessionReader;
  readonly counts: LineCounts;
  readonly signal: AbortSignal;
  /** Told how many bytes were read. */
  readonly advance: (bytes: number) => void;
}

/** Reads what the file held when it was found; a last line that is only half there is left for the next time. */
export async function readTranscript(file: FoundFile, options: ReadOptions): Promise<void> {
  const { chunk } = options;
  const handle = await open(file.path);
  try {
    // Of a line that goes on in the next chunk.
    let begun: Buffer[] = [];
    let left = file.bytes;
    while (left > 0) {
      options.signal.throwIfAborted();
      const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, left));
      if (bytesRead === 0) break;
      left -= bytesRead;
      options.advance(bytesRead);
      let start = 0;
      for (;;) {
        const end = chunk.indexOf(LINE_BREAK, start);
        if (end < 0 || end >= bytesRead) break;
        if (begun.length > 0) {
          begun.push(chunk.subarray(0, end));
          const line = Buffer.concat(begun);
          begun = [];
          takeLine(file, line, 0, line.length, options);
        } else takeLine(file, chunk, start, end, options);
        start = end + 1;
      }
      // The chunk is read into again.
      if (start < bytesRead) begun.push(Buffer.from(chunk.subarray(start, bytesRead)));
    }
    takeTail(file, Buffer.concat(begun), options);
  } finally {
    await handle.close();
  }
}

/** A last line without a break counts when it is whole, which only its being JSON can tell. */
function takeTail(file: FoundFile, tail: Buffer, options: ReadOptions): void {
  if (tail.length === 0 || tail.length > LONG_LINE_BYTES) return;
  try {
    JSON.parse(tail.toString());
  } catch {
    return;
  }
  takeLine(file, tail, 0, tail.length, options);
}

function takeLine(
  file: FoundFile,
  bytes: Buffer,
  start: number,
  end: number,
  { reader, counts }: ReadOptions,
): void {
  const { kind, type } = kindOfLine(bytes, start, end);
  if (kind === 'empty') return;
  counts.lines++;
  if (kind === 'read') reader.addLine(file, textOfLine(bytes, start, end));
  else if (kind === 'request')
    reader.addRequestHead(bytes.toString('utf8', start, Math.min(end, start + REQUEST_HEAD_BYTES)));
  else if (kind === 'unknown' && type !== undefined)
    counts.unknown.set(type, (counts.unknown.get(type) ?? 0) + 1);
}

function textOfLine(bytes: Buffer, start: number, end: number): string {
  if (end - start <= LONG_LINE_BYTES) return bytes.toString('utf8', start, end);
  return shortenLine(bytes, start, end)
    .map((piece) => (typeof piece === 'string' ? piece : bytes.toString('utf8', piece[0], piece[1])))
    .join('');
}

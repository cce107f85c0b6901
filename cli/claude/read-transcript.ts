// Reads the lines of a transcript as bytes: most of them are told by their first bytes and never become text.

import type { FileHandle } from 'node:fs/promises';
import type { LineCounts } from '../../core/transcripts/facts.ts';
import type { Json } from '../../core/model-call/json.ts';
import { parseLine } from '../../core/transcripts/json-value.ts';
import { kindOfLine, REQUEST_HEAD_BYTES } from '../../core/transcripts/line-kind.ts';
import { shortenLine } from '../../core/transcripts/shorten-line.ts';

const CHUNK_BYTES = 1 << 20;
const LINE_BREAK = 10;
/** A longer line is shortened before it is read: most of it is one text, of which the length is enough. */
const LONG_LINE_BYTES = 1 << 20;

/** What a chunk is read into: one for all files, as many megabytes of them would wait for the garbage collector. */
export function newChunk(): Buffer {
  return Buffer.allocUnsafeSlow(CHUNK_BYTES);
}

/** A line that is wanted: what it says, or, as text, the head of one that tells when a request was made. */
export type WantedLine = Json | string;

export interface ReadOptions {
  readonly chunk: Buffer;
  readonly counts: LineCounts;
  readonly signal: AbortSignal;
  /** Told how many bytes were read. */
  readonly advance: (bytes: number) => void;
}

export interface ReadTail {
  /** Bytes up to the end of the last line that had a break. */
  readonly end: number;
  /** What comes after it, where that is a whole line. */
  readonly tail: WantedLine | undefined;
}

/**
 * Reads the bytes from `from`, where a line begins, to `to`. A last line without its break is handed to nobody, and is
 * the tail where it is whole, which only its being JSON can tell; a half one is left for the next time.
 */
export async function readTranscript(
  handle: FileHandle,
  { from, to }: { readonly from: number; readonly to: number },
  take: (line: WantedLine, bytes: number) => void,
  options: ReadOptions,
): Promise<ReadTail> {
  const { chunk, counts } = options;
  const takeLine = (bytes: Buffer, start: number, end: number): void => {
    for (const line of readLines(bytes, start, end, counts)) take(line, end - start);
  };
  // Of a line that goes on in the next chunk.
  let begun: Buffer[] = [];
  let at = from;
  let lastBreak = from;
  while (at < to) {
    options.signal.throwIfAborted();
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, to - at), at);
    if (bytesRead === 0) break;
    options.advance(bytesRead);
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_BREAK, start);
      if (end < 0 || end >= bytesRead) break;
      if (begun.length > 0) {
        begun.push(chunk.subarray(0, end));
        const line = Buffer.concat(begun);
        begun = [];
        takeLine(line, 0, line.length);
      } else takeLine(chunk, start, end);
      start = end + 1;
      lastBreak = at + start;
    }
    // The chunk is read into again.
    if (start < bytesRead) begun.push(Buffer.from(chunk.subarray(start, bytesRead)));
    at += bytesRead;
  }
  return { end: lastBreak, tail: readTail(Buffer.concat(begun)) };
}

/** Counted once it has its break. */
function readTail(bytes: Buffer): WantedLine | undefined {
  if (bytes.length === 0 || parseLine(textOfLine(bytes, 0, bytes.length)) === undefined) return undefined;
  return readLines(bytes, 0, bytes.length, { lines: 0, messages: 0, malformed: 0, unknown: new Map() })[0];
}

/** What a line holds that is wanted: one, or what was written after a half one. */
function readLines(bytes: Buffer, start: number, end: number, counts: LineCounts): readonly WantedLine[] {
  const { kind, type } = kindOfLine(bytes, start, end);
  if (kind === 'empty') return [];
  counts.lines++;
  if (kind === 'request') return [bytes.toString('utf8', start, Math.min(end, start + REQUEST_HEAD_BYTES))];
  if (kind === 'unknown' && type !== undefined) counts.unknown.set(type, (counts.unknown.get(type) ?? 0) + 1);
  if (kind !== 'read') return [];
  const text = textOfLine(bytes, start, end);
  const line = parseLine(text);
  if (line !== undefined) return [line];
  counts.malformed++;
  return linesAfterHalf(text);
}

/** How the lines begin that hold messages; within a text of a line the quotes are escaped. */
const LINE_BEGINS = /\{"(?:parentUuid|type)":/g;
const MOST_BEGINS = 100;

/** A process that ended while it wrote leaves half a line without a break, to which the next one appends. */
function linesAfterHalf(text: string): readonly Json[] {
  const begins = [...text.matchAll(LINE_BEGINS)].flatMap(({ index }) => (index > 0 ? index : []));
  for (const begin of begins.slice(-MOST_BEGINS)) {
    const line = parseLine(text.slice(begin));
    if (line === undefined) continue;
    const before = parseLine(text.slice(0, begin));
    return before === undefined ? [line] : [before, line];
  }
  return [];
}

function textOfLine(bytes: Buffer, start: number, end: number): string {
  if (end - start <= LONG_LINE_BYTES) return bytes.toString('utf8', start, end);
  return shortenLine(bytes, start, end)
    .map((piece) => (typeof piece === 'string' ? piece : bytes.toString('utf8', piece[0], piece[1])))
    .join('');
}

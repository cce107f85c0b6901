// The write-ahead log of the data file (`.wal`) holds what was committed since the last checkpoint. DuckDB reads it when the
// file is opened: one that ends too early it reads as far as it goes and says nothing; one with a damaged byte it refuses
// as a whole; and where the length of an entry is damaged it takes the rest for an end that was cut. Here the log is looked
// at before: what can be read is kept, the log as it was is kept beside it, and what is lost is counted.
//
// A log is a head of 8 bytes or more and then entries: length (8 bytes, little-endian), checksum (8), and the entry,
// which begins with its kind. A commit ends with an entry that says so.

import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { formatCountOf } from '../../../core/text/format.ts';
import { bytesOf } from './attached-file.ts';

const FRAME_BYTES = 16;
/** `64 00`: field 100, the kind, which every entry begins with. */
const KIND_FIELD = 0x64;
/** Of the logs that this reads; a later DuckDB may frame its entries otherwise. */
const LOG_VERSION = 2;
const KIND_VERSION = 98;
const KIND_USE_TABLE = 25;
const KIND_INSERT = 26;
const KIND_COMMIT = 100;
/** No entry of ours is larger: a chunk of rows has at most some megabytes. */
const LARGEST_ENTRY_BYTES = 512 * 1024 * 1024;
/** Ends of the fields of an object. */
const OBJECT_END = 0xff;

interface Entry {
  readonly at: number;
  readonly end: number;
  readonly kind: number;
  /** Rows that it inserts. */
  readonly rows: number;
}

/** Entries up to a commit, with it. */
interface Commit {
  readonly at: number;
  readonly end: number;
  readonly rows: number;
  /** Whether it only inserts, so that it may follow upon less than it did: updates go by the places of rows. */
  readonly isIndependent: boolean;
}

interface Reading {
  readonly kept: readonly Commit[];
  /** Commits that are whole but may not follow upon what is lost. */
  readonly dropped: readonly Commit[];
  /** Bytes that could not be read, or belong to no commit. */
  readonly lostBytes: number;
  /** Whether something in the midst of it is damaged, and not only its end cut. */
  readonly isDamaged: boolean;
  readonly headBytes: number;
}

/**
 * Makes the log of a data file readable where it is not. @returns what was found, for people; undefined when it is as it
 * should be
 */
export function mendLog(file: string): string | undefined {
  const log = `${file}.wal`;
  if (bytesOf(log) === 0) return undefined;
  // DuckDB makes a new file, and removes the log.
  if (!existsSync(file))
    return `${log} is the log of a data file that is not there: it is kept as ${moveAside(log)}. Where that file is only at another place, stop, put it back and the log beside it as ${log}, and start again.`;
  const bytes = readFileSync(log);
  const reading = readLog(bytes);
  if (reading === undefined || reading.lostBytes === 0) return undefined;
  const rows = rowsOf(reading.kept);
  const kept = `${formatCountOf(reading.kept.length, 'commit')} with ${formatCountOf(rows, 'row')} were read`;
  if (!reading.isDamaged)
    return `${log} ends within a commit, as a killed process or a disk without power leaves it: ${kept}; the last ${reading.lostBytes} bytes, which are no whole commit, were left out.`;
  const copy = `${log}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  copyFileSync(log, copy);
  chmodSync(copy, 0o600);
  writeLog(log, bytes, reading);
  const dropped =
    reading.dropped.length === 0
      ? ''
      : `; ${formatCountOf(reading.dropped.length, 'whole commit')} after it with ${formatCountOf(rowsOf(reading.dropped), 'row')} change what is lost and were left out, too`;
  return `${log} is damaged: ${kept}; ${reading.lostBytes} bytes could not be${dropped}. The log as it was is kept as ${copy}; senders that still have the events may send them again.`;
}

/** Takes the log away, so that the file opens as it was at its last checkpoint; says so. */
export function setLogAside(file: string): string {
  return `What was left of it could not be applied either: it is kept as ${moveAside(`${file}.wal`)}, and the data are those of the last checkpoint.`;
}

function moveAside(log: string): string {
  const aside = `${log}.unread-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  renameSync(log, aside);
  return aside;
}

function rowsOf(commits: readonly Commit[]): number {
  return commits.reduce((sum, { rows }) => sum + rows, 0);
}

/** Undefined when it does not look like a log that this can read. */
function readLog(bytes: Buffer): Reading | undefined {
  const headBytes = headLength(bytes);
  if (headBytes === undefined) return undefined;
  const kept: Commit[] = [];
  const dropped: Commit[] = [];
  let isDamaged = false;
  let begin = headBytes;
  let entries: Entry[] = [];
  for (let at = headBytes; at < bytes.length;) {
    const entry = entryAt(bytes, at);
    if (entry === undefined) {
      // Of the commit that it stands in nothing can be kept.
      const next = findCommitEnd(bytes, at + 1);
      if (next === undefined) break;
      isDamaged = true;
      entries = [];
      at = next;
      begin = next;
      continue;
    }
    entries.push(entry);
    at = entry.end;
    if (entry.kind !== KIND_COMMIT) continue;
    const commit = {
      at: begin,
      end: at,
      rows: entries.reduce((sum, { rows }) => sum + rows, 0),
      isIndependent: entries.every(
        ({ kind }) => kind === KIND_USE_TABLE || kind === KIND_INSERT || kind === KIND_COMMIT,
      ),
    };
    if (!isDamaged || (commit.isIndependent && dropped.length === 0)) kept.push(commit);
    else dropped.push(commit);
    begin = at;
    entries = [];
  }
  const whole = [...kept, ...dropped].reduce((sum, commit) => sum + commit.end - commit.at, 0);
  return { kept, dropped, lostBytes: bytes.length - headBytes - whole, isDamaged, headBytes };
}

/** Where the entries begin: the head is an entry without length and checksum. */
function headLength(bytes: Buffer): number | undefined {
  if (bytes[0] !== KIND_FIELD || bytes[1] !== 0 || bytes[2] !== KIND_VERSION) return undefined;
  if (bytes[5] !== LOG_VERSION) return undefined;
  // Its fields are few and short; the first entry whose checksum is right begins where it ends.
  for (let at = 4; at < Math.min(bytes.length, 256); at++)
    if (bytes[at] === OBJECT_END && bytes[at + 1] === OBJECT_END) {
      const start = at + 2;
      if (start === bytes.length || entryAt(bytes, start) !== undefined) return start;
    }
  // The first entry is damaged.
  const end = bytes.indexOf(Buffer.from([OBJECT_END, OBJECT_END]), 4);
  return end < 0 ? undefined : end + 2;
}

/** The entry at a place; undefined when there is none that is whole and undamaged. */
function entryAt(bytes: Buffer, at: number): Entry | undefined {
  if (at + FRAME_BYTES + 3 > bytes.length) return undefined;
  const start = at + FRAME_BYTES;
  if (bytes[start] !== KIND_FIELD || bytes[start + 1] !== 0) return undefined;
  if (bytes.readUInt32LE(at + 4) !== 0) return undefined;
  const size = bytes.readUInt32LE(at);
  const end = start + size;
  if (size < 3 || size > LARGEST_ENTRY_BYTES || end > bytes.length) return undefined;
  if (checksumOf(bytes, start, end) !== bytes.readBigUInt64LE(at + 8)) return undefined;
  const kind = bytes[start + 2] as number;
  return { at, end, kind, rows: kind === KIND_INSERT ? rowsAt(bytes, start + 3) : 0 };
}

/** Rows of an inserted chunk: field 101 is the chunk, whose field 100 is their number. */
function rowsAt(bytes: Buffer, at: number): number {
  if (bytes[at] !== 0x65 || bytes[at + 1] !== 0 || bytes[at + 2] !== 0x64 || bytes[at + 3] !== 0) return 0;
  let rows = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[at + 4 + index] as number;
    rows += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) break;
  }
  return rows;
}

/** End of the next commit that can be read at or after a place: from there on the log can be read again. */
function findCommitEnd(bytes: Buffer, from: number): number | undefined {
  for (let at = from; at + FRAME_BYTES < bytes.length; at++) {
    // Cheap conditions first: this goes over every byte.
    if (bytes[at + FRAME_BYTES] !== KIND_FIELD) continue;
    let entry = entryAt(bytes, at);
    if (entry === undefined) continue;
    while (entry !== undefined && entry.kind !== KIND_COMMIT) entry = entryAt(bytes, entry.end);
    if (entry !== undefined) return entry.end;
  }
  return undefined;
}

function writeLog(log: string, bytes: Buffer, { kept, headBytes }: Reading): void {
  const handle = openSync(log, 'w', 0o600);
  try {
    writeSync(handle, bytes.subarray(0, headBytes));
    for (const { at, end } of kept) writeSync(handle, bytes.subarray(at, end));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const WORD_FACTOR = 0xbf58476d1ce4e5b9n;
const REST_FACTOR = 0xc6a4a7935bd1e995n;
const REST_SEED = 0xe17a1465n;
const REST_SHIFT = 47n;
const WORD_BYTES = 8;

/** DuckDB's checksum (`src/common/checksum.cpp`): of each word a product, and of the rest a MurmurHash. */
function checksumOf(bytes: Buffer, start: number, end: number): bigint {
  const words = Math.floor((end - start) / WORD_BYTES);
  let result = 5381n;
  for (let word = 0; word < words; word++)
    result ^= BigInt.asUintN(64, bytes.readBigUInt64LE(start + word * WORD_BYTES) * WORD_FACTOR);
  const rest = start + words * WORD_BYTES;
  return rest === end ? result : result ^ restChecksum(bytes, rest, end);
}

function restChecksum(bytes: Buffer, start: number, end: number): bigint {
  const length = end - start;
  let hash = REST_SEED ^ BigInt.asUintN(64, BigInt(length) * REST_FACTOR);
  let tail = 0n;
  for (let index = length - 1; index >= 0; index--)
    tail = (tail << 8n) | BigInt(bytes[start + index] as number);
  hash = BigInt.asUintN(64, (hash ^ tail) * REST_FACTOR);
  hash ^= hash >> REST_SHIFT;
  hash = BigInt.asUintN(64, hash * REST_FACTOR);
  return hash ^ (hash >> REST_SHIFT);
}

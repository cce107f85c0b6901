// Kept sessions: the lines of sessions that are still written to, so that of a file that grew only what was appended is
// read. They are read from the start again where a file is another one, is shorter, or begins or ends differently.

import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import type { EventRecord } from '../../core/event.ts';
import { compactLine } from '../../core/transcripts/compact-line.ts';
import type { LineCounts } from '../../core/transcripts/facts.ts';
import { HOUR_MS } from '../../core/time/time.ts';
import type { FoundFile, FoundSession } from './find-transcripts.ts';
import { readTranscript, type ReadOptions, type WantedLine } from './read-transcript.ts';

/** Bytes of lines that are kept of all sessions; of a longer line so many are reckoned. */
const KEPT_BYTES = 64 << 20;
const LINE_BYTES = 4_096;
/** So much at the begin, and before the end, tells whether a file is the one that was read. */
const SAMPLE_BYTES = 4_096;

interface KeptFile {
  readonly inode: number;
  readonly lines: WantedLine[];
  /** Reckoned for the lines. */
  bytes: number;
  /** Up to where they reach. */
  end: number;
  /** A last line without its break; read again. */
  tail: WantedLine | undefined;
  sample: string;
}

interface KeptSession {
  readonly files: Map<string, KeptFile>;
  /** Revisions that are stored, by name and key of the event. */
  readonly stored: Map<string, number>;
  /** What its lines counted when they were taken last. */
  counts: LineCounts | undefined;
}

export class KeptSessions {
  /** Those that were read last come last. */
  readonly #sessions = new Map<string, KeptSession>();
  readonly #limitBytes: number;
  #bytes = 0;

  constructor(limitBytes = KEPT_BYTES) {
    this.#limitBytes = limitBytes;
  }

  /** Whether somebody may go on with it soon. */
  static isLive({ changedMs }: FoundSession, nowMs: number): boolean {
    return nowMs - changedMs < HOUR_MS;
  }

  /** The wanted lines of the file, of which only what is new is read. */
  async readFile(session: string, file: FoundFile, options: ReadOptions): Promise<readonly WantedLine[]> {
    const kept = this.#sessionOf(session);
    const handle = await open(file.path);
    try {
      const { ino } = await handle.stat();
      const before = kept.files.get(file.path);
      const now =
        before !== undefined && (await isGrown(before, ino, file, handle))
          ? before
          : { inode: ino, lines: [], bytes: 0, end: 0, tail: undefined, sample: '' };
      // What is read in part is not kept, nor what another file had at this path.
      kept.files.delete(file.path);
      this.#bytes -= before?.bytes ?? 0;
      const read = await readTranscript(
        handle,
        { from: now.end, to: file.bytes },
        (line, bytes) => {
          now.lines.push(typeof line === 'string' ? line : compactLine(line));
          now.bytes += Math.min(bytes, LINE_BYTES);
        },
        options,
      );
      now.end = read.end;
      now.tail = typeof read.tail === 'object' ? compactLine(read.tail) : read.tail;
      now.sample = await sampleOf(handle, now.end);
      kept.files.set(file.path, now);
      this.#bytes += now.bytes;
      return now.tail === undefined ? now.lines : [...now.lines, now.tail];
    } finally {
      await handle.close();
    }
  }

  /** What the lines of the session count more than when they were taken last. */
  countsSince(session: string, counts: LineCounts): LineCounts {
    const kept = this.#sessionOf(session);
    const before = kept.counts;
    kept.counts = counts;
    if (before === undefined) return counts;
    const unknown = new Map<string, number>();
    for (const [type, lines] of counts.unknown) {
      const more = lines - (before.unknown.get(type) ?? 0);
      if (more > 0) unknown.set(type, more);
    }
    return {
      lines: 0,
      messages: Math.max(0, counts.messages - before.messages),
      malformed: Math.max(0, counts.malformed - before.malformed),
      unknown,
    };
  }

  /** Those of the events that are not stored as they are. */
  changedOf(session: string, events: readonly EventRecord[]): readonly EventRecord[] {
    const { stored } = this.#sessionOf(session);
    return events.filter(
      (event) => !((stored.get(nameOf(event)) ?? -1) >= (event['tallyspan.revision'] ?? 0)),
    );
  }

  noteStored(session: string, events: readonly EventRecord[]): void {
    const { stored } = this.#sessionOf(session);
    for (const event of events) stored.set(nameOf(event), event['tallyspan.revision'] ?? 0);
  }

  #sessionOf(session: string): KeptSession {
    const kept = this.#sessions.get(session) ?? {
      files: new Map(),
      stored: new Map(),
      counts: undefined,
    };
    this.#sessions.delete(session);
    this.#sessions.set(session, kept);
    return kept;
  }

  /** Lets go of what is too much. */
  trim(): void {
    for (const [session, { files }] of this.#sessions) {
      if (this.#bytes <= this.#limitBytes) return;
      this.#sessions.delete(session);
      for (const { bytes } of files.values()) this.#bytes -= bytes;
    }
  }

  /** What is kept of all sessions, as it is reckoned. */
  get bytes(): number {
    return this.#bytes;
  }
}

function nameOf(event: EventRecord): string {
  return `${event['event.name']} ${event['tallyspan.key'] ?? ''}`;
}

async function isGrown(kept: KeptFile, inode: number, file: FoundFile, handle: FileHandle): Promise<boolean> {
  return kept.inode === inode && file.bytes >= kept.end && (await sampleOf(handle, kept.end)) === kept.sample;
}

/** A hash of the begin of the first `end` bytes and of what is before their end. */
async function sampleOf(handle: FileHandle, end: number): Promise<string> {
  const hash = createHash('sha256');
  const bytes = Buffer.allocUnsafe(Math.min(end, SAMPLE_BYTES));
  for (const at of [0, end - bytes.length]) {
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, at);
    hash.update(bytes.subarray(0, bytesRead));
  }
  return hash.digest('base64');
}

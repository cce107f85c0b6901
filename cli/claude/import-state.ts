// What was imported already: the files of each session as they were, and which session has which call. Paths of files
// name folders of the user, so only hashes of them are kept. Without the file everything is read again, and nothing is
// stored twice.

import { makePrivateFolder } from '../../server/store/file/private-files.ts';
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EventRecord } from '../../core/event.ts';
import type { TranscriptCall, CostState } from '../../core/transcripts/facts.ts';
import { spanIdOf } from '../../core/transcripts/ids.ts';
import { CallTable } from './call-table.ts';
import type { FoundFile, FoundSession } from './find-transcripts.ts';

const STATE_FILE = 'claude-import.json';
const CALLS_FILE = 'claude-import.calls';
const VERSION = 1;
/** A call is held as the session that has it, whether it stands in the conversation, and its output tokens. */
const OUTPUT_RANGE = 2 ** 30;

type FileState = readonly [bytes: number, mtimeMs: number, ctimeMs: number];

interface SessionState {
  readonly index: number;
  files: Record<string, FileState>;
  /** When a run of it that may go on is to be looked at again, Unix milliseconds. */
  checkAtMs?: number | undefined;
  costStates: readonly CostState[];
  /** Keys of its rows of what is not in the transcript. */
  remainders?: readonly string[] | undefined;
}

interface StoredState {
  readonly version: number;
  readonly sessions: Record<string, SessionState>;
}

export class ImportState {
  readonly #folder: string;
  readonly #sessions: Map<string, SessionState>;
  #calls: CallTable | undefined;
  #isChanged = false;

  private constructor(folder: string, sessions: Map<string, SessionState>) {
    this.#folder = folder;
    this.#sessions = sessions;
  }

  /** What the folder says; nothing when it has no state, one of another version, or one that cannot be read. */
  static async load(folder: string): Promise<ImportState> {
    try {
      const stored = JSON.parse(await readFile(path.join(folder, STATE_FILE), 'utf8')) as StoredState;
      if (stored.version === VERSION)
        return new ImportState(folder, new Map(Object.entries(stored.sessions)));
    } catch {
      // Begins again.
    }
    return ImportState.empty(folder);
  }

  static empty(folder: string): ImportState {
    return new ImportState(folder, new Map());
  }

  /** Whether something of the session has to be read. A file that was swept changes nothing. */
  isDue({ session, files }: FoundSession, nowMs: number): boolean {
    const known = this.#sessions.get(session);
    if (known === undefined) return true;
    if (known.checkAtMs !== undefined && known.checkAtMs <= nowMs) return true;
    return files.some((file) => {
      const [bytes, mtimeMs, ctimeMs] = known.files[hashOf(file.path)] ?? [];
      return bytes !== file.bytes || mtimeMs !== file.mtimeMs || ctimeMs !== file.ctimeMs;
    });
  }

  /** Notes what Claude Code counted of a session: forks of it begin there. */
  noteCosts(session: string, costStates: readonly CostState[]): void {
    this.#sessionOf(session).costStates = costStates;
  }

  /**
   * The rows of a session's remainder that have to be stored: those with something in them, and those that take the
   * place of one that had.
   */
  takeRemainders(session: string, rows: readonly EventRecord[]): readonly EventRecord[] {
    const known = this.#sessionOf(session);
    const before = new Set(known.remainders);
    const [full, empty] = [
      rows.filter((row) => row['tallyspan.duplicate'] !== true),
      rows.filter((row) => row['tallyspan.duplicate'] === true),
    ];
    known.remainders = full.flatMap((row) => row['tallyspan.key'] ?? []);
    return [...full, ...empty.filter((row) => before.has(row['tallyspan.key'] ?? ''))];
  }

  /** Notes that the session was read and stored; `checkAtMs`: when time alone may have ended a run of it. */
  noteStored({ session, files }: FoundSession, checkAtMs: number | undefined): void {
    const known = this.#sessionOf(session);
    for (const file of files) known.files[hashOf(file.path)] = stateOf(file);
    known.checkAtMs = checkAtMs;
    this.#isChanged = true;
  }

  /** Counts of Claude Code of every session. */
  *costStates(): Iterable<CostState> {
    for (const { costStates } of this.#sessions.values()) yield* costStates;
  }

  /**
   * Claims a call for a session: false when another session has it, unless this one knows more of it.
   * {@link loadCalls} comes before.
   */
  claim(session: string, call: TranscriptCall): boolean {
    const calls = this.#calls as CallTable;
    const key = Number.parseInt(spanIdOf('call', call.key).slice(0, 13), 16) || 1;
    const worth = (call.isSidechain ? 0 : OUTPUT_RANGE) + Math.min(call.outputTokens, OUTPUT_RANGE - 1);
    const { index } = this.#sessionOf(session);
    const held = calls.get(key);
    if (
      held !== undefined &&
      Math.floor(held / (2 * OUTPUT_RANGE)) !== index &&
      held % (2 * OUTPUT_RANGE) >= worth
    )
      return false;
    calls.set(key, index * 2 * OUTPUT_RANGE + worth);
    return true;
  }

  async loadCalls(): Promise<void> {
    if (this.#calls !== undefined) return;
    this.#calls = new CallTable();
    if (this.#sessions.size === 0) return;
    const bytes = await readFile(path.join(this.#folder, CALLS_FILE)).catch(() => Buffer.alloc(0));
    const cells = new Float64Array(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~15)),
    );
    this.#calls.addAll(cells);
  }

  /** Writes what changed, each file whole or not at all. */
  async save(): Promise<void> {
    if (!this.#isChanged) return;
    makePrivateFolder(path.resolve(this.#folder));
    const cells = this.#calls?.toCells() ?? new Float64Array();
    await this.#write(CALLS_FILE, new Uint8Array(cells.buffer));
    const stored: StoredState = { version: VERSION, sessions: Object.fromEntries(this.#sessions) };
    await this.#write(STATE_FILE, JSON.stringify(stored));
    this.#isChanged = false;
  }

  async #write(name: string, content: string | Uint8Array): Promise<void> {
    const file = path.join(this.#folder, name);
    const beside = `${file}.${String(process.pid)}.part`;
    await writeFile(beside, content, { mode: 0o600 });
    await rename(beside, file);
  }

  #sessionOf(session: string): SessionState {
    let known = this.#sessions.get(session);
    if (known === undefined) {
      known = { index: this.#sessions.size, files: {}, costStates: [] };
      this.#sessions.set(session, known);
    }
    return known;
  }
}

function stateOf({ bytes, mtimeMs, ctimeMs }: FoundFile): FileState {
  return [bytes, mtimeMs, ctimeMs];
}

function hashOf(file: string): string {
  return createHash('sha256').update(file).digest('base64url').slice(0, 16);
}

// The journal: one small file per process with its open runs and the number of its last event, so that the
// next process of the service can close the runs of one that was killed, and show what it had not sent. A run
// is an entry from its start to its end. What happens in one turn of the event loop is written at its end.

import {
  closeSync,
  existsSync,
  ftruncateSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { decodeEvent, type EventRecord } from '../../core/event.ts';
import type { OpenRows, OpenRowsKeeper } from './tools/cost-rows.ts';
import { lineOf } from './event-log.ts';
import { openForAppend, readRegularFile, makeFolder } from '../process/files.ts';
import { guard, guarded } from '../process/guard.ts';
import { Numbering } from '../process/numbering.ts';
import { setImmediate } from '../process/timers.ts';

/** What was last known of a run that never ended. */
export interface LostRun {
  readonly started: EventRecord;
  readonly lastSeenMs: number;
  readonly turns: number;
  readonly toolCalls: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costNanoUsd: number;
  readonly unpricedCalls: number;
}

/** Progress of a run, as one line of the journal. */
export interface RunProgress {
  readonly runId: string;
  readonly atMs: number;
  readonly turns: number;
  readonly toolCalls: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly costNanoUsd: number;
  readonly unpricedCalls: number;
}

/** A process that ended without a word. */
export interface LostProcess {
  /** `undefined` where its journal does not tell. */
  readonly instanceId: string | undefined;
  /** Number of its last event. */
  readonly sequence: number;
  /** What its events are numbered in; `undefined` where that is its instance. */
  readonly processId?: string;
  readonly runs: readonly LostRun[];
  /** Sums of shares that it had not delivered, of calls that it had. */
  readonly rows?: readonly OpenRows[];
}

/** A journal that has grown beyond this is rewritten with what still counts. */
const MAX_CHARS = 4_000_000;

export class Journal implements OpenRowsKeeper {
  readonly #folder: string;
  readonly #path: string;
  readonly #instanceId: string;
  /** Line of the start of each open run. */
  readonly #open = new Map<string, string>();
  /** Last progress of each open run. */
  readonly #progress = new Map<string, RunProgress>();
  /** Line of the last state of the open rows that the file knows, and those whose state is to be written. */
  readonly #rows = new Map<number, string>();
  readonly #pendingRows = new Map<number, () => OpenRows>();
  readonly #numbering: Numbering;
  #writtenSequence = 0;
  #writtenId: string | undefined;
  #isScheduled = false;
  /** Kept open: a run that begins costs one write. */
  #file: number | undefined;
  #size = 0;
  readonly #pendingLines: string[] = [];
  /** The last progress of each run that is not written yet: earlier ones tell nothing more. */
  readonly #pendingProgress = new Map<string, RunProgress>();

  /** @param numbering of the events that are counted */
  constructor(folder: string, instanceId: string, numbering = new Numbering()) {
    this.#numbering = numbering;
    this.#folder = folder;
    this.#instanceId = instanceId;
    this.#path = join(
      folder,
      `${HOST}.${String(process.pid)}.${(numbering.processId ?? '').slice(0, 8)}.journal`,
    );
  }

  get path(): string {
    return this.#path;
  }

  /** Written at once: from here on the run cannot vanish. */
  begin(started: EventRecord): void {
    const line = `start ${lineOf(started)}`;
    this.#open.set(started['agent.run_id'] ?? '', line);
    this.#pendingLines.push(line);
    this.#append();
  }

  /** One more event was made. It cannot leave the process before its number stands here. */
  count(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(
      guarded('journal count', () => {
        this.#isScheduled = false;
        this.#append();
      }),
    ).unref();
  }

  /** An event is about to leave: its number has to stand here. */
  writeNumber(): void {
    if (this.#isScheduled) this.#append();
  }

  progress(progress: RunProgress): void {
    this.#pendingProgress.set(progress.runId, progress);
    if (this.#open.has(progress.runId)) this.#progress.set(progress.runId, progress);
  }

  /** Rows are open: written at the end of this turn of the event loop. */
  keepRows(id: number, read: () => OpenRows): void {
    this.#pendingRows.set(id, read);
    this.count();
  }

  /** They are delivered. */
  forgetRows(id: number): void {
    this.#pendingRows.delete(id);
    if (!this.#rows.delete(id)) return;
    this.#pendingLines.push(`paid ${String(id)}`);
    this.count();
  }

  end(runId: string): void {
    this.#pendingProgress.delete(runId);
    this.#progress.delete(runId);
    if (this.#open.delete(runId)) this.#pendingLines.push(`end ${runId}`);
  }

  /** Writes what has gathered. The file is emptied where nothing is open and, as the caller says, nothing unsent. */
  write(isAllSent = true): void {
    if (this.#isNeeded || !isAllSent) this.#append();
    else this.#empty();
  }

  /** The process ends: a journal without open runs goes. */
  close(): void {
    this.write();
    if (this.#file === undefined || this.#isNeeded) return;
    guard('journal close', () => {
      closeSync(this.#file ?? -1);
      rmSync(this.#path, { force: true });
    });
    this.#file = undefined;
  }

  get #isNeeded(): boolean {
    return this.#open.size + this.#rows.size + this.#pendingRows.size > 0;
  }

  #append(): void {
    for (const [id, read] of this.#pendingRows) {
      const line = `rows ${JSON.stringify(read())}`;
      this.#rows.set(id, line);
      this.#pendingLines.push(line);
    }
    this.#pendingRows.clear();
    for (const progress of this.#pendingProgress.values())
      this.#pendingLines.push(`seen ${JSON.stringify(progress)}`);
    this.#pendingProgress.clear();
    const { processId, sequence } = this.#numbering;
    const isNumbered = sequence !== this.#writtenSequence || processId !== this.#writtenId;
    if (isNumbered && sequence > 0) this.#pendingLines.push(`seq ${String(sequence)}`);
    if (this.#pendingLines.length === 0) return;
    this.#writtenSequence = sequence;
    if (this.#size === 0 || processId !== this.#writtenId) this.#pendingLines.unshift(this.#processLine());
    this.#writtenId = processId;
    const text = `${this.#pendingLines.splice(0).join('\n')}\n`;
    guard('journal write', () => {
      this.#file ??= this.#openFile();
      writeSync(this.#file, text);
      this.#size += text.length;
      if (this.#size > MAX_CHARS) this.#shorten();
    });
  }

  /** Writes a new file with what still counts and puts it in the place of the old one. */
  #shorten(): void {
    const lines = [
      this.#processLine(),
      ...this.#open.values(),
      ...this.#rows.values(),
      ...[...this.#progress.values()].map((progress) => `seen ${JSON.stringify(progress)}`),
      `seq ${String(this.#numbering.sequence)}`,
    ];
    const text = `${lines.join('\n')}\n`;
    writeFileSync(`${this.#path}.new`, text, { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
    closeSync(this.#file ?? -1);
    this.#file = this.#openFile();
    this.#size = text.length;
  }

  /** From here on the numbers are those of this process; the id is encoded, as both are the user's or have spaces. */
  #processLine(): string {
    return `process ${JSON.stringify({ instanceId: this.#instanceId, processId: this.#numbering.processId })}`;
  }

  #openFile(): number {
    makeFolder(this.#folder);
    return openForAppend(this.#path);
  }

  #empty(): void {
    this.#pendingLines.length = 0;
    this.#pendingProgress.clear();
    if (this.#file === undefined || this.#size === 0) return;
    this.#size = 0;
    this.#writtenSequence = this.#numbering.sequence;
    guard('journal empty', () => {
      ftruncateSync(this.#file ?? -1);
    });
  }

  /** Processes of this machine that are gone; each is given to one caller only. */
  takeLost(): LostProcess[] {
    return guard('journal read', () => this.#takeLost()) ?? [];
  }

  #takeLost(): LostProcess[] {
    const lost: LostProcess[] = [];
    for (const name of listJournals(this.#folder)) {
      if (!name.startsWith(`${HOST}.`) || join(this.#folder, name) === this.#path) continue;
      const pid = Number(name.slice(HOST.length + 1).split('.')[0]);
      if (pid === process.pid ? this.#isOfThread(name) : isAlive(pid)) continue;
      const found = this.#claim(name);
      if (found !== undefined) lost.push(found);
    }
    return lost;
  }

  /** A thread of this process that has ended, where its journal is still there, with what was copied of it counted. */
  takeThread(path: string): LostProcess | undefined {
    if (dirname(path) !== this.#folder || !existsSync(path)) return undefined;
    const lost = this.#claim(basename(path));
    const open = lost?.rows?.map(({ copied, ...rows }) => ({ ...rows, rows: copied ?? rows.rows }));
    return lost && { ...lost, rows: open?.filter(({ rows }) => rows.length > 0) ?? [] };
  }

  /** A container's process often has the process id of the one before it, whose journal is older than this process. */
  #isOfThread(name: string): boolean {
    const startMs = Date.now() - process.uptime() * 1_000;
    const stat = statSync(join(this.#folder, name), { throwIfNoEntry: false });
    return stat !== undefined && stat.mtimeMs >= startMs;
  }

  #claim(name: string): LostProcess | undefined {
    const claimed = join(this.#folder, `${name}.${String(process.pid)}`);
    const text = guard('journal claim', () => {
      renameSync(join(this.#folder, name), claimed);
      return readRegularFile(claimed).toString('utf8');
    });
    if (text === undefined) return undefined;
    const found = guard('journal text', () => readJournal(text));
    rmSync(claimed, { force: true });
    return found;
  }
}

const HOST = hostname().replaceAll(/[^\w-]/g, '_');

function listJournals(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name.endsWith('.journal'));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

interface Named {
  readonly instanceId: string;
  readonly processId?: string;
}

/** What a journal tells: runs that have a start and no end. Half a line at the end is left out; `undefined` when it is empty. */
export function readJournal(text: string): LostProcess | undefined {
  const runs = new Map<string, LostRun>();
  const rows = new Map<number, OpenRows>();
  let instanceId: string | undefined;
  let processId: string | undefined;
  let sequence = 0;
  let lines = 0;
  for (const line of text.split('\n').slice(0, -1)) {
    const verb = line.slice(0, line.indexOf(' '));
    const rest = line.slice(line.indexOf(' ') + 1);
    lines += 1;
    if (verb === 'start') {
      const started = decodeEvent(rest);
      if (started === undefined) continue;
      runs.set(started['agent.run_id'] ?? '', {
        started,
        lastSeenMs: started.timestamp,
        turns: 0,
        toolCalls: 0,
        tokensIn: 0,
        tokensOut: 0,
        costNanoUsd: 0,
        unpricedCalls: 0,
      });
    } else if (verb === 'seen') {
      const { runId, atMs, ...totals } = JSON.parse(rest) as RunProgress;
      const run = runs.get(runId);
      if (run !== undefined) runs.set(runId, { ...run, ...totals, lastSeenMs: atMs });
    } else if (verb === 'rows') {
      const open = JSON.parse(rest) as OpenRows;
      rows.set(open.id, open);
    } else if (verb === 'paid') {
      rows.delete(Number(rest));
    } else if (verb === 'end') {
      runs.delete(rest);
    } else if (verb === 'seq') {
      sequence = Number(rest);
    } else if (verb === 'process') {
      // Before there were ids of processes, the line had the instance alone.
      const isOld = !rest.startsWith('{');
      const named = (isOld ? { instanceId: rest } : JSON.parse(rest)) as Named;
      ({ instanceId, processId } = named);
      sequence = 0;
    }
  }
  if (lines === 0) return undefined;
  return {
    instanceId,
    sequence,
    ...(processId === undefined ? {} : { processId }),
    runs: [...runs.values()],
    ...(rows.size === 0 ? {} : { rows: [...rows.values()] }),
  };
}

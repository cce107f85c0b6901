// Imports the transcripts of Claude Code: reads the sessions that changed, the oldest first, and appends their events.

import { open } from 'node:fs/promises';
import type { EventRecord } from '../../core/event.ts';
import type { PriceOverrides } from '../../core/pricing/price-overrides.ts';
import type { LineCounts } from '../../core/transcripts/facts.ts';
import { baselineOf, remainderOf, type Shortfall } from '../../core/transcripts/remainder.ts';
import { eventsOfSession } from '../../core/transcripts/session-events.ts';
import { SessionReader } from '../../core/transcripts/session-reader.ts';
import { isGone } from './gone-file.ts';
import { findTranscripts, type FoundFile, type FoundSession } from './find-transcripts.ts';
import type { ImportState } from './import-state.ts';
import { isWrittenSince } from './last-written.ts';
import { KeptSessions } from './kept-sessions.ts';
import { newChunk, readTranscript, type ReadOptions, type WantedLine } from './read-transcript.ts';

const EVENTS_PER_BATCH = 2_000;
/** When a run that may go on is looked at again: once its last answer settled, and once it is abandoned. */
const CHECKS_MS = [600_000, 3_600_000] as const;

export interface ImportPlan {
  /** What is to be read, the oldest first. */
  readonly sessions: readonly FoundSession[];
  readonly files: number;
  readonly bytes: number;
  /** Sessions that are as they were. */
  readonly unchanged: number;
  /** All that were looked at. */
  readonly found: readonly FoundSession[];
}

export interface ImportTally extends LineCounts {
  sessions: number;
  files: number;
  events: number;
  calls: number;
  costNanoUsd: number;
  /** Calls that another session has: they stand in a copy of it. */
  copies: number;
  remainderNanoUsd: number;
  readonly shortfalls: Shortfall[];
  /** Files that could not be read, with the reason. */
  readonly faults: { readonly file: string; readonly reason: string }[];
}

export function newTally(): ImportTally {
  return {
    lines: 0,
    messages: 0,
    malformed: 0,
    unknown: new Map(),
    sessions: 0,
    files: 0,
    events: 0,
    calls: 0,
    costNanoUsd: 0,
    copies: 0,
    remainderNanoUsd: 0,
    shortfalls: [],
    faults: [],
  };
}

export interface PlanOptions {
  readonly roots: readonly string[];
  readonly state: ImportState;
  readonly nowMs: number;
  /** Sessions that nobody went on with since then are left out. */
  readonly sinceMs?: number | undefined;
  /** Where only some are looked at: they. */
  readonly among?: readonly FoundSession[] | undefined;
}

export function planImport(
  { roots, state, nowMs, sinceMs, among }: PlanOptions,
  tally: ImportTally,
): ImportPlan {
  const all =
    among ??
    findTranscripts(roots, (file, error) => {
      tally.faults.push({ file, reason: error.message });
    });
  const found = all.filter((session) => sinceMs === undefined || isWrittenSince(session, sinceMs));
  const sessions = found.filter((session) => state.isDue(session, nowMs));
  const files = sessions.flatMap((session) => session.files);
  return {
    sessions,
    files: files.length,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    unchanged: found.length - sessions.length,
    found,
  };
}

export interface ImportOptions {
  readonly state: ImportState;
  readonly append: (events: readonly EventRecord[]) => Promise<void>;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly advance: (bytes: number) => void;
  /** Prices that go before the list's. */
  readonly overrides?: PriceOverrides | undefined;
  /** Where an import follows another: what is known of sessions that go on. */
  readonly kept?: KeptSessions | undefined;
}

/** Reads and stores what the plan names. What was stored before an error or a stop stays noted. */
export async function importSessions(
  plan: ImportPlan,
  options: ImportOptions,
  tally: ImportTally,
): Promise<void> {
  if (plan.sessions.length === 0) return;
  const { state, append, signal } = options;
  await state.loadCalls();
  const chunk = newChunk();
  let batch: EventRecord[] = [];
  let done: (() => void)[] = [];
  // While one batch is stored the next is read.
  let storing: Promise<void> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await storing;
    signal.throwIfAborted();
    const events = batch;
    const notes = done;
    batch = [];
    done = [];
    storing = (async () => {
      await append(events);
      tally.events += events.length;
      for (const note of notes) note();
    })();
    // It is waited for by the next flush, which throws what it throws.
    storing.catch(() => undefined);
  };
  try {
    for (const session of plan.sessions) {
      const read = await readSession(session, chunk, options, tally);
      for (const event of read.events) {
        batch.push(event);
        if (batch.length >= EVENTS_PER_BATCH) await flush();
      }
      done.push(read.note);
      tally.sessions++;
    }
    await flush();
    await storing;
  } finally {
    await storing.catch(() => undefined);
    await state.save();
  }
}

function addCounts(to: LineCounts, { messages, malformed, unknown }: LineCounts): void {
  to.messages += messages;
  to.malformed += malformed;
  for (const [type, lines] of unknown) to.unknown.set(type, (to.unknown.get(type) ?? 0) + lines);
}

interface ReadSession {
  readonly events: readonly EventRecord[];
  /** Notes that it is stored. */
  readonly note: () => void;
}

/** Hands the lines of the session's files to a reader; the files that were read. */
async function takeFiles(
  found: FoundSession,
  reader: SessionReader,
  chunk: Buffer,
  { signal, advance, kept }: ImportOptions,
  tally: ImportTally,
): Promise<FoundFile[]> {
  const options = { chunk, counts: tally, signal, advance };
  const whole: FoundFile[] = [];
  for (const file of found.files) {
    try {
      const take = (line: WantedLine): void => {
        takeLine(reader, file, line);
      };
      if (kept === undefined) await readFile(file, take, options);
      else for (const line of await kept.readFile(found.session, file, options)) take(line);
      whole.push(file);
      tally.files++;
    } catch (error) {
      signal.throwIfAborted();
      // Swept meanwhile: what is stored of it stays.
      if (!isGone(error)) tally.faults.push({ file: file.path, reason: (error as Error).message });
    }
  }
  return whole;
}

async function readFile(
  file: FoundFile,
  take: (line: WantedLine) => void,
  options: ReadOptions,
): Promise<void> {
  const handle = await open(file.path);
  try {
    const { tail } = await readTranscript(handle, { from: 0, to: file.bytes }, take, options);
    if (tail !== undefined) take(tail);
  } finally {
    await handle.close();
  }
}

function takeLine(reader: SessionReader, file: FoundFile, line: WantedLine): void {
  if (typeof line === 'string') reader.addRequestHead(line);
  else reader.addLine(file, line);
}

async function readSession(
  found: FoundSession,
  chunk: Buffer,
  options: ImportOptions,
  tally: ImportTally,
): Promise<ReadSession> {
  const { state, now, overrides } = options;
  const kept = options.kept !== undefined && KeptSessions.isLive(found, now()) ? options.kept : undefined;
  const counts = kept === undefined ? tally : newTally();
  const reader = new SessionReader(found.session, counts);
  const whole = await takeFiles(found, reader, chunk, { ...options, kept }, tally);
  if (kept !== undefined) addCounts(tally, kept.countsSince(found.session, counts));
  const session = reader.read();
  state.noteCosts(found.session, session.costStates);
  const owned = new Set<string>();
  for (const call of session.calls) if (state.claim(found.session, call)) owned.add(call.key);
  tally.copies += session.calls.length - owned.size;
  const callOfTool = new Map(session.tools.map((tool) => [tool.id, tool.callKey]));
  const nowMs = now();
  const { events, priced, isOpen } = eventsOfSession(session, {
    isOwned: (kind, key) => owned.has(kind === 'call' ? key : (callOfTool.get(key) ?? '')),
    nowMs,
    overrides,
  });
  const baseline = baselineOf(session, priced, state.costStates());
  const rest = remainderOf(session, priced, { baseline, overrides });
  tally.calls += priced.length;
  // What searches of a tool cost is in no call of the transcript.
  for (const event of events)
    if (event['event.name'] === 'agent.model_call') tally.costNanoUsd += event.cost_nano_usd ?? 0;
  const rows = state.takeRemainders(found.session, rest.events);
  for (const row of rows)
    if (row['tallyspan.duplicate'] !== true) tally.remainderNanoUsd += row.cost_nano_usd ?? 0;
  tally.shortfalls.push(...rest.shortfalls);
  const idleMs = nowMs - session.lastMs;
  const wait = isOpen ? CHECKS_MS.find((each) => each > idleMs) : undefined;
  const all = [...events, ...rows];
  const changed = kept?.changedOf(found.session, all) ?? all;
  kept?.trim();
  return {
    events: changed,
    note: () => {
      kept?.noteStored(found.session, changed);
      state.noteStored(
        { ...found, files: whole },
        wait === undefined ? undefined : session.lastMs + wait + 1,
      );
    },
  };
}

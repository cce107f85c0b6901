// Transcripts as Claude Code writes them, made line by line.

import { eventsOfSession, type SessionEvents } from '../../core/transcripts/session-events.ts';
import type { LineCounts, TranscriptFile } from '../../core/transcripts/facts.ts';
import { parseLine } from '../../core/transcripts/json-value.ts';
import { SessionReader } from '../../core/transcripts/session-reader.ts';
import type { EventRecord } from '../../core/event.ts';

export const SESSION = '11111111-1111-4111-8111-111111111111';
const START_MS = Date.parse('2026-11-20T10:00:00.000Z');

type Fields = Readonly<Record<string, unknown>>;

/** Time of the nth second, as a line has it. */
export function at(second: number): string {
  return new Date(START_MS + second * 1000).toISOString();
}

export function userLine(second: number, content: unknown, fields: Fields = {}): string {
  return JSON.stringify({
    parentUuid: null,
    isSidechain: false,
    type: 'user',
    message: { role: 'user', content },
    uuid: `u${String(second)}`,
    timestamp: at(second),
    cwd: '/home/someone/secret-folder/webshop',
    sessionId: SESSION,
    version: '2.1.332',
    ...fields,
  });
}

export interface Answer {
  readonly id: string;
  readonly output?: number;
  readonly usage?: Fields;
  readonly model?: string;
  readonly stopReason?: string | null;
  readonly content?: readonly unknown[];
}

export function answerLine(second: number, answer: Answer, fields: Fields = {}): string {
  return JSON.stringify({
    parentUuid: null,
    isSidechain: false,
    message: {
      id: answer.id,
      type: 'message',
      role: 'assistant',
      model: answer.model ?? 'claude-sonnet-5-5',
      content: answer.content ?? [{ type: 'text', text: 'Done.' }],
      stop_reason: answer.stopReason === undefined ? 'end_turn' : answer.stopReason,
      usage: { input_tokens: 1000, output_tokens: answer.output ?? 100, ...answer.usage },
    },
    requestId: `req_${answer.id}`,
    type: 'assistant',
    uuid: `a${String(second)}_${answer.id}`,
    timestamp: at(second),
    cwd: '/home/someone/secret-folder/webshop',
    sessionId: SESSION,
    version: '2.1.332',
    ...fields,
  });
}

export function toolUse(id: string, name = 'Bash', input: unknown = { command: 'ls' }): unknown {
  return { type: 'tool_use', id, name, input };
}

export function toolResult(id: string, content: unknown = 'ok', isError = false): unknown {
  return [{ type: 'tool_result', tool_use_id: id, content, is_error: isError }];
}

export function costState(models: Readonly<Record<string, Fields>>, fields: Fields = {}): string {
  return JSON.stringify({
    type: 'cost-state',
    sessionId: SESSION,
    startTime: START_MS,
    modelUsage: models,
    ...fields,
  });
}

export function newCounts(): LineCounts {
  return { lines: 0, messages: 0, malformed: 0, unknown: new Map() };
}

/** What is read of the lines of one file, or of several. */
export function readLines(
  files: readonly (readonly string[])[],
  options: { readonly kinds?: readonly TranscriptFile[]; readonly counts?: LineCounts } = {},
): SessionReader {
  const counts = options.counts ?? newCounts();
  const reader = new SessionReader(SESSION, counts);
  for (const [index, lines] of files.entries()) {
    const file = options.kinds?.[index] ?? {};
    for (const line of lines) addText(reader, file, line, counts);
  }
  return reader;
}

/** As an import takes a line. */
export function addText(
  reader: SessionReader,
  file: TranscriptFile,
  text: string,
  counts = newCounts(),
): void {
  const line = parseLine(text);
  if (line === undefined) counts.malformed++;
  else reader.addLine(file, line);
}

export const LATER_MS = START_MS + 24 * 3_600_000;

export function eventsOf(reader: SessionReader, nowMs = LATER_MS): SessionEvents {
  return eventsOfSession(reader.read(), { isOwned: () => true, nowMs });
}

export function callsIn(events: readonly EventRecord[]): EventRecord[] {
  return events.filter((event) => event['event.name'] === 'agent.model_call');
}

export function costOf(events: readonly EventRecord[]): number {
  return callsIn(events).reduce((sum, event) => sum + (event.cost_nano_usd ?? 0), 0);
}

// Facts of a session: what its transcript tells of model calls, tools, runs and the ledger of Claude Code. A run is one
// prompt with all that follows it, or one sub-agent. No text of anybody is among them: lengths, names and ids.

import type { Json } from '../model-call/json.ts';
import type { ContextStep } from './context-costs.ts';

/** One file of a session: the conversation, or one of its sub-agents. */
export interface TranscriptFile {
  /** Id of the sub-agent whose file it is; of another than a sub-agent absent. */
  readonly agentId?: string | undefined;
  /** As the file beside it says: the kind of agent and the tool use that started it. */
  readonly agentType?: string | undefined;
  readonly toolUseId?: string | undefined;
}

export interface RunFact {
  readonly id: string;
  /** Of a sub-agent. */
  readonly agentId?: string | undefined;
  agentType?: string | undefined;
  /** The tool use that started it, and the prompt within which it went on, as far as they are known. */
  toolUseId?: string | undefined;
  promptRun?: string | undefined;
  startMs: number;
  endMs: number;
  /** How many lines tell of it. */
  lines: number;
  /** How many of them were written at its end, in that millisecond. */
  linesAtEnd: number;
  inputLen: number;
  outputLen: number;
  /** The kind of what came last. */
  last: 'prompt' | 'answer' | 'tool_use' | 'tool_result' | 'api_error' | 'interrupted';
  /** Why the last answer stopped, where the line says it. */
  stopReason?: string | undefined;
  errorType?: string | undefined;
  /** Of an error that no call came before: where it was. */
  failedAt?: Omit<LineFacts, 'run'> | undefined;
  /** Whether another run came after it in its file, or its turn was closed. */
  isClosed: boolean;
  /** Keys of the calls that its lines tell of, also of those that are another's. */
  readonly seenCalls: Set<string>;
}

/** Who, where and by which version: from the line. */
export interface LineFacts {
  readonly session: string;
  readonly run: RunFact;
  readonly version?: string | undefined;
  readonly project?: string | undefined;
}

export interface TranscriptCall extends LineFacts {
  /** The message id; the request id or the id of the line where there is none. */
  readonly key: string;
  readonly messageId?: string | undefined;
  readonly requestId?: string | undefined;
  readonly requestedModel?: string | undefined;
  readonly skill?: string | undefined;
  readonly isSidechain: boolean;
  /** The message of the winning line, its content as {@link TranscriptCall.blocks}. */
  readonly message: Json;
  /** What the blocks of all lines of the call are, without their texts. */
  readonly blocks: readonly Json[];
  readonly outputTokens: number;
  readonly stopReason: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  /** Hashes of what its request began with, where the transcript holds it. */
  readonly prefix?: RequestPrefix | undefined;
  /** False when its file writes why calls stop, and not of this one: the count of its output is the first one. */
  readonly isComplete: boolean;
}

/** Of the request of a call: of system prompt and tool definitions, these also whatever their order. */
export interface RequestPrefix {
  readonly system: string;
  readonly tools: string;
}

export interface ToolFact extends LineFacts {
  readonly id: string;
  readonly name: string;
  readonly callKey: string;
  /** The kind of sub-agent that it asks for. */
  readonly agentType?: string | undefined;
  readonly inputKeys: readonly string[];
  readonly inputLen: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly isOk: boolean;
  readonly resultLen: number;
  /** Searches that the WebSearch tool made by calls of its own, which are in no transcript. */
  readonly searches: number;
  readonly model: string | undefined;
  readonly isSidechain: boolean;
}

/** A summary took the place of what was said before. */
export interface CompactionFact extends LineFacts {
  readonly uuid: string;
  readonly atMs: number;
  readonly trigger: string;
  readonly tokensBefore: number;
}

/** What Claude Code itself counted of a session so far: its own calls and all that its transcript does not hold. */
export interface CostState {
  readonly session: string;
  /** Begin of the count; a fork goes on with that of its parent, and its begin. */
  readonly startedMs: number | undefined;
  /** The time of the line before it. */
  readonly atMs: number;
  /** The time of the line after it: what came later is not in it. Absent when nothing did. */
  untilMs?: number | undefined;
  /** By which version, and in which project: from the line before it. */
  readonly last?: Pick<LineFacts, 'version' | 'project'> | undefined;
  readonly models: Readonly<Record<string, Json>>;
}

export interface SessionFacts {
  readonly session: string;
  readonly runs: readonly RunFact[];
  readonly calls: readonly TranscriptCall[];
  readonly tools: readonly ToolFact[];
  readonly compactions: readonly CompactionFact[];
  /** What the conversation, and each sub-agent, says of its context, in order. */
  readonly contexts: readonly (readonly ContextStep[])[];
  /** In their order. */
  readonly costStates: readonly CostState[];
  /** The last facts of a line of the session itself. */
  readonly last: LineFacts | undefined;
  /** When its first line of its own was written. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What was read, and what was not understood. */
export interface LineCounts {
  lines: number;
  messages: number;
  malformed: number;
  /** Lines of types that are not known, by type. */
  readonly unknown: Map<string, number>;
}

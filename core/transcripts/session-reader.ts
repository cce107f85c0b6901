// A session reader takes the lines of a session's files, in the order of each file, and tells its facts. One message of
// the API stands on several lines, and again in copies: the winner is the whole line with the most output tokens, the
// last among equals, and a line of the conversation before one of a side chain. Never the most of each field: the lines
// of one id may tell of two models.

import type { Json } from '../model-call/json.ts';
import type {
  CompactionFact,
  CostState,
  LineCounts,
  LineFacts,
  RequestPrefix,
  RunFact,
  SessionFacts,
  ToolFact,
  TranscriptFile,
} from './facts.ts';
import { PSEUDO_TOOLS } from '../attribution/block-shape.ts';
import { winnerOf, type Candidate } from './candidate.ts';
import { newFileChain, type FileChain } from './file-chain.ts';
import { addUserContext, hashesOf, isInterruption, readAttachment } from './context-steps.ts';
import { runIdOfAgent, runIdOfPrompt } from './ids.ts';
import { blocksOf, countOf, isObject, objectOf, textOf, timeOf } from './json-value.ts';
import { kindOfType } from './line-kind.ts';
import { newRun, noteEnd } from './run-fact.ts';
import {
  contentLength,
  lengthOf,
  readToolResult,
  readToolUse,
  stripBlock,
  type TranscriptToolResult,
  type TranscriptToolUse,
} from './tool-blocks.ts';

const SYNTHETIC = '<synthetic>';
const REQUEST_HEAD = /"id":"([^"]+)","timestamp":"([^"]+)"/;
/** Types whose lines are something that happened. */
const TIMED: ReadonlySet<string> = new Set(['user', 'assistant', 'system']);
const SHAPE_HASH = /"shapeHash":"([^"]+)"/;

/** A request was made: when, and with which system prompt and tools. */
interface RequestFact {
  readonly atMs: number;
  readonly shape: string | undefined;
}

export class SessionReader {
  readonly #session: string;
  readonly #counts: LineCounts;
  readonly #chains = new Map<TranscriptFile, FileChain>();
  readonly #runs = new Map<string, RunFact>();
  readonly #calls = new Map<string, Candidate>();
  readonly #uses = new Map<string, TranscriptToolUse>();
  readonly #results = new Map<string, TranscriptToolResult>();
  /** The tool use that started each sub-agent. */
  readonly #toolOfAgent = new Map<string, string>();
  /** When each request was made, by the id that its answer refers to. */
  readonly #requests = new Map<string, RequestFact>();
  readonly #shapes = new Map<string, RequestPrefix>();
  readonly #compactions: CompactionFact[] = [];
  readonly #costStates: CostState[] = [];
  #last: LineFacts | undefined;
  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(session: string, counts: LineCounts) {
    this.#session = session;
    this.#counts = counts;
  }

  /** Takes the head of a line that tells when a request was made. */
  addRequestHead(text: string): void {
    const [, id, at] = REQUEST_HEAD.exec(text) ?? [];
    const atMs = timeOf(at);
    if (id !== undefined && atMs !== undefined)
      this.#requests.set(id, { atMs, shape: SHAPE_HASH.exec(text)?.[1] });
  }

  /** Takes what one line says. */
  addLine(file: TranscriptFile, line: Json): void {
    const type = textOf(line['type']);
    const kind = kindOfType(type);
    if (kind === 'unknown') {
      const name = type ?? '(none)';
      this.#counts.unknown.set(name, (this.#counts.unknown.get(name) ?? 0) + 1);
    }
    const chain = this.#chainOf(file);
    const writtenMs = timeOf(line['timestamp']);
    // A line without a time is as old as the one before it.
    const atMs = writtenMs ?? (Number.isFinite(chain.lastMs) ? chain.lastMs : undefined);
    if (writtenMs !== undefined) this.#noteTime(line, chain, writtenMs);
    if (type === 'cost-state') this.#addCostState(line, chain);
    else if (type === 'attachment') chain.context.push(...readAttachment(line));
    else if (type === 'api-request-shape') this.#addShape(line, chain);
    else if (!TIMED.has(type ?? '')) return;
    else if (atMs === undefined) this.#counts.malformed++;
    else if (type === 'user') this.#addUser(line, chain, atMs);
    else if (type === 'assistant') this.#addAssistant(line, chain, atMs);
    else this.#addSystem(line, chain, atMs);
  }

  /** What was told so far. */
  read(): SessionFacts {
    for (const run of this.#runs.values()) {
      if (run.agentId === undefined) continue;
      run.toolUseId ??= this.#toolOfAgent.get(run.agentId);
      run.agentType ??= this.#uses.get(run.toolUseId ?? '')?.agentType;
    }
    const tools: ToolFact[] = [];
    for (const [id, use] of this.#uses) {
      const result = this.#results.get(id);
      if (result === undefined) continue;
      tools.push({ ...use, ...result });
    }
    return {
      session: this.#session,
      runs: [...this.#runs.values()],
      calls: [...this.#calls.values()].map(({ chain, ...call }) => ({
        ...call,
        isComplete: call.stopReason !== undefined || call.isSidechain || !chain.writesStopReasons,
      })),
      tools,
      compactions: this.#compactions,
      contexts: [...this.#chains.values()].map(({ context }) => context),
      // Of a session that lies in two folders the copy may be older.
      costStates: this.#costStates.toSorted((a, b) => a.atMs - b.atMs),
      last: this.#last,
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
    };
  }

  #noteTime(line: Json, chain: FileChain, atMs: number): void {
    chain.beforeMs = chain.lastMs;
    chain.lastMs = atMs;
    if (chain.openState !== undefined) {
      chain.openState.untilMs = atMs;
      chain.openState = undefined;
    }
    const uuid = textOf(line['uuid']);
    if (uuid !== undefined) chain.times.set(uuid, atMs);
    if (atMs > this.#lastMs) this.#lastMs = atMs;
  }

  #chainOf(file: TranscriptFile): FileChain {
    let chain = this.#chains.get(file);
    if (chain === undefined) {
      chain = newFileChain(file);
      this.#chains.set(file, chain);
    }
    return chain;
  }

  #addUser(line: Json, chain: FileChain, atMs: number): void {
    this.#counts.messages++;
    const content = objectOf(line['message'])?.['content'];
    const blocks = blocksOf(content);
    const results = blocks.filter((block) => block['type'] === 'tool_result');
    addUserContext(chain.context, line, content, blocks);
    const run = this.#runOfUser(line, chain, atMs, content, results.length > 0);
    if (run === undefined) return;
    const facts = this.#factsOf(line, run);
    // What Claude Code adds by itself, as when a session is taken up again days later, is no work of the run before it.
    if (line['isMeta'] !== true || results.length > 0) noteEnd(run, atMs);
    if (isInterruption(content, blocks)) run.last = 'interrupted';
    else if (results.length > 0) run.last = 'tool_result';
    const outcome = objectOf(line['toolUseResult']);
    for (const block of results) {
      const id = textOf(block['tool_use_id']);
      if (id === undefined) continue;
      const agentId = textOf(outcome?.['agentId']);
      if (agentId !== undefined && results.length === 1) this.#toolOfAgent.set(agentId, id);
      // In a copy it stands again: the first is the original.
      if (!this.#results.has(id)) this.#results.set(id, readToolResult(block, outcome, atMs));
    }
    chain.last = this.#last = facts;
  }

  /** The run that a user line begins or goes on with; undefined before there is one. */
  #runOfUser(
    line: Json,
    chain: FileChain,
    atMs: number,
    content: unknown,
    hasResults: boolean,
  ): RunFact | undefined {
    const promptId = textOf(line['promptId']);
    if (promptId !== undefined) chain.promptRun = runIdOfPrompt(promptId);
    const agent = this.#agentRunOf(line, chain, atMs);
    if (agent !== undefined) {
      if (agent.startMs === atMs && !hasResults) agent.inputLen = contentLength(content);
      return agent;
    }
    const isPrompt =
      !hasResults &&
      line['isMeta'] !== true &&
      line['isCompactSummary'] !== true &&
      line['isSidechain'] !== true &&
      !isInterruption(content, blocksOf(content));
    if (!isPrompt) return chain.run;
    const id =
      promptId === undefined ? runIdOfPrompt(textOf(line['uuid']) ?? `at ${String(atMs)}`) : chain.promptRun;
    if (id === undefined || chain.run?.id === id) return chain.run;
    if (chain.run !== undefined) chain.run.isClosed = true;
    chain.run = this.#runs.get(id) ?? newRun(id, atMs, contentLength(content));
    this.#runs.set(id, chain.run);
    return chain.run;
  }

  /** The run of the sub-agent that a line belongs to. */
  #agentRunOf(line: Json, chain: FileChain, atMs: number): RunFact | undefined {
    const agentId = textOf(line['agentId']) ?? chain.file.agentId;
    if (agentId === undefined) return undefined;
    const id = runIdOfAgent(agentId);
    let run = this.#runs.get(id);
    if (run === undefined) {
      run = { ...newRun(id, atMs, 0), agentId, toolUseId: chain.file.toolUseId };
      this.#runs.set(id, run);
    }
    run.agentType ??= chain.file.agentType ?? textOf(line['attributionAgent']);
    run.promptRun ??= chain.promptRun;
    return run;
  }

  #addAssistant(line: Json, chain: FileChain, atMs: number): void {
    this.#counts.messages++;
    const message = objectOf(line['message']);
    if (message === undefined) return;
    const isError = line['isApiErrorMessage'] === true || textOf(line['error']) !== undefined;
    // What Claude Code says itself, as to a session that is taken up again: nothing was asked, and nothing failed.
    if (message['model'] === SYNTHETIC && !isError) return;
    const run = this.#agentRunOf(line, chain, atMs) ?? (chain.run ??= this.#firstRun(line, chain, atMs));
    noteEnd(run, atMs);
    // No request was made for it.
    if (isError) {
      run.last = 'api_error';
      run.errorType = textOf(line['error']) ?? 'api_error';
      const { run: _, ...failedAt } = this.#factsOf(line, run);
      run.failedAt = failedAt;
      return;
    }
    const facts = this.#factsOf(line, run);
    chain.last = this.#last = facts;
    const usage = objectOf(message['usage']);
    const messageId = textOf(message['id']);
    const requestId = textOf(line['requestId']);
    const uuid = textOf(line['uuid']);
    const key = messageId ?? requestId ?? uuid;
    if (key === undefined || usage === undefined) return;
    const stopReason = textOf(message['stop_reason']);
    const isSidechain = line['isSidechain'] === true;
    if (stopReason !== undefined && !isSidechain) chain.writesStopReasons = true;
    const blocks = blocksOf(message['content']);
    const asked = this.#requests.get(textOf(line['requestRef']) ?? '');
    if (!chain.seenCalls.has(key)) {
      chain.seenCalls.add(key);
      chain.context.push({ kind: 'call', key, run: run.id });
    }
    run.seenCalls.add(key);
    const before = this.#calls.get(key);
    const parentMs = chain.times.get(textOf(line['parentUuid']) ?? '');
    const startMs = asked?.atMs ?? parentMs ?? (Number.isFinite(chain.beforeMs) ? chain.beforeMs : atMs);
    const call: Candidate = {
      ...facts,
      key,
      messageId,
      requestId,
      requestedModel: textOf(line['requestedModel']),
      skill: textOf(line['attributionSkill']),
      isSidechain,
      prefix: this.#shapes.get(asked?.shape ?? ''),
      message: { ...message, content: undefined },
      blocks: blocks.map(stripBlock),
      outputTokens: countOf(usage['output_tokens']),
      stopReason,
      startMs: Math.min(startMs, atMs),
      endMs: atMs,
      chain,
    };
    this.#calls.set(key, before === undefined ? call : winnerOf(before, call));
    this.#noteAnswer(run, call, blocks);
    for (const block of blocks) if (block['type'] === 'tool_use') this.#addToolUse(block, call, atMs);
  }

  /** An answer whose prompt is not in the file: the beginning of it was lost. */
  #firstRun(line: Json, chain: FileChain, atMs: number): RunFact {
    const id = chain.promptRun ?? runIdOfPrompt(textOf(line['uuid']) ?? this.#session);
    const run = this.#runs.get(id) ?? newRun(id, atMs, 0);
    this.#runs.set(id, run);
    return run;
  }

  #noteAnswer(run: RunFact, { stopReason }: Candidate, blocks: readonly Json[]): void {
    run.errorType = undefined;
    run.stopReason = stopReason;
    run.last = blocks.some((block) => block['type'] === 'tool_use') ? 'tool_use' : 'answer';
    const length = blocks.reduce(
      (sum, block) => sum + (block['type'] === 'text' ? lengthOf(block['text']) : 0),
      0,
    );
    if (length > 0) run.outputLen = length;
  }

  #addToolUse(block: Json, call: Candidate, atMs: number): void {
    const use = readToolUse(block, call, atMs);
    if (use === undefined) return;
    const before = this.#uses.get(use.id);
    if (before === undefined || (before.isSidechain && !use.isSidechain)) this.#uses.set(use.id, use);
  }

  #addSystem(line: Json, chain: FileChain, atMs: number): void {
    const run = this.#agentRunOf(line, chain, atMs) ?? chain.run;
    if (run === undefined) return;
    const subtype = line['subtype'];
    if (subtype === 'turn_duration') run.isClosed = true;
    if (subtype !== 'compact_boundary') return;
    chain.context.push({ kind: 'compaction' });
    const metadata = objectOf(line['compactMetadata']);
    this.#compactions.push({
      ...this.#factsOf(line, run),
      uuid: textOf(line['uuid']) ?? String(atMs),
      atMs,
      trigger: textOf(metadata?.['trigger']) ?? 'auto',
      tokensBefore: countOf(metadata?.['preTokens']),
    });
  }

  /** System prompt and tool definitions, written once for all requests that have them. */
  #addShape(line: Json, chain: FileChain): void {
    const hash = textOf(line['shapeHash']);
    const shape = objectOf(line['shape']);
    if (hash === undefined || shape === undefined || this.#shapes.has(hash)) return;
    this.#shapes.set(hash, hashesOf(shape));
    // A later one takes the place of the one before.
    if (chain.hasShape) return;
    chain.hasShape = true;
    chain.context.push(
      { kind: 'part', owner: PSEUDO_TOOLS.system, chars: contentLength(shape['system']) },
      { kind: 'part', owner: PSEUDO_TOOLS.tools, chars: lengthOf(shape['tools']) },
    );
  }

  #addCostState(line: Json, chain: FileChain): void {
    const models = objectOf(line['modelUsage']);
    const session = textOf(line['sessionId']);
    if (models === undefined || (session !== undefined && session !== this.#session)) return;
    const startedMs = countOf(line['startTime']);
    const atMs = Number.isFinite(chain.lastMs) ? chain.lastMs : startedMs;
    if (atMs <= 0) return;
    const state: CostState = {
      session: this.#session,
      startedMs: startedMs > 0 ? startedMs : undefined,
      atMs,
      last: chain.last && { version: chain.last.version, project: chain.last.project },
      models: Object.fromEntries(
        Object.entries(models).flatMap(([model, usage]) => (isObject(usage) ? [[model, usage]] : [])),
      ),
    };
    this.#costStates.push(state);
    chain.openState = state;
  }

  #factsOf(line: Json, run: RunFact): LineFacts {
    const copiedFrom =
      textOf(line['requestSessionId']) ?? textOf(objectOf(line['forkedFrom'])?.['sessionId']);
    const atMs = timeOf(line['timestamp']);
    const isOwn = copiedFrom === undefined || copiedFrom === this.#session;
    if (isOwn && atMs !== undefined && atMs < this.#firstMs) this.#firstMs = atMs;
    return {
      session: copiedFrom ?? textOf(line['sessionId']) ?? this.#session,
      run,
      version: textOf(line['version']),
      project: lastPartOf(textOf(line['cwd'])),
    };
  }
}

/** Last part of a folder's path, of either kind of separator. */
function lastPartOf(folder: string | undefined): string | undefined {
  return folder?.split(/[/\\]/).findLast((part) => part !== '');
}

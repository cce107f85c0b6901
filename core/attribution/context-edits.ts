// Context edits: what the server takes out of a request before the model reads it. Clearing removes the oldest tool
// results or thinking, as the request asks for, and the answer says how many. A compaction block stands for all
// messages before it. What was taken out is in the request and is not paid for.

import type { BlockShape } from './block-shape.ts';
import { formatHash } from './content-hash.ts';
import type { CacheBreakpoint, RequestShape } from './request-shape.ts';
import { TOOL_USES } from './tool-clearing.ts';
import { asJson, asList } from '../model-call/json.ts';

/** What the answer says that was cleared. */
export interface AppliedEdits {
  readonly toolUses: number;
  readonly thinkingTurns: number;
}

const NOTHING_APPLIED: AppliedEdits = { toolUses: 0, thinkingTurns: 0 };
const THINKING = 'clear_thinking';

/** Reads `context_management` of an answer. */
export function readAppliedEdits(contextManagement: unknown): AppliedEdits {
  const edits = asList(asJson(contextManagement)['applied_edits']);
  if (edits.length === 0) return NOTHING_APPLIED;
  let [toolUses, thinkingTurns] = [0, 0];
  for (const edit of edits) {
    toolUses += countOf(asJson(edit)['cleared_tool_uses']);
    thinkingTurns += countOf(asJson(edit)['cleared_thinking_turns']);
  }
  return { toolUses, thinkingTurns };
}

/** What was taken out, as an event lists it: the same list for the same edits. `undefined` where nothing was. */
export function listEdits(shape: RequestShape, applied: AppliedEdits): readonly string[] | undefined {
  const list: string[] = [];
  const compaction = shape.blocks[lastCompaction(shape.blocks)];
  if (compaction !== undefined) list.push(`compaction ${formatHash(compaction.hash)}`);
  if (applied.toolUses > 0) list.push(`${TOOL_USES} ${applied.toolUses}`);
  if (applied.thinkingTurns > 0) list.push(`${THINKING} ${applied.thinkingTurns}`);
  return list.length === 0 ? undefined : list;
}

/** The request as the model read it. */
export function carriedShape(shape: RequestShape, applied: AppliedEdits = NOTHING_APPLIED): RequestShape {
  const { blocks } = shape;
  const compaction = lastCompaction(blocks);
  if (compaction === -1 && applied.toolUses === 0 && applied.thinkingTurns === 0) return shape;
  const left = new Set<BlockShape>([
    ...(applied.toolUses > 0 ? clearedToolUses(shape, applied.toolUses) : []),
    ...(applied.thinkingTurns > 0 ? clearedThinking(blocks, applied.thinkingTurns) : []),
  ]);
  const isCarried = (block: BlockShape, index: number): boolean =>
    !left.has(block) && (index >= compaction || block.kind === 'tool_definition' || block.kind === 'system');
  const carried: BlockShape[] = [];
  /** For each block of the request how many are carried up to it. */
  const counts = blocks.map((block, index) => {
    if (isCarried(block, index)) carried.push(block);
    return carried.length;
  });
  const breakpoints: CacheBreakpoint[] = [];
  for (const { block, ttl } of shape.breakpoints) {
    const last = (counts[block] ?? 0) - 1;
    if (last >= 0 && breakpoints.at(-1)?.block !== last) breakpoints.push({ block: last, ttl });
  }
  return { ...shape, blocks: carried, breakpoints };
}

function lastCompaction(blocks: readonly BlockShape[]): number {
  return blocks.findLastIndex(({ kind }) => kind === 'compaction');
}

/** The oldest results, and the calls they belong to where those lose their input. */
function clearedToolUses({ blocks, toolClearing }: RequestShape, count: number): BlockShape[] {
  const calls = new Map<string, BlockShape>();
  const cleared: BlockShape[] = [];
  let left = count;
  for (const block of blocks) {
    const { kind, toolUseId } = block;
    if (kind === 'tool_use' && toolUseId !== undefined) calls.set(toolUseId, block);
    if (kind !== 'tool_result' || left === 0) continue;
    const call = calls.get(toolUseId ?? '');
    const tool = block.owner ?? call?.owner ?? '';
    if (toolClearing?.excluded.has(tool) === true) continue;
    left--;
    cleared.push(block);
    const inputs = toolClearing?.clearsInputs ?? false;
    if (call !== undefined && (inputs === true || (inputs !== false && inputs.has(tool)))) cleared.push(call);
  }
  return cleared;
}

/** The thinking of the oldest turns: what stands together was thought in one. */
function clearedThinking(blocks: readonly BlockShape[], turns: number): BlockShape[] {
  const cleared: BlockShape[] = [];
  let left = turns;
  for (const [index, block] of blocks.entries()) {
    if (block.kind !== 'thinking') continue;
    if (blocks[index - 1]?.kind !== 'thinking' && left-- === 0) break;
    cleared.push(block);
  }
  return cleared;
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}

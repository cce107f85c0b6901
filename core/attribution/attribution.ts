// Attribution: what each model call paid, divided over what it carried.
// A ledger belongs to one run. It knows every content block by hash: whose it is, how many tokens it
// holds, and whether an earlier call already carried it. Rows of one call sum to its cost exactly;
// how the input is divided among the rows is an estimate, output and search fees are counted.

import { PSEUDO_TOOLS, type BlockShape } from './block-shape.ts';
import { carriedShape, type AppliedEdits } from './context-edits.ts';
import type { CostBuckets } from '../pricing/charges.ts';
import { placeInPrefix, rowOf, type PlacedBlock, type Row } from './prefix-rows.ts';
import type { RequestShape } from './request-shape.ts';
import { shareOut } from './share-out.ts';
import { inputTotal, type Usage } from '../pricing/usage.ts';

/** How a row came about: `prefix` rows are estimates, `counted` rows are exact, `mixed` rows hold both. */
export type AttributionRule = 'prefix' | 'counted' | 'mixed';

/** What one call paid for one tool or pseudo-tool. The six parts sum to `costNanoUsd`. */
export interface ToolCost {
  readonly tool: string;
  readonly costNanoUsd: number;
  /** Uncached, in the first call that carried it. */
  readonly firstReadNanoUsd: number;
  readonly cacheWriteNanoUsd: number;
  readonly cacheReadNanoUsd: number;
  /** Uncached, though an earlier call carried it already. */
  readonly carryNanoUsd: number;
  readonly outputNanoUsd: number;
  readonly webSearchNanoUsd: number;
  /** Tokens carried; the rows of a call sum to its counted input plus output. */
  readonly tokens: number;
  readonly rule: AttributionRule;
}

/** A row that nothing is added to yet. */
export function emptyToolCost(tool: string, rule: AttributionRule): ToolCost {
  return {
    tool,
    costNanoUsd: 0,
    firstReadNanoUsd: 0,
    cacheWriteNanoUsd: 0,
    cacheReadNanoUsd: 0,
    carryNanoUsd: 0,
    outputNanoUsd: 0,
    webSearchNanoUsd: 0,
    tokens: 0,
    rule,
  };
}

export interface ChargedCall {
  readonly shape: RequestShape;
  readonly usage: Usage;
  /** Absent when the call is unpriced: it is remembered, and no rows come back. */
  readonly cost: CostBuckets | undefined;
  /** What the server cleared before the model read it. */
  readonly applied?: AppliedEdits | undefined;
  /** Shapes of the response content, see `describeOutput`. */
  readonly output?: readonly BlockShape[] | undefined;
}

/** What the ledger knows of one block. */
interface Entry extends PlacedBlock {
  tokens: number;
  wasRead: boolean;
  /** Whether the call of the moment is the first to count it. */
  isNew: boolean;
  /** Last call that carried the block. */
  seen: number;
  /** Equal blocks met in that call. */
  copies: number;
}

const { max } = Math;
const NOTHING: readonly number[] = [];
const SERVER_SEARCH = 'web_search';
const MIN_BLOCKS_KEPT = 4_096;
/** A copy of a block gets a key of its own at this distance. */
const COPY_STRIDE = 0x1_0000_01;
/** New blocks absorb the counted difference as long as it lies within this factor of their estimate. */
const PLAUSIBLE_FACTOR = 3;
/** Below this a count is none. */
const LEAST_TOKENS = 0.001;

export class Ledger {
  readonly #entries = new Map<number, Entry>();
  readonly #toolNames = new Map<string, string>();
  #call = 0;
  /** Blocks of the last call and their entries: the next call of a conversation begins with the same. */
  #lastBlocks: readonly BlockShape[] = [];
  #lastEntries: readonly Entry[] = [];
  /** Whether the last call held a block twice. */
  #hadCopies = false;

  /** Blocks remembered; stays below the larger of 4,096 and twice the blocks of the last call. */
  get size(): number {
    return this.#entries.size;
  }

  /** Records one answered call and divides its cost. Rows come largest first. */
  charge(call: ChargedCall): ToolCost[] {
    this.#call++;
    const { usage } = call;
    const shape = carriedShape(call.shape, call.applied);
    const entries = this.#entriesOf(shape.blocks);
    const hidden = calibrate(entries, shape, usage);
    const rows = placeInPrefix(entries, usage, hidden);
    for (let index = 0; index < entries.length; index++) (entries[index] as Entry).wasRead = true;
    this.#expectOutput(call.output ?? [], usage);
    this.#prune(shape.blocks.length);
    return call.cost === undefined ? [] : divideCost(rows, usage, call.cost);
  }

  /** Loops by index: this is done for each block of the context in each call, most often by code that is not hot. */
  #entriesOf(blocks: readonly BlockShape[]): Entry[] {
    const entries: Entry[] = [];
    let isSame = !this.#hadCopies;
    this.#hadCopies = false;
    for (let index = 0; index < blocks.length; index++) {
      const block = blocks[index] as BlockShape;
      isSame = isSame && block === this.#lastBlocks[index];
      const entry = isSame ? this.#seeAgain(block, this.#lastEntries[index] as Entry) : this.#find(block);
      // A call that counted nothing leaves nothing to scale by: back to the estimate.
      entry.isNew = entry.isNew || entry.tokens <= LEAST_TOKENS;
      if (entry.isNew) entry.tokens = max(block.tokens, LEAST_TOKENS);
      entries.push(entry);
    }
    this.#lastBlocks = blocks;
    this.#lastEntries = entries;
    return entries;
  }

  #seeAgain(block: BlockShape, entry: Entry): Entry {
    if (block.kind === 'tool_use') this.#name(block);
    entry.seen = this.#call;
    entry.copies = 0;
    entry.isNew = false;
    return entry;
  }

  /** The entry of the block; whether it is new in this call is set. */
  #find(block: BlockShape): Entry {
    let key = block.hash;
    let entry = this.#entries.get(key);
    if (entry?.seen === this.#call) {
      this.#hadCopies = true;
      entry.copies++;
      key += entry.copies * COPY_STRIDE;
      entry = this.#entries.get(key);
    }
    if (entry !== undefined) return this.#seeAgain(block, entry);
    if (block.kind === 'tool_use') this.#name(block);
    const owner = block.owner ?? this.#toolNames.get(block.toolUseId ?? '') ?? PSEUDO_TOOLS.unknown;
    const fresh = { owner, tokens: block.tokens, wasRead: false, isNew: true, seen: this.#call, copies: 0 };
    this.#entries.set(key, fresh);
    return fresh;
  }

  #name(block: BlockShape): void {
    if (block.toolUseId !== undefined && block.owner !== undefined)
      this.#toolNames.set(block.toolUseId, block.owner);
  }

  /** The answer will be read as history: its tokens are known from the counted output. */
  #expectOutput(output: readonly BlockShape[], usage: Usage): void {
    let thinking = 0;
    let spoken = 0;
    for (const block of output) {
      if (block.kind === 'thinking') thinking += block.tokens;
      else spoken += block.tokens;
    }
    for (const block of output) {
      if (block.kind === 'tool_use') this.#name(block);
      if (this.#entries.has(block.hash)) continue;
      const [counted, estimated] =
        block.kind === 'thinking' ? [usage.thinking, thinking] : [usage.output - usage.thinking, spoken];
      const tokens = counted > 0 && estimated > 0 ? (block.tokens * counted) / estimated : block.tokens;
      const owner = block.owner ?? this.#toolNames.get(block.toolUseId ?? '') ?? PSEUDO_TOOLS.unknown;
      this.#entries.set(block.hash, {
        owner,
        tokens,
        wasRead: false,
        isNew: true,
        seen: this.#call,
        copies: 0,
      });
    }
  }

  /** Forgets blocks that have left the context, oldest calls first, once there are too many. */
  #prune(carried: number): void {
    const limit = max(MIN_BLOCKS_KEPT, 2 * carried);
    if (this.#entries.size > limit) {
      for (const [key, entry] of this.#entries) if (entry.seen < this.#call) this.#entries.delete(key);
    }
    for (const id of this.#toolNames.keys()) {
      if (this.#toolNames.size <= limit) break;
      this.#toolNames.delete(id);
    }
  }
}

/**
 * Sets the tokens of the entries so that they sum to the counted input. What was cached and what was not
 * are counted apart by the API, so the blocks up to the last breakpoint and those after it are
 * scaled apart. Returns tokens that belong to no block of the request.
 */
function calibrate(entries: readonly Entry[], shape: RequestShape, usage: Usage): number {
  const total = inputTotal(usage);
  const cached = total - usage.input;
  const cachedBlocks = (shape.breakpoints.at(-1)?.block ?? -1) + 1;
  if (shape.hasHiddenContext) {
    let visible = 0;
    for (const entry of entries) visible += entry.tokens;
    if (total > visible * PLAUSIBLE_FACTOR) return total - visible;
  }
  const isSplit = cached > 0 && usage.input > 0 && cachedBlocks > 0 && cachedBlocks < entries.length;
  if (!isSplit) {
    calibrateSegment(entries, 0, entries.length, total);
    return entries.length === 0 ? total : 0;
  }
  calibrateSegment(entries, 0, cachedBlocks, cached);
  calibrateSegment(entries, cachedBlocks, entries.length, usage.input);
  return 0;
}

function calibrateSegment(entries: readonly Entry[], from: number, to: number, counted: number): void {
  let known = 0;
  let fresh = 0;
  for (let index = from; index < to; index++) {
    const { tokens, isNew } = entries[index] as Entry;
    if (isNew) fresh += tokens;
    else known += tokens;
  }
  if (known + fresh <= 0) return;
  const ratio = fresh > 0 ? (counted - known) / fresh : 0;
  const isPlausible = known > 0 && ratio > 1 / PLAUSIBLE_FACTOR && ratio < PLAUSIBLE_FACTOR;
  const scale = counted / (known + fresh);
  for (let index = from; index < to; index++) {
    const entry = entries[index] as Entry;
    if (!isPlausible) entry.tokens *= scale;
    else if (entry.isNew) entry.tokens *= ratio;
  }
}

function divideCost(byOwner: Map<string, Row>, usage: Usage, cost: CostBuckets): ToolCost[] {
  const inputCost = cost.input + cost.cacheRead + cost.cacheWrite5m + cost.cacheWrite1h;
  if (byOwner.size === 0 && inputCost > 0) rowOf(byOwner, PSEUDO_TOOLS.unknown).tokens = inputTotal(usage);
  const rows = [...byOwner.values()];
  const weights = weightsOf(rows, 'tokens');
  // Most calls pay for two or three buckets; nothing is not divided.
  const share = (amount: number, part: 'read' | 'write5m' | 'write1h'): readonly number[] =>
    amount === 0 ? NOTHING : shareBySize(amount, weightsOf(rows, part), weights);
  const read = share(cost.cacheRead, 'read');
  const write5m = share(cost.cacheWrite5m, 'write5m');
  const write1h = share(cost.cacheWrite1h, 'write1h');
  const input = cost.input === 0 ? NOTHING : divideInput(rows, cost.input, weights);
  const tokens = shareOut(inputTotal(usage), weights);

  const costs: ToolCost[] = [];
  for (let index = 0; index < rows.length; index++) {
    const firstReadNanoUsd = input[2 * index] ?? 0;
    const carryNanoUsd = input[2 * index + 1] ?? 0;
    const cacheReadNanoUsd = read[index] ?? 0;
    const cacheWriteNanoUsd = (write5m[index] ?? 0) + (write1h[index] ?? 0);
    const costNanoUsd = firstReadNanoUsd + carryNanoUsd + cacheReadNanoUsd + cacheWriteNanoUsd;
    costs.push({
      tool: (rows[index] as Row).owner,
      costNanoUsd,
      firstReadNanoUsd,
      cacheWriteNanoUsd,
      cacheReadNanoUsd,
      carryNanoUsd,
      outputNanoUsd: 0,
      webSearchNanoUsd: 0,
      tokens: tokens[index] ?? 0,
      rule: 'prefix',
    });
  }
  addCounted(costs, PSEUDO_TOOLS.output, cost.output, 0, usage.output);
  addCounted(costs, SERVER_SEARCH, 0, cost.webSearch, 0);
  return costs
    .filter((row) => row.costNanoUsd !== 0 || row.tokens !== 0)
    .sort((a, b) => b.costNanoUsd - a.costNanoUsd);
}

function weightsOf(rows: readonly Row[], part: 'tokens' | 'read' | 'write5m' | 'write1h'): number[] {
  const weights: number[] = [];
  for (let index = 0; index < rows.length; index++) weights.push((rows[index] as Row)[part]);
  return weights;
}

function hasWeight(weights: readonly number[]): boolean {
  for (let index = 0; index < weights.length; index++) if ((weights[index] as number) > 0) return true;
  return false;
}

/** A bucket that was paid but whose tokens no block was found in (server loops) goes by size. */
function shareBySize(amount: number, counted: readonly number[], sizes: readonly number[]): number[] {
  return shareOut(amount, hasWeight(counted) ? counted : sizes.map((size) => max(size, 1e-9)));
}

/** For each row two shares: what was read for the first time, and what was carried. */
function divideInput(rows: readonly Row[], amount: number, sizes: readonly number[]): readonly number[] {
  const uncached: number[] = [];
  for (let index = 0; index < rows.length; index++) {
    const { first, carry } = rows[index] as Row;
    uncached.push(first, carry);
  }
  if (hasWeight(uncached)) return shareOut(amount, uncached);
  return shareBySize(amount, uncached, sizes).flatMap((share) => [share, 0]);
}

/** Adds a part that is known to the nano-dollar: to the row of its tool if there is one. */
function addCounted(
  costs: ToolCost[],
  tool: string,
  outputNanoUsd: number,
  webSearchNanoUsd: number,
  tokens: number,
): void {
  const amount = outputNanoUsd + webSearchNanoUsd;
  if (amount === 0 && tokens === 0) return;
  const index = costs.findIndex((row) => row.tool === tool);
  const row = costs[index] ?? emptyToolCost(tool, 'counted');
  const sum: ToolCost = {
    ...row,
    costNanoUsd: row.costNanoUsd + amount,
    outputNanoUsd: row.outputNanoUsd + outputNanoUsd,
    webSearchNanoUsd: row.webSearchNanoUsd + webSearchNanoUsd,
    tokens: row.tokens + tokens,
    rule: index === -1 ? 'counted' : 'mixed',
  };
  if (index === -1) costs.push(sum);
  else costs[index] = sum;
}

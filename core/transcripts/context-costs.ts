// Context costs of a transcript: what each run paid for keeping the results of each tool, the instructions (CLAUDE.md),
// tool definitions and the rest in its context. A chain is the conversation or one sub-agent; its context goes on from
// run to run until a compaction. How the input of a call is divided is an estimate from lengths; the parts of a run sum
// to what its calls cost, to the nano-dollar.

import { PSEUDO_TOOLS } from '../attribution/block-shape.ts';
import { emptyToolCost, type ToolCost } from '../attribution/attribution.ts';
import { shareOut } from '../attribution/share-out.ts';
import { estimateTextTokens } from '../attribution/token-estimate.ts';
import type { CostBuckets } from '../pricing/cost.ts';
import { inputTotal, type Usage } from '../pricing/usage.ts';

const SERVER_SEARCH = 'web_search';
/** What stays in the context when a summary takes the place of the rest. */
const LASTING: ReadonlySet<string> = new Set([
  PSEUDO_TOOLS.system,
  PSEUDO_TOOLS.tools,
  PSEUDO_TOOLS.instructions,
]);
/** What is new absorbs the counted difference as long as it lies within this factor of its estimate. */
const PLAUSIBLE_FACTOR = 3;

/** One thing that a chain says of its context, in order. */
export type ContextStep =
  | { readonly kind: 'part'; readonly owner: string; readonly chars: number }
  | { readonly kind: 'result'; readonly toolUseId: string; readonly chars: number }
  /** With the run that its line belongs to; the call may turn out to be another's. */
  | { readonly kind: 'call'; readonly key: string; readonly run: string }
  | { readonly kind: 'compaction' };

/** What a call counted, and what its answer leaves in the context. */
export interface ContextCall {
  readonly usage: Usage;
  /** Absent where it has no price. */
  readonly cost: CostBuckets | undefined;
  readonly uses: readonly { readonly tool: string; readonly chars: number }[];
}

type Weights = Map<string, number>;

export class ChainContext {
  /** Tokens that calls have carried already, by owner. */
  readonly #carried: Weights = new Map();
  /** Tokens that the next call is the first to carry. */
  readonly #fresh: Weights = new Map();

  add(owner: string, chars: number): void {
    add(this.#fresh, owner, estimateTextTokens(chars));
  }

  compact(): void {
    for (const owner of this.#carried.keys()) if (!LASTING.has(owner)) this.#carried.delete(owner);
    this.#fresh.clear();
  }

  /** What the call paid by owner; empty where it has no price. */
  charge({ usage, cost, uses }: ContextCall): ToolCost[] {
    this.#calibrate(inputTotal(usage));
    const rows = cost === undefined ? [] : this.#divide(usage, cost);
    for (const [owner, tokens] of this.#fresh) add(this.#carried, owner, tokens);
    this.#fresh.clear();
    let spoken = Math.max(0, usage.output - usage.thinking);
    for (const { tool, chars } of uses) {
      const tokens = Math.min(spoken, estimateTextTokens(chars));
      add(this.#fresh, tool, tokens);
      spoken -= tokens;
    }
    add(this.#fresh, PSEUDO_TOOLS.history, spoken);
    return rows;
  }

  /** Who has something in the context, or answers. */
  owners(): string[] {
    return [...new Set([...this.#carried.keys(), ...this.#fresh.keys(), PSEUDO_TOOLS.output, SERVER_SEARCH])];
  }

  /** Makes what is carried and what is new the counted input together. */
  #calibrate(total: number): void {
    const carried = sum(this.#carried);
    const fresh = sum(this.#fresh);
    const left = total - carried;
    const ratio = fresh > 0 ? left / fresh : 0;
    if (ratio >= 1 / PLAUSIBLE_FACTOR && ratio <= PLAUSIBLE_FACTOR) scale(this.#fresh, ratio);
    else if (left > fresh)
      // Transcripts of older versions hold neither the system prompt nor the definitions of tools.
      add(this.#fresh, carried === 0 ? PSEUDO_TOOLS.system : PSEUDO_TOOLS.unknown, left - fresh);
    else {
      // Something has left the context.
      const kept = Math.max(0, total - fresh);
      if (carried > 0) scale(this.#carried, kept / carried);
      if (kept === 0 && fresh > 0) scale(this.#fresh, total / fresh);
    }
  }

  /** The cache covers the prefix: what lasts comes first, then what was carried, then what is new. */
  #divide(usage: Usage, cost: CostBuckets): ToolCost[] {
    const owners = [...new Set([...this.#carried.keys(), ...this.#fresh.keys()])];
    const tiers = [
      owners.map((owner) => (LASTING.has(owner) ? (this.#carried.get(owner) ?? 0) : 0)),
      owners.map((owner) => (LASTING.has(owner) ? 0 : (this.#carried.get(owner) ?? 0))),
      owners.map((owner) => this.#fresh.get(owner) ?? 0),
    ];
    const all = owners.map((_, index) => tiers.reduce((total, tier) => total + (tier[index] ?? 0), 0));
    const read = owners.map(() => 0);
    let left = usage.cacheRead;
    for (const tier of tiers) {
      const size = tier.reduce((total, tokens) => total + tokens, 0);
      const share = size === 0 ? 0 : Math.min(1, left / size);
      left -= size * share;
      tier.forEach((tokens, index) => {
        read[index] = (read[index] ?? 0) + tokens * share;
        tier[index] = tokens * (1 - share);
      });
    }
    const carried = owners.map((_, index) => (tiers[0]?.[index] ?? 0) + (tiers[1]?.[index] ?? 0));
    const fresh = tiers[2] ?? [];
    const unread = owners.map((_, index) => (carried[index] ?? 0) + (fresh[index] ?? 0));
    const by = (amount: number, weights: readonly number[]): readonly number[] =>
      shareOut(amount, [weights, all].find(hasWeight) ?? owners.map(() => 1));
    const reads = by(cost.cacheRead, read);
    const writes = by(cost.cacheWrite5m + cost.cacheWrite1h, unread);
    const inputs = by(cost.input, unread);
    const tokens = by(inputTotal(usage), all);
    const rows = owners.map((owner, index) => {
      const input = inputs[index] ?? 0;
      const isFirst = (carried[index] ?? 0) === 0;
      return rowOf(owner, {
        firstReadNanoUsd: isFirst ? input : 0,
        carryNanoUsd: isFirst ? 0 : input,
        cacheReadNanoUsd: reads[index] ?? 0,
        cacheWriteNanoUsd: writes[index] ?? 0,
        tokens: tokens[index] ?? 0,
      });
    });
    if (owners.length === 0)
      rows.push(
        rowOf(PSEUDO_TOOLS.unknown, {
          firstReadNanoUsd: cost.input,
          cacheReadNanoUsd: cost.cacheRead,
          cacheWriteNanoUsd: cost.cacheWrite5m + cost.cacheWrite1h,
          tokens: inputTotal(usage),
        }),
      );
    rows.push(rowOf(PSEUDO_TOOLS.output, { outputNanoUsd: cost.output, tokens: usage.output }, 'counted'));
    if (cost.webSearch > 0)
      rows.push(rowOf(SERVER_SEARCH, { webSearchNanoUsd: cost.webSearch, tokens: 0 }, 'counted'));
    return rows.filter((row) => row.costNanoUsd !== 0 || row.tokens !== 0);
  }
}

/** Adds a row to those of a run; its tokens are the most of one call. */
export function addToolCost(rows: Map<string, ToolCost>, row: ToolCost): void {
  const before = rows.get(row.tool);
  rows.set(
    row.tool,
    before === undefined
      ? row
      : {
          tool: row.tool,
          costNanoUsd: before.costNanoUsd + row.costNanoUsd,
          firstReadNanoUsd: before.firstReadNanoUsd + row.firstReadNanoUsd,
          cacheWriteNanoUsd: before.cacheWriteNanoUsd + row.cacheWriteNanoUsd,
          cacheReadNanoUsd: before.cacheReadNanoUsd + row.cacheReadNanoUsd,
          carryNanoUsd: before.carryNanoUsd + row.carryNanoUsd,
          outputNanoUsd: before.outputNanoUsd + row.outputNanoUsd,
          webSearchNanoUsd: before.webSearchNanoUsd + row.webSearchNanoUsd,
          tokens: Math.max(before.tokens, row.tokens),
          rule: before.rule === row.rule ? row.rule : 'mixed',
        },
  );
}

type Parts = Partial<Omit<ToolCost, 'tool' | 'costNanoUsd' | 'rule'>>;

function rowOf(tool: string, parts: Parts, rule: ToolCost['rule'] = 'prefix'): ToolCost {
  const { tokens: _, ...amounts } = parts;
  const costNanoUsd = Object.values(amounts).reduce((total, part) => total + part, 0);
  return { ...emptyToolCost(tool, rule), ...parts, costNanoUsd };
}

function hasWeight(weights: readonly number[]): boolean {
  return weights.some((weight) => weight > 0);
}

function add(weights: Weights, owner: string, tokens: number): void {
  if (tokens > 0) weights.set(owner, (weights.get(owner) ?? 0) + tokens);
}

function sum(weights: Weights): number {
  let total = 0;
  for (const tokens of weights.values()) total += tokens;
  return total;
}

function scale(weights: Weights, factor: number): void {
  for (const [owner, tokens] of weights) weights.set(owner, tokens * factor);
}

// Blocks: the five hours for which a plan of Claude counts use. A block begins with the hour of the first call after
// the one before has ended.

import { HOUR_MS, MINUTE_MS } from '../time/time.ts';
import { sumUsage, totalTokens, type UsageGroup, type UsageRow } from './usage-row.ts';

export const BLOCK_MS = 5 * HOUR_MS;

export interface UsageBlock extends UsageGroup {
  /** Unix milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** Whether it goes on. */
  readonly isActive: boolean;
  /** What is used while it is; absent in less than a minute. */
  readonly burn?: { readonly tokensPerMinute: number; readonly nanoUsdPerHour: number };
  /** What it comes to when it goes on as it did so far; of the active one. */
  readonly projection?: { readonly tokens: number; readonly costNanoUsd: number; readonly leftMs: number };
}

/** The blocks of the rows, in order. */
export function usageByBlock(rows: readonly UsageRow[], nowMs: number): UsageBlock[] {
  const sorted = rows.toSorted((a, b) => a.atMs - b.atMs);
  const blocks: UsageBlock[] = [];
  for (let from = 0; from < sorted.length;) {
    const firstMs = (sorted[from] as UsageRow).atMs;
    const startMs = Math.floor(firstMs / HOUR_MS) * HOUR_MS;
    let to = from;
    while (to < sorted.length && (sorted[to] as UsageRow).atMs < startMs + BLOCK_MS) to++;
    blocks.push(blockOf(sorted.slice(from, to), startMs, nowMs));
    from = to;
  }
  return blocks;
}

function blockOf(rows: readonly UsageRow[], startMs: number, nowMs: number): UsageBlock {
  const group = sumUsage(rows);
  const endMs = startMs + BLOCK_MS;
  const isActive = nowMs >= startMs && nowMs < endMs;
  // Its rows are of minutes: the last one has gone on until the next.
  const begunMs = rows[0]?.atMs ?? startMs;
  const usedMs = Math.max(isActive ? nowMs : (rows.at(-1)?.atMs ?? startMs) + MINUTE_MS, begunMs) - begunMs;
  const block = { ...group, startMs, endMs, isActive };
  if (usedMs < MINUTE_MS) return block;
  const tokens = totalTokens(group.sums);
  const burn = {
    tokensPerMinute: (tokens / usedMs) * MINUTE_MS,
    nanoUsdPerHour: Math.round((group.sums.costNanoUsd / usedMs) * HOUR_MS),
  };
  if (!isActive) return { ...block, burn };
  const leftMs = endMs - nowMs;
  return {
    ...block,
    burn,
    projection: {
      tokens: Math.round(tokens + (burn.tokensPerMinute * leftMs) / MINUTE_MS),
      costNanoUsd: Math.round(group.sums.costNanoUsd + (burn.nanoUsdPerHour * leftMs) / HOUR_MS),
      leftMs,
    },
  };
}

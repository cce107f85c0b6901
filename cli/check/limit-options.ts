// The limits as options of a command.

import { InvalidArgumentError, type Command } from 'commander';
import { NANO_USD_PER_USD } from '../../core/money.ts';
import type { Limits } from '../../core/scores/limits.ts';
import { parseDurationMs } from '../options.ts';

export interface LimitCliOptions {
  readonly maxCost?: number;
  readonly maxCostPerRun?: number;
  readonly maxTurns?: number;
  readonly maxDuration?: number;
  readonly minCacheHit?: number;
  readonly maxToolFailures?: number;
  readonly maxFailedRuns?: number;
  readonly maxSilentFailures?: number;
}

/** `$0.05` or `0.05` as nano-USD. */
export function parseMoney(text: string): number {
  const match = /^\$?(\d+(?:\.\d+)?|\.\d+)$/.exec(text.trim());
  const usd = Number(match?.[1] ?? Number.NaN);
  if (!(usd <= 1e6)) throw new InvalidArgumentError(`"${text}" is no amount; write '$0.05' or 0.05.`);
  return Math.round(usd * NANO_USD_PER_USD);
}

/** `60` or `60%` as a ratio. */
export function parsePercent(text: string): number {
  const percent = /^\d+(\.\d+)?\s*%?$/.test(text.trim()) ? Number.parseFloat(text) : Number.NaN;
  if (!(percent <= 100)) throw new InvalidArgumentError(`"${text}" is no share; write 60 or 60%.`);
  return percent / 100;
}

/** A whole number from 0 up. */
function parseWhole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError(`"${text}" is no whole number.`);
  return Number(text);
}

/** Adds the options that set limits. */
export function withLimitOptions(command: Command): Command {
  return command
    .option('--max-cost <amount>', 'of all runs together, such as $0.05', parseMoney)
    .option('--max-cost-per-run <amount>', 'of each run, with the runs in it', parseMoney)
    .option('--max-turns <n>', 'model calls of each run', parseWhole)
    .option('--max-duration <time>', 'of each run, such as 90s', parseDurationMs)
    .option('--min-cache-hit <percent>', 'share of input read from the cache, such as 60', parsePercent)
    .option('--max-tool-failures <n>', 'tool calls that failed', parseWhole)
    .option('--max-failed-runs <n>', 'runs that did not end ok', parseWhole)
    .option('--max-silent-failures <n>', 'what went wrong without an error', parseWhole);
}

export function limitsOf(options: LimitCliOptions): Limits {
  return {
    maxCostNanoUsd: options.maxCost,
    maxCostPerRunNanoUsd: options.maxCostPerRun,
    maxTurns: options.maxTurns,
    maxDurationMs: options.maxDuration,
    minCacheHitRatio: options.minCacheHit,
    maxToolFailures: options.maxToolFailures,
    maxFailedRuns: options.maxFailedRuns,
    maxSilentFailures: options.maxSilentFailures,
  };
}

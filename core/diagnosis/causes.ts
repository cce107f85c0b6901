// Causes: names for parts of a difference. A cause takes the atoms that evidence shows to be its doing
// and is named only when its dollars matter and are more than chance; everything else stays unexplained.

import type { CacheMissCause } from '../attribution/cache-forensics.ts';
import {
  chanceOfRunCosts,
  chanceOfRunCount,
  chanceOfRunMix,
  hourShareOf,
  isOtherShare,
  searchesPerCall,
  shareOf,
  uncachedShareOf,
  type Measures,
} from './measures.ts';
import { PSEUDO_TOOLS } from '../attribution/block-shape.ts';
import { isBreak, isInputSize, isMix, isOutput, isOwnedBy, isPart, isSizeOf } from './labels.ts';
import type { OutlierRun } from './outliers.ts';
import { ALL_OWNERS } from './period.ts';
import type { AtomPool } from './pool.ts';
import type { AtomLabel } from './split.ts';

export type CauseKind =
  | 'price_changed'
  | 'tier_changed'
  | 'model_changed'
  | 'ttl_changed'
  | 'caching_off'
  | `cache_${Exclude<CacheMissCause, 'caching_off'>}`
  | 'compaction'
  | 'outlier_run'
  | 'user_dominates'
  | 'tool_failing'
  | 'web_search'
  | 'output_grew'
  | 'tool_results_grew'
  | 'system_prompt_grew'
  | 'tool_definitions_grew'
  | 'user_input_grew'
  | 'history_grew'
  | 'input_grew'
  | 'more_turns'
  | 'more_runs'
  | 'workload_changed';

/** A cause before it is put into words. */
export interface FoundCause {
  readonly kind: CauseKind;
  readonly nanoUsd: number;
  /** Tool, user, model or run that it is about. */
  readonly subject?: string | undefined;
  /** Where the cause is one. */
  readonly outlier?: OutlierRun | undefined;
}

export interface PeriodComparison {
  /** Without outliers. */
  readonly before: Measures;
  readonly after: Measures;
  /** Of all runs, outliers included; the earlier ones scaled. */
  readonly beforeCostNanoUsd: number;
  readonly afterCostNanoUsd: number;
  readonly beforeRuns: number;
  readonly afterRuns: number;
  readonly scale: number;
  /** Which way the first calls of runs changed in size by more than chance; 0 for none. */
  readonly openings: -1 | 0 | 1;
}

/** Causes below this share of the more expensive period are not worth a line. */
const LEAST_SHARE = 0.01;
/** Causes without a mark of their own in the events must be above this share as well as above chance. */
const LEAST_STATISTICAL_SHARE = 0.02;
/** A share of calls or tokens that moved by this much is a change of setting. */
const SETTING_SHARE = 0.2;
/** Results of a tool that grew by less have not grown. */
const GROWN_SHARE = 0.1;
/** User input whose mean length differs by less is the same. */
const SAME_SHARE = 0.02;
/** Of the growth of all input, what is of no known part must be matched by this share to be growth. */
const LEAST_SHARE_OF_INPUT = 0.5;
const OWNER_KINDS = new Map<string, CauseKind>([
  ['(system)', 'system_prompt_grew'],
  ['(tools)', 'tool_definitions_grew'],
  ['(user)', 'user_input_grew'],
  ['(history)', 'history_grew'],
  // Where calls were reported without their requests, nobody knows which part of the input it was.
  [ALL_OWNERS, 'input_grew'],
  [PSEUDO_TOOLS.unknown, 'input_grew'],
]);

/** What the first call of a run carries: counted as one. */
const OPENING_OWNERS = ['(tools)', '(system)', '(user)'] as const;

/** Takes from the pool what each cause accounts for. The specific ones come first; order is not rank. */
export function findCauses(
  pool: AtomPool,
  comparison: PeriodComparison,
  dominantUsers: ReadonlySet<string>,
): FoundCause[] {
  const finder = new CauseFinder(pool, comparison);
  finder.findPriceCauses();
  finder.findCacheCauses();
  for (const user of dominantUsers) finder.findUser(user);
  finder.findFailingTool();
  finder.findWebSearch();
  finder.findOutput();
  finder.findGrowth();
  finder.findCounts();
  return finder.causes;
}

class CauseFinder {
  readonly causes: FoundCause[] = [];
  readonly #pool: AtomPool;
  readonly #comparison: PeriodComparison;
  /** Nano-USD that a cause with evidence of its own must reach. */
  readonly #least: number;
  /** Nano-USD that a cause without must reach. */
  readonly #leastByChance: number;

  constructor(pool: AtomPool, comparison: PeriodComparison) {
    this.#pool = pool;
    this.#comparison = comparison;
    const { before, after, scale } = comparison;
    const costlier = Math.max(comparison.afterCostNanoUsd, comparison.beforeCostNanoUsd);
    this.#least = costlier * LEAST_SHARE;
    this.#leastByChance = Math.max(
      costlier * LEAST_STATISTICAL_SHARE,
      chanceOfRunCosts(before, after, scale),
    );
  }

  /** Names a cause and takes its atoms if they are worth at least `least`. */
  #name(kind: CauseKind, least: number, matches: (label: AtomLabel) => boolean, subject?: string): boolean {
    if (Math.abs(this.#pool.peek(matches)) < Math.max(least, 1)) return false;
    this.causes.push({ kind, nanoUsd: this.#pool.take(matches), subject });
    return true;
  }

  findPriceCauses(): void {
    const { before, after } = this.#comparison;
    const isOtherTier = [...new Set([...before.tiers.keys(), ...after.tiers.keys()])].some((tier) =>
      isOtherShare(shareOf(before, before.tiers.get(tier) ?? 0), shareOf(after, after.tiers.get(tier) ?? 0)),
    );
    const isOtherRow = [...after.priceRows].some((row) => !before.priceRows.has(row));
    const isPrice = isPart('price');
    if (isOtherTier) this.#name('tier_changed', this.#least, isPrice);
    else if (isOtherRow) this.#name('price_changed', this.#least, isPrice);
    const moved = moveOfModels(before, after);
    if (moved !== undefined) this.#name('model_changed', this.#least, isPart('model_mix'), moved);
  }

  findCacheCauses(): void {
    const { before, after } = this.#comparison;
    const writesBoth =
      before.tokensWritten1h + before.tokensWritten5m > 0 &&
      after.tokensWritten1h + after.tokensWritten5m > 0;
    const isOtherLifetime = writesBoth && Math.abs(hourShareOf(after) - hourShareOf(before)) > SETTING_SHARE;
    if (isOtherLifetime)
      this.#name('ttl_changed', this.#least, (label) => isMix(label) || isBreak('ttl_expired')(label));
    if (Math.abs(uncachedShareOf(after) - uncachedShareOf(before)) > SETTING_SHARE)
      this.#name('caching_off', this.#least, (label) => isMix(label) || isBreak('caching_off')(label));
    for (const cause of this.#pool.valuesOf((label) => label.cause)) {
      if (cause === 'unknown' || cause === 'caching_off') continue;
      // Fewer expired caches are the other side of dearer writes: alone they would tell half of it.
      if (cause === 'ttl_expired' && isOtherLifetime) continue;
      const counts = (m: Measures): [number, number] => shareOf(m, m.callsByCacheCause.get(cause) ?? 0);
      if (isOtherShare(counts(before), counts(after)))
        this.#name(`cache_${cause as Exclude<CacheMissCause, 'caching_off'>}`, this.#least, isBreak(cause));
    }
    if (isOtherShare(shareOf(before, before.compactedCalls), shareOf(after, after.compactedCalls)))
      this.#name('compaction', this.#least, isPart('compaction'));
  }

  /** A user who stands out accounts for the size of that user's runs too, not for what happened to everybody. */
  findUser(user: string): void {
    const own = new Set<AtomLabel['part']>([
      'user_mix',
      'turns_per_run',
      'tokens',
      'tool_carry',
      'web_search',
    ]);
    this.#name(
      'user_dominates',
      this.#leastByChance / 2,
      (label) => label.user === user && own.has(label.part),
      user,
    );
  }

  findFailingTool(): void {
    const { before, after } = this.#comparison;
    const tool = toolThatFails(before, after);
    if (tool === undefined) return;
    const hasGrown = hasToolGrown(tool, before, after);
    const isFailure = isPart('failures_and_retries');
    const repeats = Math.abs(this.#pool.peek(isFailure));
    const output = Math.abs(this.#pool.peek(isOutput));
    // The errors are carried on, and so is what the model said when it tried again.
    this.#name(
      'tool_failing',
      this.#least,
      (label) =>
        isFailure(label) ||
        (!hasGrown && isOwnedBy(tool)(label)) ||
        (output < repeats * GROWN_SHARE && isOwnedBy('(history)')(label)),
      tool,
    );
  }

  findWebSearch(): void {
    const { before, after } = this.#comparison;
    const [earlier, later] = [before, after].map(searchesPerCall) as [number, number];
    // A tool of the agent's own may have this name too: without searches there is nothing to say of them.
    if (Math.abs(later - earlier) <= 0.01 * Math.max(later, earlier)) return;
    this.#name(
      'web_search',
      this.#least,
      (label) => label.part === 'web_search' || isOwnedBy('web_search')(label),
      'web_search',
    );
  }

  /** What was said once more is carried on as history. */
  findOutput(): void {
    if (Math.abs(this.#pool.peek(isOutput)) < this.#leastByChance / 2) return;
    const sign = Math.sign(this.#pool.peek(isOutput));
    const isFollowed = Math.sign(this.#pool.peek(isOwnedBy('(history)'))) === sign;
    this.#name(
      'output_grew',
      this.#leastByChance / 2,
      (label) => isOutput(label) || (isFollowed && isOwnedBy('(history)')(label)),
    );
  }

  /** Growth of what calls carry. Tokens that only moved to another bucket are no growth of their owner. */
  findGrowth(): void {
    const { before, after } = this.#comparison;
    const inputGrown = this.#pool.peek(isInputSize);
    this.#findOpeningGrowth();
    const owners = this.#pool.valuesOf((label) => (label.via === 'size' ? label.owner : undefined));
    for (const owner of owners) {
      const grown = this.#pool.peek(isSizeOf(owner));
      const moved = this.#pool.peek(isOwnedBy(owner)) - grown;
      if (Math.abs(moved) > Math.abs(grown)) continue;
      const kind = OWNER_KINDS.get(owner);
      // Input whose parts are known in one of the times only has not shrunk in the other.
      if (kind === 'input_grew' && inputGrown / grown < LEAST_SHARE_OF_INPUT) continue;
      if (kind !== undefined) this.#name(kind, this.#leastByChance, isOwnedBy(owner));
      else if (!owner.startsWith('('))
        // Known to have grown by its own lengths, or by enough dollars to be no chance.
        this.#name(
          'tool_results_grew',
          hasToolGrown(owner, before, after) ? this.#leastByChance / 2 : this.#leastByChance,
          isOwnedBy(owner),
          owner,
        );
    }
  }

  /**
   * System prompt, tool definitions and user text are first counted together, so their shares are guesses
   * until hashes tell which of them is the same as before: then the growth belongs to the other ones.
   */
  #findOpeningGrowth(): void {
    const { before, after } = this.#comparison;
    const sizes = OPENING_OWNERS.map((owner) => ({
      owner,
      size: Math.abs(this.#pool.peek(isSizeOf(owner))),
    }));
    const isSame = (owner: string): boolean => isSamePart(owner, before, after);
    const changed = sizes.filter(({ owner }) => !isSame(owner)).toSorted((a, b) => b.size - a.size);
    const [main] = changed;
    const kind = main === undefined ? undefined : OWNER_KINDS.get(main.owner);
    if (main === undefined || kind === undefined) return;
    const belongs = sizes
      .filter(({ owner, size }) => owner === main.owner || isSame(owner) || size < main.size * GROWN_SHARE)
      .map(({ owner }) => isOwnedBy(owner));
    // Of prompts and definitions, another hash and other first calls are evidence: what runs cost need not be beyond chance.
    const isSeen =
      main.owner !== '(user)' &&
      this.#comparison.openings === Math.sign(this.#pool.peek(isSizeOf(main.owner)));
    const least = isSeen ? this.#least : this.#leastByChance;
    if (main.size >= least) this.#name(kind, least, (label) => belongs.some((matches) => matches(label)));
  }

  findCounts(): void {
    const { before, after, scale } = this.#comparison;
    this.#name('more_turns', this.#leastByChance, isPart('turns_per_run'));
    const least = this.#least * 2;
    this.#name('more_runs', Math.max(chanceOfRunCount(before, after, scale), least), isPart('run_count'));
    this.#name(
      'workload_changed',
      Math.max(chanceOfRunMix(before, after, scale), least),
      isPart('workload_mix'),
    );
  }
}

/** Whether a part of the prompt is known to be what it was. */
function isSamePart(owner: string, before: Measures, after: Measures): boolean {
  if (owner === '(user)') {
    const [earlier, later] = [before.meanUserInputLen, after.meanUserInputLen];
    return earlier !== undefined && later !== undefined && Math.abs(later - earlier) <= earlier * SAME_SHARE;
  }
  const [earlier, later] =
    owner === '(system)'
      ? [before.systemPrompts, after.systemPrompts]
      : [before.toolDefinitions, after.toolDefinitions];
  return earlier.size > 0 && [...later].every((hash) => earlier.has(hash));
}

/** The model whose share of the calls grew most, when that is no chance. */
function moveOfModels(before: Measures, after: Measures): string | undefined {
  let best: string | undefined;
  let largest = 0;
  for (const [model, calls] of after.callsByModel) {
    const earlier = before.callsByModel.get(model) ?? 0;
    const growth = calls / after.calls - earlier / Math.max(1, before.calls);
    if (growth > largest && isOtherShare(shareOf(before, earlier), shareOf(after, calls)))
      [best, largest] = [model, growth];
  }
  return best;
}

/** The tool whose failures grew (or shrank) most, when that is no chance. */
function toolThatFails(before: Measures, after: Measures): string | undefined {
  let best: string | undefined;
  let largest = 0;
  for (const [name, tool] of after.tools) {
    const earlier = before.tools.get(name) ?? { calls: 0, failed: 0, meanResultLen: undefined };
    const change = Math.abs(
      tool.failed / tool.calls - (earlier.calls === 0 ? 0 : earlier.failed / earlier.calls),
    );
    const isOther =
      earlier.calls === 0
        ? tool.failed > 0
        : isOtherShare(
            shareOf(before, earlier.failed, earlier.calls),
            shareOf(after, tool.failed, tool.calls),
          );
    if (isOther && change > largest) [best, largest] = [name, change];
  }
  return best;
}

function hasToolGrown(tool: string, before: Measures, after: Measures): boolean {
  const earlier = before.tools.get(tool)?.meanResultLen;
  const later = after.tools.get(tool)?.meanResultLen;
  if (earlier === undefined || later === undefined) return later !== undefined;
  return Math.abs(later - earlier) > GROWN_SHARE * Math.max(earlier, 1);
}

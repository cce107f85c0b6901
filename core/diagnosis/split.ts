// The split: the difference in cost between two periods, divided into atoms that sum to it exactly.
// Cost is a sum of products: runs × calls per run at each place × share of the regime × share of the model
// × tokens of an owner × share of the bucket × price. Each factor gets its share of each product's change.

import { roundToSum } from '../attribution/share-out.ts';
import { addToGroup } from '../group-by.ts';
import {
  cellKey,
  readLeaves,
  regimeKey,
  userOfGroup,
  type Leaf,
  type Leaves,
  type LeafSum,
} from './leaves.ts';
import { INPUT_BUCKETS, type Bucket, type Period } from './period.ts';
import { unitShares } from './product-shares.ts';

/** What an atom of the difference is due to. */
export interface AtomLabel {
  readonly part:
    | 'outlier_run'
    | 'run_count'
    | 'user_mix'
    | 'workload_mix'
    | 'turns_per_run'
    | 'failures_and_retries'
    | 'cache_breaks'
    | 'compaction'
    | 'model_mix'
    | 'price'
    | 'tool_carry'
    | 'tokens'
    | 'web_search'
    | 'other';
  readonly bucket?: Bucket | 'output' | undefined;
  /** `size`: more or fewer tokens; `mix`: the same tokens in another bucket. */
  readonly via?: 'size' | 'mix' | undefined;
  readonly owner?: string | undefined;
  /** Why a cache missed, where the part is `cache_breaks`. */
  readonly cause?: string | undefined;
  readonly model?: string | undefined;
  /** Set where the runs are those of one user who stands out. */
  readonly user?: string | undefined;
  /** The run, where the part is `outlier_run`. */
  readonly run?: string | undefined;
}

export interface Atom {
  readonly label: AtomLabel;
  readonly nanoUsd: number;
}

type State = readonly [before: number, after: number];

interface Side {
  readonly leaves: Leaves;
  readonly scale: number;
}

/** Splits `after` − `scale` × `before`, which is `differenceNanoUsd`; the atoms sum to that to the nano-dollar. */
export function splitDifference(
  before: Period,
  after: Period,
  scale: number,
  dominantUsers: ReadonlySet<string>,
  differenceNanoUsd: number,
): Atom[] {
  const sides = [
    { leaves: readLeaves(before, dominantUsers), scale },
    { leaves: readLeaves(after, dominantUsers), scale: 1 },
  ] as const;
  const ledger = new AtomLedger();
  const growth = growthOf(sides);
  const all = new Map<string, Leaf>();
  for (const side of sides) for (const [key, { leaf }] of side.leaves.leaves) all.set(key, leaf);
  const regimeMoves = new Map<string, RegimeMove[]>();
  for (const [key, leaf] of all) splitLeaf(key, leaf, sides, growth, ledger, regimeMoves);
  for (const moves of regimeMoves.values()) assignRegimeMoves(moves, ledger);
  let explained = 0;
  for (const { value } of ledger.sums.values()) explained += value;
  // Products of floats are off by less than a nano-dollar a term; anything above that is shown, not hidden.
  if (Math.abs(differenceNanoUsd - explained) > 1)
    ledger.add({ part: 'other' }, differenceNanoUsd - explained);
  const entries = [...ledger.sums.values()];
  const rounded = roundToSum(
    differenceNanoUsd,
    entries.map(({ value }) => value),
  );
  const atoms = entries.map(({ label }, index) => ({ label, nanoUsd: rounded[index] ?? 0 }));
  // Nothing on either side: a difference of rounding only.
  if (atoms.length === 0 && differenceNanoUsd !== 0)
    atoms.push({ label: { part: 'other' }, nanoUsd: differenceNanoUsd });
  return atoms;
}

class AtomLedger {
  readonly sums = new Map<string, { label: AtomLabel; value: number }>();

  add(label: AtomLabel, value: number): void {
    if (value === 0) return;
    const key = JSON.stringify(label);
    const sum = this.sums.get(key);
    if (sum === undefined) this.sums.set(key, { label, value });
    else sum.value += value;
  }
}

/** Growth of the number of runs, without the users who stand out. */
function growthOf(sides: readonly [Side, Side]): number {
  const [before, after] = sides.map(({ leaves, scale }) => {
    let runs = 0;
    for (const [group, count] of leaves.runs) if (userOfGroup(group) === undefined) runs += count * scale;
    return runs;
  });
  return before === undefined || before === 0 ? Number.NaN : (after ?? 0) / before;
}

/** The factors of a leaf that all its products share. */
interface Trunk {
  readonly runs: State;
  readonly turns: State;
  readonly regime: State;
  readonly model: State;
}

function splitLeaf(
  key: string,
  leaf: Leaf,
  sides: readonly [Side, Side],
  growth: number,
  ledger: AtomLedger,
  regimeMoves: Map<string, RegimeMove[]>,
): void {
  const runs = both((side) => (sides[side].leaves.runs.get(leaf.group) ?? 0) * sides[side].scale);
  const calls = both((side) => sides[side].leaves.cellCalls.get(cellKey(leaf)) ?? 0);
  const regimeCalls = both((side) => sides[side].leaves.regimeCalls.get(regimeKey(leaf)) ?? 0);
  const sums = [0, 1].map((side) => sides[side as 0 | 1].leaves.leaves.get(key)?.sum);
  const leafCalls = both((side) => sums[side]?.calls ?? 0);
  const groupRuns = both((side) => sides[side].leaves.runs.get(leaf.group) ?? 0);
  const trunk: Trunk = {
    runs,
    turns: ratio(calls, groupRuns),
    regime: ratio(regimeCalls, calls),
    model: ratio(leafCalls, regimeCalls),
  };
  const move: RegimeMove = { leaf, change: trunk.regime[1] - trunk.regime[0], shares: [] };
  const term = (rest: readonly Factor[], price: Factor): void => {
    const factors: Factor[] = [
      { state: trunk.runs, label: { part: 'run_count' } },
      {
        state: trunk.turns,
        label: { part: leaf.kind === 'ordinary' ? 'turns_per_run' : 'failures_and_retries' },
      },
      { state: trunk.regime, label: { part: 'cache_breaks' } },
      { state: trunk.model, label: { part: 'model_mix', model: leaf.model } },
      ...rest,
      price,
    ];
    const units = unitShares(
      factors.map(({ state }) => state[0]),
      factors.map(({ state }) => state[1]),
    );
    factors.forEach(({ state, label }, index) => {
      const unit = units[index] ?? 0;
      const value = (state[1] - state[0]) * unit;
      if (index === 0) splitRuns(leaf.group, state, unit, growth, ledger);
      else if (index === 2) move.shares.push(value);
      else ledger.add(withUser(label, leaf.group), value);
    });
  };
  splitTokens(leaf, sides, sums, term);
  addToGroup(regimeMoves, cellKey(leaf), move);
}

interface Factor {
  readonly state: State;
  readonly label: AtomLabel;
}

const NO_LABEL: AtomLabel = { part: 'other' };

/** Every product of a leaf: input by owner and bucket, output, searches, and what no token explains. */
function splitTokens(
  leaf: Leaf,
  sides: readonly [Side, Side],
  sums: readonly (LeafSum | undefined)[],
  term: (rest: readonly Factor[], price: Factor) => void,
): void {
  const sizes = both2((side) => sizesOf(leaf, sides, sums, side));
  const mixes = both2((side) => sums[side] ?? sides[side].leaves.regimeSums.get(regimeKey(leaf)));
  const owners = new Set<string>();
  for (const sum of [...sizes, ...mixes]) for (const owner of sum?.owners.keys() ?? []) owners.add(owner);
  for (const owner of owners) {
    const part = owner.startsWith('(') ? 'tokens' : 'tool_carry';
    const size = both((side) => perCall(sizes[side], ownerTokens(sizes[side], owner)));
    INPUT_BUCKETS.forEach((bucket, index) => {
      const mix = both((side) => {
        const own = mixes[side];
        const held = ownerTokens(own, owner) > 0 ? own : mixes[1 - side];
        const tokens = ownerTokens(held, owner);
        return tokens === 0 ? 0 : (held?.owners.get(owner)?.[index] ?? 0) / tokens;
      });
      if (mix[0] === 0 && mix[1] === 0) return;
      term(
        [
          { state: size, label: { part, bucket, via: 'size', owner } },
          { state: mix, label: { part, bucket, via: 'mix', owner } },
        ],
        priceOf(leaf, sides, sums, (sum) => [sum.bucketCost[index] ?? 0, sum.bucketTokens[index] ?? 0]),
      );
    });
  }
  const output = both((side) => perCall(sizes[side], sizes[side]?.outputTokens ?? 0));
  term(
    [{ state: output, label: { part: 'tokens', bucket: 'output', via: 'size' } }],
    priceOf(leaf, sides, sums, (sum) => [sum.outputCost, sum.outputTokens]),
  );
  const searches = both((side) => perCall(sizes[side], sizes[side]?.searches ?? 0));
  if (searches[0] !== 0 || searches[1] !== 0)
    term(
      [{ state: searches, label: { part: 'web_search' } }],
      priceOf(leaf, sides, sums, (sum) => [sum.searchCost, sum.searches]),
    );
  const other = both((side) => perCall(sizes[side], sizes[side]?.otherCost ?? 0));
  if (other[0] !== 0 || other[1] !== 0)
    term([{ state: other, label: NO_LABEL }], { state: [1, 1], label: NO_LABEL });
}

/**
 * Whose sizes stand for the leaf in a period that has no such calls: other calls at the same place, so that
 * growth at that place is not taken for an effect of the model or the cache. Compacted calls have sizes of their own.
 */
function sizesOf(
  leaf: Leaf,
  sides: readonly [Side, Side],
  sums: readonly (LeafSum | undefined)[],
  side: 0 | 1,
): LeafSum | undefined {
  const own = sums[side];
  if (own !== undefined) return own;
  if (leaf.regime === 'compaction') return sums[1 - side];
  return sides[side].leaves.cellSums.get(cellKey(leaf)) ?? sums[1 - side];
}

function priceOf(
  leaf: Leaf,
  sides: readonly [Side, Side],
  sums: readonly (LeafSum | undefined)[],
  read: (sum: LeafSum) => [cost: number, count: number],
): Factor {
  const priceIn = (sum: LeafSum | undefined): number | undefined => {
    if (sum === undefined) return undefined;
    const [cost, count] = read(sum);
    return count === 0 ? undefined : cost / count;
  };
  const state = both(
    (side) =>
      priceIn(sums[side]) ??
      priceIn(sides[side].leaves.modelSums.get(leaf.model)) ??
      priceIn(sums[1 - side]) ??
      priceIn(sides[side === 0 ? 1 : 0].leaves.modelSums.get(leaf.model)) ??
      0,
  );
  return { state, label: { part: 'price', model: leaf.model } };
}

/** More runs of everybody are one thing; more of one user or one kind of work are another. */
function splitRuns(group: string, state: State, unit: number, growth: number, ledger: AtomLedger): void {
  const user = userOfGroup(group);
  const common = Number.isNaN(growth) ? state[1] - state[0] : state[0] * (growth - 1);
  ledger.add({ part: 'run_count' }, common * unit);
  const rest = state[1] - state[0] - common;
  ledger.add(user === undefined ? { part: 'workload_mix' } : { part: 'user_mix', user }, rest * unit);
}

/** What a leaf gained or lost because calls moved between regimes. */
interface RegimeMove {
  readonly leaf: Leaf;
  readonly change: number;
  readonly shares: number[];
}

/** Calls that left the plain regime went to the others: what the plain ones no longer cost is set against those. */
function assignRegimeMoves(moves: readonly RegimeMove[], ledger: AtomLedger): void {
  const changes = new Map<string, number>();
  let plain = 0;
  for (const { leaf, shares, change } of moves) {
    const value = shares.reduce((sum, share) => sum + share, 0);
    if (leaf.regime === 'plain') plain += value;
    else {
      ledger.add(labelOfRegime(leaf), value);
      changes.set(leaf.regime, change);
    }
  }
  let total = 0;
  for (const change of changes.values()) total += change;
  const group = moves[0]?.leaf;
  if (plain === 0 || group === undefined) return;
  if (Math.abs(total) < 1e-12) ledger.add({ part: 'other' }, plain);
  else
    for (const [regime, change] of changes)
      ledger.add(labelOfRegime({ ...group, regime }), (plain * change) / total);
}

function labelOfRegime(leaf: Leaf): AtomLabel {
  if (leaf.regime === 'compaction') return { part: 'compaction' };
  return { part: 'cache_breaks', cause: leaf.regime.slice('cache:'.length) };
}

function withUser(label: AtomLabel, group: string): AtomLabel {
  const user = userOfGroup(group);
  return user === undefined ? label : { ...label, user };
}

function both(read: (side: 0 | 1) => number): State {
  return [read(0), read(1)];
}

function both2<T>(read: (side: 0 | 1) => T): readonly [T, T] {
  return [read(0), read(1)];
}

/** Ratios of two counts; where a side has nothing to divide by, the other side's ratio stands in. */
function ratio(over: State, under: State): State {
  const one = under[0] === 0 ? undefined : over[0] / under[0];
  const two = under[1] === 0 ? undefined : over[1] / under[1];
  return [one ?? two ?? 0, two ?? one ?? 0];
}

function perCall(sum: LeafSum | undefined, amount: number): number {
  return sum === undefined || sum.calls === 0 ? 0 : amount / sum.calls;
}

function ownerTokens(sum: LeafSum | undefined, owner: string): number {
  const counts = sum?.owners.get(owner);
  return counts === undefined ? 0 : counts[0] + counts[1] + counts[2] + counts[3];
}

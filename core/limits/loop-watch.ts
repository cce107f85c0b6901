// The loop watch of one run: finds that its turns repeat. A turn is the tool calls of one answer with their results. A
// loop: turns that are the same, or a round of two to four turns, again and again; or many turns that bring nothing
// that was not known. A round in which something is edited and looked at again is work and never counts.

import { formatHash } from '../attribution/content-hash.ts';
import { remembered } from '../remembered.ts';
import { canonicalHash, canonicalInputHash } from './canonical-value.ts';

export interface ResultBlock {
  readonly content?: unknown;
  readonly is_error?: unknown;
}

export interface SettledCall {
  readonly tool: string;
  readonly input: unknown;
  /** The `tool_result` block. Looked at only when its call was made before. */
  readonly result: ResultBlock;
  readonly isError: boolean;
}

export interface Loop {
  /** How often the round was made, or the turns without anything new. */
  readonly count: number;
  /** Turns of a round; 0 where nothing new came, in whatever order. */
  readonly period: number;
  readonly tool: string;
  readonly inputHash: string;
  /** Turns that the loop has taken so far, without its first round. */
  readonly wastedTurns: number;
}

/** Rounds from which a loop is reported and, where that is asked for, stopped. */
export const LOOP_WARN_COUNT = 3;
export const LOOP_STOP_COUNT = 5;
const LONGEST_PERIOD = 4;
/** Turns without new information that count as much as so many rounds. */
const STALE_WARN_TURNS = 8;
const STALE_STOP_TURNS = 16;
const MAX_TURNS_KEPT = LONGEST_PERIOD * LOOP_STOP_COUNT;
const MAX_INPUTS = 2_000;
const MAX_RESULTS = 16;
/** Words in the name of a tool that changes what is worked on. */
const CHANGES = new Set([
  'edit',
  'editor',
  'multiedit',
  'write',
  'patch',
  'replace',
  'insert',
  'append',
  'apply',
  'update',
  'modify',
  'rewrite',
  'revert',
  'undo',
]);
/** Words in the name of a tool that only looks, or keeps what the agent notes for itself. */
const NO_CHANGES = new Set([
  'get',
  'list',
  'view',
  'show',
  'history',
  'todo',
  'todos',
  'note',
  'notes',
  'plan',
]);
/** Commands of an editor tool that change nothing. */
const LOOKS = new Set(['view', 'read', 'list', 'open']);

interface Call {
  readonly tool: string;
  readonly input: number;
  readonly isChange: boolean;
  /** Held weakly until its hash is needed: the program keeps it in its history. */
  readonly source: WeakRef<ResultBlock>;
  result: number | undefined;
}

interface Turn {
  readonly calls: readonly Call[];
}

export class LoopWatch {
  readonly #turns: Turn[] = [];
  readonly #known = new Map<number, Call[]>();
  #staleTurns = 0;

  /** The results of one answer's tool calls have come; gives the loop that they are part of. */
  see(settled: readonly SettledCall[]): Loop | undefined {
    if (settled.length === 0) return undefined;
    let isNew = false;
    const calls = settled.map((each) => {
      const call = callOf(each);
      isNew = this.#isNew(call) || isNew;
      return call;
    });
    calls.sort((a, b) => a.input - b.input);
    this.#staleTurns = isNew ? 0 : this.#staleTurns + 1;
    this.#turns.push({ calls });
    if (this.#turns.length > MAX_TURNS_KEPT) this.#turns.shift();
    return this.#staleTurns === 0 ? undefined : (this.#findRounds() ?? this.#findStale());
  }

  /** Whether nothing like it was seen; remembers it. */
  #isNew(call: Call): boolean {
    const before = this.#known.get(call.input);
    if (before === undefined) {
      if (this.#known.size >= MAX_INPUTS) this.#known.clear();
      this.#known.set(call.input, [call]);
      return true;
    }
    const isNew = !before.some((each) => isSameCall(each, call));
    if (isNew) {
      before.push(call);
      if (before.length > MAX_RESULTS) before.shift();
    }
    return isNew;
  }

  #findRounds(): Loop | undefined {
    let best: Loop | undefined;
    for (let period = 1; period <= LONGEST_PERIOD; period++) {
      const count = this.#countRounds(period);
      if (count < LOOP_WARN_COUNT || this.#isWork(period)) continue;
      if (best === undefined || count > best.count)
        best = this.#describe(period, count, (count - 1) * period);
    }
    return best;
  }

  #countRounds(period: number): number {
    const turns = this.#turns;
    let same = 0;
    for (let index = turns.length - 1; index - period >= 0; index--) {
      if (!isSameTurn(turns[index], turns[index - period])) break;
      same += 1;
    }
    return Math.floor(same / period) + 1;
  }

  /** Something is changed and then something else is done: another try, not a loop. */
  #isWork(period: number): boolean {
    return (
      period > 1 && this.#turns.slice(-period).some(({ calls }) => calls.some(({ isChange }) => isChange))
    );
  }

  #findStale(): Loop | undefined {
    const turns = this.#staleTurns;
    const recent = this.#turns.slice(-Math.min(turns, MAX_TURNS_KEPT));
    if (turns < STALE_WARN_TURNS || recent.some(({ calls }) => calls.some(({ isChange }) => isChange)))
      return undefined;
    return this.#describe(0, turns, turns);
  }

  #describe(period: number, count: number, wastedTurns: number): Loop {
    const [call] = this.#turns.at(-1)?.calls ?? [];
    return { count, period, wastedTurns, tool: call?.tool ?? '', inputHash: formatHash(call?.input ?? 0) };
  }
}

/** Whether a loop has gone on for so long that it is to be stopped where that is asked for. */
export function isLoopToStop({ period, count }: Loop): boolean {
  return count >= (period === 0 ? STALE_STOP_TURNS : LOOP_STOP_COUNT);
}

/** A loop in words. */
export function describeLoop({ period, count, tool }: Loop): string {
  if (period === 0) return `${count} turns brought nothing new, the last by ${tool}`;
  if (period === 1) return `${tool} was called ${count} times with the same input and the same result`;
  return `the same round of ${period} turns was made ${count} times, the last by ${tool}`;
}

function callOf({ tool, input, result, isError }: SettledCall): Call {
  return {
    tool,
    input: canonicalInputHash(tool, input),
    isChange: !isError && changesSomething(tool, input),
    source: new WeakRef(result),
    result: undefined,
  };
}

function changesSomething(tool: string, input: unknown): boolean {
  const { command } = (input ?? {}) as { readonly command?: unknown };
  if (typeof command === 'string' && LOOKS.has(command)) return false;
  return soundsLikeChange(tool);
}

const soundsLikeChange = remembered((tool: string): boolean => {
  const words = tool
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.some((word) => CHANGES.has(word)) && !words.some((word) => NO_CHANGES.has(word));
}, 1_024);

function isSameTurn(a: Turn | undefined, b: Turn | undefined): boolean {
  if (a === undefined || b === undefined || a.calls.length !== b.calls.length) return false;
  return a.calls.every((call, index) => isSameCall(call, b.calls[index]));
}

function isSameCall(a: Call, b: Call | undefined): boolean {
  return b !== undefined && a.input === b.input && resultOf(a) === resultOf(b);
}

/** A result that is gone is like no other. */
function resultOf(call: Call): number {
  const block = call.source.deref();
  call.result ??= block === undefined ? Number.NaN : canonicalHash([block.content, block.is_error === true]);
  return call.result;
}

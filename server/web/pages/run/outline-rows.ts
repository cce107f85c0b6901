// Rows of the list of steps: a step, a stretch of repeated steps that stands as one row, or a nested run below the tool
// call that started it. Of a long list one page at a time.

import { groupBy } from '../../../../core/group-by.ts';
import { placeNested } from '../../../queries/runs/nested/place-nested.ts';
import type { NestedRunSummary } from '../../../queries/runs/nested/read-nested-runs.ts';
import type { RunOutline } from '../../../queries/runs/read-run-outline.ts';
import type { ContentMatches } from '../../../queries/runs/match-content.ts';
import type { RunStep } from '../../../queries/runs/read-run.ts';
import type { RunAddress } from './run-address.ts';
import {
  endOffsetMs,
  isFailedStep,
  numberIn,
  stepKey,
  stepName,
  textIn,
  textsIn,
} from './steps/step-facts.ts';

export type OutlineRow =
  | {
      readonly kind: 'step';
      readonly step: RunStep;
      readonly depth: number;
      /** Tool calls of its turn that ran at the same time, itself included; 1 alone. */
      readonly parallel: number;
    }
  | {
      readonly kind: 'group';
      readonly key: string;
      readonly name: string;
      readonly steps: readonly RunStep[];
      readonly depth: number;
    }
  | {
      readonly kind: 'run';
      readonly run: NestedRunSummary;
      readonly depth: number;
      readonly isOpen: boolean;
      /** Runs nested in it, on all levels. */
      readonly nested: number;
    };

export interface OutlinePage {
  readonly rows: readonly OutlineRow[];
  readonly offset: number;
  /** Rows on all pages. */
  readonly total: number;
  readonly areGroupsMade: boolean;
}

export const ROWS_PER_PAGE = 200;
/** Shorter runs are read whole. */
const COLLAPSE_FROM_STEPS = 40;
/** Of a run that goes on, somebody may be reading what would fold away: while it fits on one page it stays as it is. */
const COLLAPSE_RUNNING_FROM_STEPS = ROWS_PER_PAGE;
/** The newest turns of a run that goes on, which never fold. */
const NEWEST_TURNS = 10;
const LEAST_REPEATS = 4;
const SLOWEST_SHOWN = 20;
const EXPAND_ALL = 'all';

/** `stepsByRun` has the steps of the nested runs that are open. */
export function outlinePage(
  outline: RunOutline,
  stepsByRun: ReadonlyMap<string, readonly RunStep[]>,
  address: RunAddress,
  matches?: ContentMatches,
): OutlinePage {
  const rows = new OutlineRows(outline, stepsByRun, address);
  const listed = isFiltered(address) ? rows.all.filter(filterOf(rows.all, address, matches)) : rows.all;
  const offset = address.offset ?? pageOf(listed, address.step);
  return {
    rows: listed.slice(offset, offset + ROWS_PER_PAGE),
    offset,
    total: listed.length,
    areGroupsMade: rows.areGroupsMade,
  };
}

export function isFiltered({ only, tool, text, from, to }: RunAddress): boolean {
  return [only, tool, text, from, to].some((one) => one !== undefined);
}

/** Where the page with the step begins. */
function pageOf(rows: readonly OutlineRow[], key: string | undefined): number {
  if (key === undefined) return 0;
  const index = rows.findIndex((row) => rowKey(row) === key);
  return index === -1 ? 0 : index - (index % ROWS_PER_PAGE);
}

/** What the address calls the row. */
export function rowKey(row: OutlineRow): string | undefined {
  if (row.kind === 'step') return stepKey(row.step);
  return row.kind === 'run' ? row.run['agent.run_id'] : undefined;
}

class OutlineRows {
  readonly all: OutlineRow[] = [];
  areGroupsMade = false;
  readonly #childrenByRun: ReadonlyMap<string | null, readonly NestedRunSummary[]>;
  readonly #stepsByRun: ReadonlyMap<string, readonly RunStep[]>;
  readonly #address: RunAddress;
  readonly #placed = new Set<string>();
  readonly #isRunning: boolean;
  readonly #mayCollapse: boolean;
  readonly #startMs: number;

  constructor(outline: RunOutline, stepsByRun: ReadonlyMap<string, readonly RunStep[]>, address: RunAddress) {
    this.#childrenByRun = groupBy(outline.nested, (run) => run['agent.parent_run_id']);
    this.#stepsByRun = stepsByRun;
    this.#address = address;
    this.#startMs = Date.parse(outline.started_at);
    this.#isRunning = outline['agent.status'] === 'running';
    const least = this.#isRunning ? COLLAPSE_RUNNING_FROM_STEPS : COLLAPSE_FROM_STEPS;
    this.#mayCollapse =
      outline.steps.length >= least && address.expand !== EXPAND_ALL && !isFiltered(address);
    this.#placed.add(outline['agent.run_id']);
    this.#addRun(outline['agent.run_id'], outline.steps, 0);
  }

  #addRun(runId: string, steps: readonly RunStep[], depth: number): void {
    const children = this.#childrenByRun.get(runId) ?? [];
    const places = placeNested(steps, children, this.#startMs);
    for (const child of places.get(undefined) ?? []) this.#addChild(child, depth);
    for (const turn of this.#turnsOf(steps, places)) {
      if (turn.key !== undefined) {
        this.areGroupsMade = true;
        this.all.push({ kind: 'group', key: turn.key, name: turn.name, steps: turn.steps, depth });
        continue;
      }
      const parallel = parallelOf(turn.steps);
      for (const step of turn.steps) {
        this.all.push({
          kind: 'step',
          step,
          depth: depth + (step.step === 'model_call' ? 0 : 1),
          parallel: parallel.get(step) ?? 1,
        });
        for (const child of places.get(step) ?? []) this.#addChild(child, depth + 2);
      }
    }
  }

  #addChild(run: NestedRunSummary, depth: number): void {
    const id = run['agent.run_id'];
    if (this.#placed.has(id)) return;
    this.#placed.add(id);
    const isOpen = this.#address.open.includes(id);
    this.all.push({ kind: 'run', run, depth, isOpen, nested: this.#countNested(id, 0) });
    if (isOpen) this.#addRun(id, this.#stepsByRun.get(id) ?? [], depth + 1);
  }

  #countNested(runId: string, level: number): number {
    const children = level > 50 ? [] : (this.#childrenByRun.get(runId) ?? []);
    return children.reduce((sum, child) => sum + 1 + this.#countNested(child['agent.run_id'], level + 1), 0);
  }

  /** Turns in order; stretches of turns that do the same are joined to one with a key. */
  #turnsOf(steps: readonly RunStep[], places: Places): Turn[] {
    const turns = splitTurns(steps);
    if (!this.#mayCollapse) return turns;
    const isPlain = (step: RunStep): boolean =>
      step.step !== 'note' &&
      !isFailedStep(step) &&
      step.reads_failed === undefined &&
      !places.has(step) &&
      stepKey(step) !== this.#address.step;
    const joined: Turn[] = [];
    const newest = this.#isRunning ? turns.splice(-NEWEST_TURNS) : [];
    let at = 0;
    while (at < turns.length) {
      const first = turns[at] as Turn;
      const name = first.steps.every(isPlain) ? signatureOf(first) : '';
      const isOther = (turn: Turn): boolean => signatureOf(turn) !== name || !turn.steps.every(isPlain);
      let next = at + 1;
      if (name !== '') while (next < turns.length && !isOther(turns[next] as Turn)) next += 1;
      const stretch = turns.slice(at, next);
      const key = keyOfGroup(first);
      const isJoined = stretch.length >= LEAST_REPEATS && key !== undefined && this.#address.expand !== key;
      if (isJoined) joined.push({ key, name, steps: stretch.flatMap((turn) => turn.steps) });
      else for (const turn of stretch) joined.push(...this.#splitRepeats(turn, isPlain));
      at = next;
    }
    return [...joined, ...newest];
  }

  /** Many calls of one tool within one turn are one row as well. */
  #splitRepeats(turn: Turn, isPlain: (step: RunStep) => boolean): Turn[] {
    const parts: Turn[] = [];
    let at = 0;
    while (at < turn.steps.length) {
      const first = turn.steps[at] as RunStep;
      let next = at + 1;
      if (first.step === 'tool_call' && isPlain(first))
        while (next < turn.steps.length) {
          const step = turn.steps[next] as RunStep;
          if (step.step !== 'tool_call' || stepName(step) !== stepName(first) || !isPlain(step)) break;
          next += 1;
        }
      const steps = turn.steps.slice(at, next);
      const key = stepKey(first);
      const isJoined =
        steps.length >= LEAST_REPEATS && key !== undefined && this.#address.expand !== `g-${key}`;
      if (isJoined) parts.push({ key: `g-${key}`, name: stepName(first), steps });
      else {
        const last = parts.at(-1);
        if (last !== undefined && last.key === undefined) last.steps.push(...steps);
        else parts.push({ key: undefined, name: '', steps });
      }
      at = next;
    }
    return parts;
  }
}

/** A model call and the tool calls that followed it. */
interface Turn {
  readonly key: string | undefined;
  readonly name: string;
  readonly steps: RunStep[];
}

function splitTurns(steps: readonly RunStep[]): Turn[] {
  const turns: Turn[] = [];
  for (const step of steps) {
    const last = turns.at(-1);
    if (last === undefined || step.step === 'model_call')
      turns.push({ key: undefined, name: '', steps: [step] });
    else last.steps.push(step);
  }
  return turns;
}

/** Names of the tools of the turn; empty where it called none. */
function signatureOf({ steps }: Turn): string {
  if (steps[0]?.step !== 'model_call') return '';
  return [...new Set(steps.flatMap((step) => (step.step === 'tool_call' ? [stepName(step)] : [])))].join(
    ', ',
  );
}

function keyOfGroup({ steps }: Turn): string | undefined {
  const key = steps[0] === undefined ? undefined : stepKey(steps[0]);
  return key === undefined ? undefined : `t-${key}`;
}

type Places = ReadonlyMap<RunStep | undefined, readonly NestedRunSummary[]>;

/** How many tool calls of the turn overlap with each. */
function parallelOf(steps: readonly RunStep[]): ReadonlyMap<RunStep, number> {
  const counts = new Map<RunStep, number>();
  const tools = steps
    .filter((step) => step.step === 'tool_call')
    .toSorted((a, b) => a.offset_ms - b.offset_ms);
  let together: RunStep[] = [];
  let untilMs = -1;
  const close = (): void => {
    for (const step of together) counts.set(step, together.length);
    together = [];
  };
  for (const tool of tools) {
    if (tool.offset_ms >= untilMs) close();
    together.push(tool);
    untilMs = Math.max(together.length === 1 ? -1 : untilMs, endOffsetMs(tool));
  }
  close();
  return counts;
}

function filterOf(
  rows: readonly OutlineRow[],
  address: RunAddress,
  matches: ContentMatches | undefined,
): (row: OutlineRow) => boolean {
  const slow = address.only === 'slow' ? slowest(rows) : undefined;
  const text = address.text?.toLowerCase();
  return (row) => {
    if (row.kind === 'group') return true;
    if (address.only === 'errors' && !isFailedRow(row)) return false;
    if (slow !== undefined && !slow.has(row)) return false;
    if (row.kind === 'run')
      return address.tool === undefined && (text === undefined || textsOfRun(row.run).includes(text));
    const { step } = row;
    if (address.tool !== undefined && (step.step !== 'tool_call' || stepName(step) !== address.tool))
      return false;
    if (text !== undefined && !textsOfStep(step).includes(text) && !isMatched(step, matches)) return false;
    return step.offset_ms <= (address.to ?? Infinity) && endOffsetMs(step) >= (address.from ?? 0);
  };
}

function isMatched(step: RunStep, matches: ContentMatches | undefined): boolean {
  if (matches === undefined) return false;
  if (step.step === 'model_call') return matches.calls.has(String(step['span_id']));
  return step.step === 'tool_call' && matches.toolCalls.has(textIn(step, 'gen_ai.tool.call.id') ?? '');
}

export function isFailedRow(row: OutlineRow): boolean {
  if (row.kind === 'step') return isFailedStep(row.step);
  return row.kind === 'run' && !['ok', 'running'].includes(row.run['agent.status']);
}

function slowest(rows: readonly OutlineRow[]): ReadonlySet<OutlineRow> {
  const durationOf = (row: OutlineRow): number =>
    row.kind === 'step'
      ? (numberIn(row.step, 'duration_ms') ?? 0)
      : row.kind === 'run'
        ? (row.run.duration_ms ?? 0)
        : 0;
  return new Set(rows.toSorted((a, b) => durationOf(b) - durationOf(a)).slice(0, SLOWEST_SHOWN));
}

function textsOfRun(run: NestedRunSummary): string {
  return [run['gen_ai.agent.name'], run['agent.run_id'], run['error.type'], run['agent.status']]
    .join('\n')
    .toLowerCase();
}

/** What of a step can be searched beside its content: names, errors, arguments and notes as far as they are stored. */
function textsOfStep(step: RunStep): string {
  return [
    stepName(step),
    textIn(step, 'error.type'),
    textIn(step, 'tool.args_json'),
    textIn(step, 'agent.note.text'),
    textIn(step, 'cache_miss_reason'),
    ...textsIn(step, 'tool.input_keys'),
    ...textsIn(step, 'gen_ai.response.finish_reasons'),
    stepKey(step),
  ]
    .join('\n')
    .toLowerCase();
}

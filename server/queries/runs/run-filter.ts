// A run filter says which runs are looked for: those that have, of every name that is asked for, any of the values, and
// none of what is excluded. What has no value has none of the excluded ones. `run-conditions.ts` makes SQL of it.

import { formatStatus } from '../../../core/text/format.ts';
import type { MeasureSign } from './measure-sign.ts';
import type { RunCursor, RunSort } from './run-order.ts';
import type { ScoreCondition } from './score-condition.ts';

/** How a run can stand, as `status` names it. */
export const RUN_STATUSES = [
  'ok',
  'error',
  'aborted',
  'refused',
  'max_turns',
  'budget_exceeded',
  'turn_limit',
  'loop',
  'lost',
  'running',
] as const;

/** What people ask for: any end but ok, or one status in the words that pages show. */
export const RUN_STATUS_WORDS: readonly string[] = ['failed', ...RUN_STATUSES.map(formatStatus)];

/** What is asked of a run by its name, as filters and addresses call it. */
export const RUN_TEXT_FILTERS = [
  'run',
  'status',
  'user',
  'agent',
  'version',
  'prompt',
  'task',
  'project',
  'session',
  'tag',
  'model',
  'tool',
  'error',
] as const;

/** What is asked of a run by one of several values or more. */
export const RUN_CHOICES = [...RUN_TEXT_FILTERS, 'parentRun'] as const;
export type RunChoiceName = (typeof RUN_CHOICES)[number];

/** What is asked of a run by its size. */
export const MEASURES = ['cost', 'duration', 'turns', 'tools', 'tokens'] as const;
export type Measure = (typeof MEASURES)[number];

/** `value` is nano-USD of the run itself, milliseconds, or a count; tokens are those in and out. */
export interface MeasureCondition {
  readonly measure: Measure;
  readonly sign: MeasureSign;
  readonly value: number;
}

/** Most runs in one answer. */
export const RUNS_LIMIT = 1000;

/** Any of these values. */
export type AnyOf = string | readonly string[];

/** What is asked of a run: all of it has to hold. */
export interface RunAsked {
  /** A status as it is stored, or `failed`: ended in any other way than ok. */
  readonly status?: AnyOf | undefined;
  readonly user?: AnyOf | undefined;
  readonly agent?: AnyOf | undefined;
  readonly version?: AnyOf | undefined;
  /** Ids of prompt versions, of its first call. */
  readonly prompt?: AnyOf | undefined;
  readonly task?: AnyOf | undefined;
  readonly project?: AnyOf | undefined;
  /** Beginning of its id. */
  readonly run?: AnyOf | undefined;
  /** Limits (`<`, `>`) hold all; of several `=` of one measure any. */
  readonly comparisons?: readonly MeasureCondition[] | undefined;
  /** Of each name a score; limits hold all, of several `=` of one name any. */
  readonly scores?: readonly ScoreCondition[] | undefined;
  readonly session?: AnyOf | undefined;
  readonly tag?: AnyOf | undefined;
  /** A model that one of its calls was answered by. */
  readonly model?: AnyOf | undefined;
  /** A tool that it called. */
  readonly tool?: AnyOf | undefined;
  /** Only runs with a call that has no price, or only those without such a call. */
  readonly unpriced?: boolean | undefined;
  /** Part of the error type of the run or of any of its steps. */
  readonly error?: AnyOf | undefined;
  readonly parentRun?: AnyOf | undefined;
}

export interface RunFilter extends RunAsked {
  /** Only runs that ended other than ok, whatever else is asked of their status. */
  readonly failed?: boolean | undefined;
  /** Runs of which any of this is true are left out. */
  readonly excluded?: RunAsked | undefined;
  /** Runs that went on after this, Unix milliseconds: they ended later, or something happened in them later. */
  readonly since?: number | undefined;
  /** Runs that had begun by then. */
  readonly until?: number | undefined;
  /** Runs that had ended by then; none that go on. */
  readonly endedBy?: number | undefined;
  readonly sort?: RunSort | undefined;
  /** Against the direction in which the order is asked for as a rule. */
  readonly isReversed?: boolean | undefined;
  readonly limit: number;
  readonly offset?: number | undefined;
  /** Where to go on; in place of `offset`. */
  readonly cursor?: RunCursor | undefined;
}

export function valuesOf(asked: AnyOf | undefined): readonly string[] {
  return typeof asked === 'string' ? [asked] : (asked ?? []);
}

// Sources: what each query of a panel stands for. A panel shows signals; lists of runs and events lead to the
// records behind them; numbers about the servers themselves come from the servers.

import type { Dimension, EventName, FieldKey } from '../core/schema.ts';
import type { Filter } from '../signals/signal.ts';

/**
 * - `range`: one value, or one per group, over the range of the board
 * - `steps`: a time series in steps that Grafana chooses
 * - `days`: one value per calendar day in the zone of the board, the last {@link DAYS} up to now
 */
export type Over = 'range' | 'steps' | 'days';

/** `tools`: the variables of the boards and a tool, which only the Tools board lets one choose. */
export type Within = 'run' | 'service' | 'tools';

export type ComparedPeriod = 'before' | 'change';

/** Days that bars per day reach back, today included. */
export const DAYS = 14;

/** A number of a panel: a signal and how it is asked. */
export interface SignalSource {
  readonly kind: 'signal';
  readonly signal: string;
  readonly by: readonly Dimension[];
  readonly over: Over;
  /** `before`: of the stretch of the same length before the range; `change`: of the range less that. */
  readonly period?: ComparedPeriod | undefined;
  /** Only this many groups: the greatest of the number itself, or of `rankedBy`. */
  readonly top?: number;
  /** Greatest group first; tables order their rows by themselves. */
  readonly isSorted?: true;
  readonly rankedBy?: { readonly signal: string; readonly period?: ComparedPeriod | undefined };
  /** What it is narrowed to beside the service: the variables of the board (when absent), those and a tool, its run, or nothing. */
  readonly within?: Within;
  /** Name in the legend, or of the column. */
  readonly name?: string;
}

/** A column of a list: a field, or what is worked out of one. */
export interface Column {
  readonly field: FieldKey;
  readonly title: string;
  /** Unit of Grafana where the column is a number or a time. */
  readonly unit?: string;
  /** Board that a cell leads to. */
  readonly link?: 'run' | 'trace' | 'user' | 'session' | 'tool';
}

/** A list of events, ranked by one of their numbers. */
export interface ListSource {
  readonly kind: 'list';
  readonly of: readonly EventName[];
  readonly where: readonly Filter[];
  /** Signal that the list explains. */
  readonly explains: string;
  /** Number that decides the order; `timestamp` is the time of the event. */
  readonly rank: FieldKey;
  readonly order: 'greatest' | 'least';
  readonly limit: number;
  readonly columns: readonly Column[];
  /** Only events of the run that the board shows; `begun`: of all runs whose id begins as the given one. */
  readonly ofRun?: 'whole' | 'begun';
  /** Only events of the session that was chosen. */
  readonly ofSession?: true;
  /** Only events of the tool that was chosen. */
  readonly ofTool?: true;
}

/** Cost of the calendar month, made of the signals of cost. */
export interface MonthSource {
  readonly kind: 'month';
  readonly what: 'soFar' | 'forecast';
}

/** Failed tool calls, each with the model call that read its result. */
export interface JoinSource {
  readonly kind: 'join';
  readonly explains: string;
}

/** Events as they are stored. */
export interface LineSource {
  readonly kind: 'lines';
  readonly explains: string;
}

/** A number that is about a server of the stack and so is no signal. */
export interface ServerSource {
  readonly kind: 'server';
  /** Server that has it, and the name of its metric or `logs`. */
  readonly server: 'collector' | 'loki' | 'tempo' | 'prometheus';
  readonly metrics: readonly string[];
}

/** Spans of the run, found by Tempo. */
export interface TraceSource {
  readonly kind: 'trace';
}

export type PanelSource =
  SignalSource | MonthSource | ListSource | JoinSource | LineSource | ServerSource | TraceSource;

// Calls beside one another: reports of one call of which neither is below the other, in one trace or in traces of their own.
// A framework that tells of its calls by callbacks leaves the SDK's own span beside its own, or without a parent where
// nothing is around the agent, and of a streamed answer it does not always know the name. Nothing but the process, the
// model, the counts and the times ties the two then.
// Two reports are of one call where they name one response, or where they are of two emitters and one of them names none.
// In traces of their own one of them hangs on nothing, or is our own, which knows its place, and the nameless one is of an
// emitter whose spans may stand outside of the context. Each is of one call at most:
// as many pairs are made as the times allow.

import type { FactSpan } from '../dialects.ts';
import { text } from '../dialects/span-facts.ts';
import { groupByResponse, responseIdsOf } from '../duplicates.ts';
import { MINUTE_MS } from '../time/time.ts';
import { matchMost } from './match-most.ts';

/** Unix milliseconds. */
interface Times {
  readonly startMs: number;
  readonly endMs: number;
}

/** A report of a call, as small as it can be compared with others. */
export interface CallReading extends Times {
  readonly traceId: string;
  readonly spanId: string;
  readonly service: string;
  /** Without the date, which one of two emitters may leave out. */
  readonly model: string;
  /** Scope of the span: each library that is observed has one. */
  readonly emitter: string;
  readonly instance: string | undefined;
  readonly hasFailed: boolean;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** Names of the response. */
  readonly names: readonly string[];
  /** Whether it has no place that it would lose: it hangs on nothing, or is our own and has a run of ours. */
  readonly isFree: boolean;
}

/** Two reports of one call begin at most so far apart. */
export const FURTHEST_APART_MS = 10 * MINUTE_MS;
/** Clocks of one process, read one after the other. */
export const SLACK_MS = 5;
const OPERATION = 'gen_ai.operation.name';
/** Its spans are of a process of its own, and name the request. */
const CLAUDE_CODE = 'claude-code/';
const OWN_EMITTER = 'tallyspan';

/** What the span says of a call that another span may tell of, too; `undefined` where that could not be known. */
export function readCall(span: FactSpan): CallReading | undefined {
  const { kind, standard, rule } = span.facts;
  const isOwn = kind === 'own' && standard[OPERATION] === 'chat';
  if ((kind !== 'call' && !isOwn) || rule?.startsWith(CLAUDE_CODE) === true) return undefined;
  const model = plainModel(text(standard['gen_ai.response.model']) ?? text(standard['gen_ai.request.model']));
  if (model === undefined) return undefined;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    startMs: span.startMs,
    endMs: Math.max(span.startMs, span.endMs),
    service: text(span.resource['service.name']) ?? '',
    model,
    emitter: isOwn ? OWN_EMITTER : emitterOf(span),
    instance: text(span.resource['service.instance.id']),
    hasFailed: span.isError || span.facts.errorType !== undefined,
    input: count(standard['gen_ai.usage.input_tokens']),
    output: count(standard['gen_ai.usage.output_tokens']),
    cacheRead: count(standard['gen_ai.usage.cache_read.input_tokens']),
    cacheWrite: count(standard['gen_ai.usage.cache_creation.input_tokens']),
    names: responseIdsOf({
      'gen_ai.response.id': text(standard['gen_ai.response.id']),
      'anthropic.request.id': text(standard['anthropic.request.id']),
    }),
    isFree: isOwn || (span.parentSpanId ?? '') === '',
  };
}

/** Who sent the span: its scope, or where it has none the dialect that it speaks. */
export function emitterOf({ scope, facts }: FactSpan): string {
  return text(scope) ?? facts.rule?.replace(/\/.*$/, '') ?? '';
}

/** Whose model it is, or through whom it was asked for: a gateway, a provider, a profile of Bedrock, a path of Vertex. */
const BEFORE_MODEL = /^(?:.*\/|[a-z_-]+:)?(?:(?:[a-z-]+\.)?anthropic\.)?/;
/** The window, the version of Bedrock and the date, which one of two emitters may leave out. */
const BEHIND_MODEL = /(?:-v\d+(?::\d+(?::\d+k)?)?|[-@](?:20\d{6}|latest)|@default)?$/;

/** The model as all emitters write it: the one that answered, by whatever name it was asked for. */
export function plainModel(model: string | undefined): string | undefined {
  return model
    ?.trim()
    .replace(/\[1m\]$/i, '')
    .replace(BEFORE_MODEL, '')
    .replace(BEHIND_MODEL, '')
    .replace(/[-@]20\d{6}$/, '');
}

function count(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0;
}

/** Whether the two may be of one call, for all that they say. */
export function mayBeOneCall(a: CallReading, b: CallReading): boolean {
  return (
    a.emitter !== b.emitter &&
    Math.abs(a.startMs - b.startMs) <= FURTHEST_APART_MS &&
    (shareName(a, b) || isNamelessAlike(a, b))
  );
}

function shareName(a: CallReading, b: CallReading): boolean {
  return a.names.some((name) => b.names.includes(name));
}

/**
 * Emitters whose spans stand outside of the context, since callbacks make them: those of others have the SDK's below them,
 * and what is alike in another trace is another call.
 */
const BY_CALLBACKS = /langchain|langfuse|langsmith|litellm/i;
/** What observes the SDK beside others that do leaves a trace of its own, and may not read what is streamed. */
const OF_THE_SDK = /anthropic/i;

/** Whether a report in another trace may be of its call though they share no name. */
export function mayStandApart(call: CallReading): boolean {
  if (call.names.length > 0) return false;
  return BY_CALLBACKS.test(call.emitter) || (isBlank(call) && OF_THE_SDK.test(call.emitter));
}

function isNamelessAlike(a: CallReading, b: CallReading): boolean {
  return (
    (a.traceId === b.traceId
      ? a.names.length === 0 || b.names.length === 0
      : mayStandApart(a) || mayStandApart(b)) &&
    a.service === b.service &&
    a.model === b.model &&
    (a.instance === undefined || b.instance === undefined || a.instance === b.instance) &&
    saysTheSame(a, b)
  );
}

function saysTheSame(a: CallReading, b: CallReading): boolean {
  // A blank one may end before the answer is read.
  if (isBlank(a) || isBlank(b)) return beginsWithin(a, b) || beginsWithin(b, a);
  const isSame = hasCounts(a) || hasCounts(b) ? hasSameCounts(a, b) : a.hasFailed && b.hasFailed;
  return isSame && (liesWithin(a, b) || liesWithin(b, a));
}

/** Whether it says of the call no more than that it was made: some emitters know nothing of what was streamed. */
export function isBlank(call: CallReading): boolean {
  return call.names.length === 0 && !hasCounts(call) && !call.hasFailed;
}

function hasCounts({ input, output }: CallReading): boolean {
  return input + output > 0;
}

/** Tokens of a call by kind; the input holds those of the cache. */
export type CallCounts = Pick<CallReading, 'input' | 'output' | 'cacheRead' | 'cacheWrite' | 'names'>;

/** The same tokens of every kind; one that says nothing of a part of the cache may have counted it in or left it out. */
export function hasSameCounts(a: CallCounts, b: CallCounts): boolean {
  if (!isSameOutput(a, b) || !isSamePart(a.cacheRead, b.cacheRead)) return false;
  if (!isSamePart(a.cacheWrite, b.cacheWrite)) return false;
  if (a.input === b.input) return true;
  const [silent, other] = cachedOf(a) === 0 ? [a, b] : [b, a];
  return cachedOf(silent) === 0 && silent.input === other.input - cachedOf(other);
}

function isSamePart(a: number, b: number): boolean {
  return a === b || a === 0 || b === 0;
}

function cachedOf({ cacheRead, cacheWrite }: CallCounts): number {
  return cacheRead + cacheWrite;
}

/**
 * Tokens that a stream announces when it begins, and that are a part of those at its end: LangChain for JavaScript adds them
 * up, and names no response then.
 */
export const MOST_ANNOUNCED = 10;

function isSameOutput(a: CallCounts, b: CallCounts): boolean {
  const [less, more] = a.output <= b.output ? [a, b] : [b, a];
  return (
    less.output === more.output || (more.names.length === 0 && more.output - less.output <= MOST_ANNOUNCED)
  );
}

/** Whether one took place in the time of the other, by clocks of one process. */
export function liesWithin(inner: Times, outer: Times): boolean {
  return outer.startMs - SLACK_MS <= inner.startMs && inner.endMs <= outer.endMs + SLACK_MS;
}

function beginsWithin(inner: CallReading, outer: CallReading): boolean {
  return outer.startMs - SLACK_MS <= inner.startMs && inner.startMs <= outer.endMs + SLACK_MS;
}

/** What is known to be of one call, with whatever stands for each report. */
export type KnownCall<T> = readonly (readonly [CallReading, T])[];

/** Which of the calls of one trace are one: a report of each. The same whatever order they are given in. */
export function pairBeside<T>(calls: readonly KnownCall<T>[]): (readonly [T, T])[] {
  return pairAll(calls, (call, group) => pairBy(call, group, mayBeOneCall));
}

/** The same of calls of several traces, each known in its own. */
export function pairApart<T>(calls: readonly KnownCall<T>[]): (readonly [T, T])[] {
  return pairAll(calls, (call, group) =>
    isFree(call) || group.every((each) => isFree(each)) ? pairBy(call, group, mayBeApart) : undefined,
  );
}

function mayBeApart(a: CallReading, b: CallReading): boolean {
  return a.traceId !== b.traceId && mayBeOneCall(a, b);
}

function isFree<T>({ reports }: Call<T>): boolean {
  return reports.some(([report]) => report.isFree);
}

function pairBy<T>(
  call: Call<T>,
  group: readonly Call<T>[],
  mayBeOne: (a: CallReading, b: CallReading) => boolean,
): readonly [T, T] | undefined {
  for (const [report, it] of call.reports)
    for (const { reports } of group)
      for (const [other, that] of reports) if (mayBeOne(report, other)) return [it, that];
  return undefined;
}

function pairAll<T>(calls: readonly KnownCall<T>[], pairOf: PairOf<T>): (readonly [T, T])[] {
  if (calls.length < 2) return [];
  const all = calls.map((each) => callOf(each)).toSorted(inOrder);
  const groups = groupByResponse(
    all.filter(({ names }) => names.length > 0),
    ({ names }) => names,
  );
  const pairs = groups.flatMap((group) => pairNamed(group, pairOf));
  const nameless = all.filter(({ names }) => names.length === 0);
  // Those that say more choose first.
  const [blank, telling] = [
    nameless.filter(({ first }) => isBlank(first)),
    nameless.filter(({ first }) => !isBlank(first)),
  ];
  for (const some of [telling, blank]) pairs.push(...pairNameless(some, groups, pairOf));
  return pairs;
}

interface Call<T> {
  readonly reports: KnownCall<T>;
  /** The report that began first. */
  readonly first: CallReading;
  readonly names: readonly string[];
}

/** The reports by which the call is that of the group. */
type PairOf<T> = (call: Call<T>, group: readonly Call<T>[]) => readonly [T, T] | undefined;

function callOf<T>(known: KnownCall<T>): Call<T> {
  const reports = known.toSorted(([a], [b]) => inTime(a, b));
  const telling = reports.find(([each]) => !isBlank(each)) ?? reports[0];
  const [first] = telling as readonly [CallReading, T];
  return { reports, first, names: [...new Set(reports.flatMap(([{ names }]) => names))] };
}

function inOrder<T>(a: Call<T>, b: Call<T>): number {
  return inTime(a.first, b.first);
}

function inTime(a: CallReading, b: CallReading): number {
  return a.startMs - b.startMs || a.endMs - b.endMs || (placeOf(a) < placeOf(b) ? -1 : 1);
}

function placeOf({ traceId, spanId }: CallReading): string {
  return `${traceId}/${spanId}`;
}

/** Calls that name one response, each with the first that it may be. */
function pairNamed<T>(group: readonly Call<T>[], pairOf: PairOf<T>): (readonly [T, T])[] {
  return group.flatMap((call, index) => {
    const pair = pairOf(call, group.slice(0, index));
    return pair === undefined ? [] : [pair];
  });
}

/** Emitter by emitter, the calls without a name join the groups that are there: a call has one report of each emitter. */
function pairNameless<T>(
  nameless: readonly Call<T>[],
  groups: Call<T>[][],
  pairOf: PairOf<T>,
): (readonly [T, T])[] {
  const emitters = [...new Set(nameless.map(({ first }) => first.emitter))].toSorted();
  const pairs: (readonly [T, T])[] = [];
  for (const emitter of emitters) {
    // The shortest first: it has the fewest that it may be of.
    const own = nameless
      .filter(({ first }) => first.emitter === emitter)
      .toSorted((a, b) => a.first.endMs - a.first.startMs - (b.first.endMs - b.first.startMs));
    const matched = matchMost(
      own,
      groups,
      (call, group) => !isToldBy(call, group) && pairOf(call, group) !== undefined,
    );
    for (const call of own) {
      const group = matched.get(call);
      const pair = group && pairOf(call, group);
      if (group === undefined || pair === undefined) groups.push([call]);
      else {
        pairs.push(pair);
        group.push(call);
      }
    }
  }
  return pairs;
}

/** Whether one of those that tell of the call tells of the group already. */
function isToldBy<T>(call: Call<T>, group: readonly Call<T>[]): boolean {
  return call.reports.some(([{ emitter }]) =>
    group.some(({ reports }) => reports.some(([other]) => other.emitter === emitter)),
  );
}

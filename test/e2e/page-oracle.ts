// The oracle of the pages: what a generated corpus says, by the reference evaluator and by the events
// themselves.

import { expect } from '@jest/globals';
import { RULES } from '../../alerts/rules/all-rules.ts';
import type { EventRecord } from '../../core/event.ts';
import { formatCost, formatCount, formatDuration } from '../../core/text/format.ts';
import { dayOf } from '../../core/time/time.ts';
import { fieldOfDimension, type Dimension, type EventName } from '../../core/schema.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { evaluate, evaluateSeries } from '../../signals/evaluate.ts';
import type { SignalRequest } from '../../signals/signal.ts';
import type { BreakdownKind } from '../../server/web/pages/breakdown/breakdown-data.ts';
import { liveCorpus } from '../signals/corpora.ts';
import type { ShownPage, ShownRow } from './shown-page.ts';

export const NOW = Date.now();
export const events = liveCorpus(NOW, ['shop', 'desk']);
const counted = events.filter((event) => event['tallyspan.duplicate'] !== true);
export const runs = runsOf(counted);
export const ended = [...runs.values()].filter((run) => run.end !== undefined);

export interface RunEvents {
  readonly id: string;
  readonly start: EventRecord | undefined;
  readonly end: EventRecord | undefined;
  readonly calls: readonly EventRecord[];
  readonly tools: readonly EventRecord[];
  readonly toolCosts: readonly EventRecord[];
}

function eventsNamed(own: readonly EventRecord[], name: EventName): EventRecord[] {
  return own.filter((event) => event['event.name'] === name);
}

function runsOf(all: readonly EventRecord[]): Map<string, RunEvents> {
  const byRun = new Map<string, EventRecord[]>();
  for (const event of all) {
    const id = event['agent.run_id'] ?? '';
    byRun.set(id, [...(byRun.get(id) ?? []), event]);
  }
  return new Map(
    [...byRun].map(([id, own]) => [
      id,
      {
        id,
        start: eventsNamed(own, 'agent.run.started')[0],
        end: eventsNamed(own, 'agent.run')[0],
        calls: eventsNamed(own, 'agent.model_call'),
        tools: eventsNamed(own, 'agent.tool_call'),
        toolCosts: eventsNamed(own, 'agent.tool_cost'),
      },
    ]),
  );
}

export function requestOf(lengthMs: number, more: Partial<SignalRequest> = {}): SignalRequest {
  const now = Date.now();
  return { from: now - lengthMs, to: now, now, timezone: 'UTC', ...more };
}

export function numberOf(id: string, request: SignalRequest): number | null {
  const result = evaluate(signalOf(id), events, request);
  if (!('value' in result)) throw new Error(`${id} was asked for one number`);
  return result.value;
}

export function groupsOf(id: string, request: SignalRequest): Map<string, number> {
  const result = evaluate(signalOf(id), events, request);
  if (!('groups' in result)) throw new Error(`${id} was asked for groups`);
  return new Map(result.groups.map(({ by, value }) => [Object.values(by)[0] ?? '', value]));
}

/** Exact, but for the last digits of a quantile or a quotient. */
export function expectSame(actual: number | null | undefined, expected: number | null, what: string): void {
  if (actual === null || actual === undefined || expected === null) {
    expect([what, actual]).toEqual([what, expected]);
    return;
  }
  const isClose = Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
  expect([what, isClose ? expected : actual]).toEqual([what, expected]);
}

export function tableOf(shown: ShownPage, name: string): readonly ShownRow[] {
  const rows = shown.tables[name];
  if (rows === undefined)
    throw new Error(`${shown.title} has no table ${name}, only ${Object.keys(shown.tables).join()}`);
  return rows;
}

/** Runs that have begun and not ended. */
export const open = [...runs.values()].filter((run) => run.end === undefined && run.start !== undefined);

/** Runs that ended after the instant, or that go on and in which something happened after it. */
export function wentOnAfter(atMs: number): RunEvents[] {
  const lastOf = ({ id }: RunEvents): number =>
    Math.max(...counted.filter((event) => event['agent.run_id'] === id).map((event) => event.timestamp));
  return [...ended.filter((run) => endOf(run) > atMs), ...open.filter((run) => lastOf(run) > atMs)];
}

/** What the run has cost; of one that goes on so far. -1 where nothing has a price. */
export function costOf(run: RunEvents): number {
  if (run.end !== undefined) return run.end['agent.cost_nano_usd'] ?? -1;
  const priced = run.calls.filter((call) => call.cost_nano_usd !== undefined);
  return priced.length === 0 ? -1 : sumOf(priced, 'cost_nano_usd');
}

/** What a list says of it: the cost, what that leaves out, and whether it is a guess. */
export function costText(run: RunEvents): string {
  const count = (...statuses: readonly string[]): number =>
    run.calls.filter((call) => statuses.includes(call['tallyspan.cost.status'] ?? '')).length;
  const unpriced = count('unpriced');
  return [
    formatCost(costOf(run) < 0 ? null : costOf(run)),
    ...(unpriced > 0 ? [`${unpriced} call${unpriced === 1 ? '' : 's'} unpriced`] : []),
    ...(count('estimated', 'partial') > 0 ? ['estimated'] : []),
  ].join(' ');
}

/** A remainder costs, and is no call. */
const isOneCall = (event: EventRecord): boolean => event['tallyspan.source'] !== 'remainder';

/** Id, turns, tool calls, time and cost of a run, as the list of runs has them. */
export function listed(run: RunEvents): (string | undefined)[] {
  return [
    run.id,
    formatCount(run.end?.['agent.turns'] ?? run.calls.filter(isOneCall).length),
    formatCount(run.end?.['agent.tool_calls'] ?? run.tools.length),
    run.end === undefined ? 'so far' : formatDuration(run.end.duration_ms),
    costText(run),
  ];
}

export function readListed({ about, cells }: ShownRow): (string | undefined)[] {
  const [time, cost, turns, tools] = cells.slice(7);
  return [about, turns, tools, time?.replace(/^.* so far$/, 'so far'), cost];
}

/** When it ended; of a run that goes on when it began. */
export function endOf(run: RunEvents): number {
  return run.end?.timestamp ?? run.start?.timestamp ?? 0;
}

export function sumOf(
  own: readonly EventRecord[],
  key: 'cost_nano_usd' | 'tokens_input' | 'tokens_output',
): number {
  return own.reduce((sum, event) => sum + (event[key] ?? 0), 0);
}

/** As the page counts them: a duplicate is a step, too. */
export function allCalls(run: RunEvents | undefined): EventRecord[] {
  return events.filter(
    (event) => event['agent.run_id'] === run?.id && event['event.name'] === 'agent.model_call',
  );
}

/** The latest and the greatest value that each line says are those of the reference. */
export function expectTrends(kind: BreakdownKind, rows: readonly ShownRow[], request: SignalRequest): void {
  const named = rows.filter(({ about }) => about !== '');
  for (const row of named) {
    const [cost] = kind.trends;
    if (cost === undefined) continue;
    const points = evaluateSeries(signalOf(cost.signal), events, {
      ...request,
      from: dayOf(request.from, 'UTC').to,
      where: { [kind.dimension]: row.about },
      step: 'day',
    });
    if ('reason' in points) throw new Error(points.reason);
    const known = points.filter(({ value }) => value !== null);
    const most = Math.max(...known.map(({ value }) => value ?? 0));
    if (known.length === 0) continue;
    expect([row.about, row.pictures[0]]).toEqual([
      row.about,
      expect.stringContaining(`latest ${formatCost(known.at(-1)?.value)} (`),
    ]);
    expect(row.pictures[0]).toContain(`most ${formatCost(most)} (`);
  }
}

function compareText(a: string, b: string): number {
  return a.localeCompare(b);
}

/** The same texts, in any order: steps that begin in the same millisecond have none. */
export function expectSameTexts(actual: readonly string[], expected: readonly string[]): void {
  expect(actual.toSorted(compareText)).toEqual(expected.toSorted(compareText));
}

/** Every rule has been checked once. */
export function isChecked(html: string): boolean {
  return (html.match(/<time /g)?.length ?? 0) >= RULES.length;
}

/** Which page an address is of, whatever it shows. */
export function patternOf(path: string): string {
  const [pathname = ''] = path.split('?');
  return pathname.replace(
    /^\/(runs|sessions|alerts|users|agents|versions|tools|models|tasks|projects)\/.+$/,
    '/$1/:id',
  );
}

/** Whether the run is of the thing: has its name, or called it. */
export function isOf(run: RunEvents, dimension: Dimension, name: string): boolean {
  const field = fieldOfDimension(dimension);
  const bearers =
    dimension === 'model' ? run.calls : dimension === 'tool' ? run.tools : [run.end ?? run.start];
  return bearers.some((event) => event?.[field] === name);
}

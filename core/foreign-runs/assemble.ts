// Foreign runs: the events of one trace of others, made of the set of its spans, whatever order they came in. A run is
// the outermost agent, or what is above the calls where no agent is; agents within agents are nested runs. Totals,
// steps and retries mean what they mean in runs of our own.

import { commonFieldsOf, modelCallOf, toolCallOf, type FactSpan } from '../dialects.ts';
import { text } from '../dialects/span-facts.ts';
import { responseIdsOf, type ResponseFields } from '../duplicates.ts';
import type { EventRecord } from '../event.ts';
import { addToGroup } from '../group-by.ts';
import type { PriceOverrides } from '../pricing/price-overrides.ts';
import { Places, type SpanPlace } from './places.ts';
import { runEvents, type ForeignRun } from './run-events.ts';
import { pairApart, type KnownCall } from './calls-beside.ts';
import { callsOf, findDuplicates, readingsOf, type CallReport, type Duplicates } from './same-call.ts';
import { findRepeatedTools } from './same-tool.ts';
import { IDENTITY_KEYS, buildTree, isRoot, type TraceIdentity, type TraceNode } from './trace-tree.ts';

/** Steps beside calls and tools that are worth a line of their own, by operation. */
const NOTED_STEPS: ReadonlySet<unknown> = new Set([
  'embeddings',
  'retrieval',
  'rerank',
  'guardrail',
  'evaluation',
  'prompt',
]);

/** An event while it is put together: it is made here, and filled in place. */
type Draught = { -readonly [K in keyof EventRecord]: EventRecord[K] };

/** A span with its event, in the run that it belongs to. */
interface Member {
  readonly node: TraceNode;
  readonly event: Draught;
  readonly doesCount: boolean;
}

/** A run while it is put together; no head where it is what is above the calls. */
interface Draft {
  readonly head: TraceNode | undefined;
  readonly members: Member[];
}

/** A trace as it is read. */
interface Trace {
  readonly nodes: readonly TraceNode[];
  readonly reports: ReadonlyMap<TraceNode, CallReport>;
}

type Pair = readonly [CallReport, CallReport];

/** The events that the spans of one trace come to, each with its key, without a revision. */
export function assembleTrace(spans: readonly FactSpan[], overrides?: PriceOverrides): EventRecord[] {
  return assembleTogether([readTrace(spans, overrides)], []);
}

/**
 * The events of several traces, of which some may hold reports of the same calls. A report that hangs on nothing belongs
 * where the other one is.
 */
export function assembleTraces(
  traces: readonly (readonly FactSpan[])[],
  overrides?: PriceOverrides,
): EventRecord[] {
  const read = traces
    .toSorted(([a], [b]) => ((a?.traceId ?? '') < (b?.traceId ?? '') ? -1 : 1))
    .map((spans) => readTrace(spans, overrides));
  const pairs = pairApart(read.flatMap((trace) => callsOfTrace(trace)));
  return togetherBy(read, pairs).flatMap((together) => assembleTogether(together, pairs));
}

function readTrace(spans: readonly FactSpan[], overrides: PriceOverrides | undefined): Trace {
  const nodes = buildTree(spans);
  return { nodes, reports: readReports(nodes, overrides) };
}

function callsOfTrace({ reports }: Trace): KnownCall<CallReport>[] {
  const { groups, repeats } = callsOf([...reports.values()]);
  return groups.flatMap((group) => readingsOf(group, repeats));
}

/** The traces that have a call in common, together. */
function togetherBy(traces: readonly Trace[], pairs: readonly Pair[]): Trace[][] {
  const byId = new Map(traces.map((trace) => [trace.nodes[0]?.span.traceId, [trace]]));
  for (const [a, b] of pairs) {
    const one = byId.get(a.node.span.traceId);
    const other = byId.get(b.node.span.traceId);
    if (one === undefined || other === undefined || one === other) continue;
    one.push(...other);
    for (const { nodes } of other) byId.set(nodes[0]?.span.traceId, one);
  }
  return [...new Set(byId.values())];
}

function assembleTogether(traces: readonly Trace[], pairs: readonly Pair[]): EventRecord[] {
  const nodes = traces.flatMap((trace) => trace.nodes);
  const reports = new Map(traces.flatMap((trace) => [...trace.reports]));
  const apart = pairs.filter(([{ node }]) => reports.has(node));
  const duplicates = findDuplicates([...reports.values()], apart);
  const places = new Places(nodes, reports, duplicates);
  const drafts = new Map<TraceNode | undefined, Draft>();
  const draftOf = (head: TraceNode | undefined): Draft => {
    const draft = drafts.get(head) ?? { head, members: [] };
    drafts.set(head, draft);
    return draft;
  };
  for (const node of nodes) if (node.span.facts.kind === 'agent' && places.isHead(node)) draftOf(node);
  const names = namesOfCounted(duplicates);
  const repeated = findRepeatedTools(nodes);
  const events: EventRecord[] = [];
  for (const node of byStart(nodes)) {
    const member = memberOf(node, reports, duplicates, names, repeated);
    if (member === undefined) continue;
    const place = places.of(node);
    if (typeof place === 'object' && 'ownRunId' in place) events.push(inOwnRun(member, place.ownRunId));
    else draftOf(place === 'trace' ? undefined : place.head).members.push(member);
  }
  // A workflow in which nothing ran is a run where it failed: it may have failed before its first call. Emitters make one
  // of each piece that data goes through, and some a trace of each.
  for (const node of nodes)
    if (node.span.facts.kind === 'workflow' && hasFailed(node) && isOutermost(node, places))
      if (!places.hasAgentsBelow(node)) draftOf(node);
  events.push(...new RunsOfTrace(drafts, places).events());
  return events;
}

function hasFailed({ span }: TraceNode): boolean {
  return span.isError || span.facts.errorType !== undefined;
}

function isOutermost(node: TraceNode, places: Places): boolean {
  return node.workflow === undefined && places.isHead(node) && places.of(node) === 'trace';
}

function byStart(nodes: readonly TraceNode[]): TraceNode[] {
  return nodes.toSorted(
    (a, b) =>
      a.span.startMs - b.span.startMs ||
      a.span.endMs - b.span.endMs ||
      (a.span.spanId < b.span.spanId ? -1 : 1),
  );
}

function readReports(
  nodes: readonly TraceNode[],
  overrides: PriceOverrides | undefined,
): Map<TraceNode, CallReport> {
  const reports = new Map<TraceNode, CallReport>();
  for (const node of byStart(nodes)) {
    const { kind, standard } = node.span.facts;
    const isOwn = kind === 'own' && standard['gen_ai.operation.name'] === 'chat';
    if (kind === 'call' || isOwn)
      reports.set(node, { node, event: modelCallOf(node.span, overrides), isOwn });
  }
  return reports;
}

function memberOf(
  node: TraceNode,
  reports: ReadonlyMap<TraceNode, CallReport>,
  duplicates: Duplicates,
  names: ReadonlyMap<CallReport, readonly ResponseFields[]>,
  repeated: ReadonlySet<TraceNode>,
): Member | undefined {
  const { kind, standard } = node.span.facts;
  if (kind === 'call') {
    const report = reports.get(node) as CallReport;
    const event = report.event as Draught;
    const doesCount = !duplicates.has(report);
    if (doesCount) addNames(event, names.get(report) ?? []);
    else {
      // Its response is that of the one which counts. It would be weighed against that again under its names.
      delete event['gen_ai.response.id'];
      delete event['anthropic.request.id'];
      event['tallyspan.duplicate'] = true;
    }
    return { node, event: keyed(event, node), doesCount };
  }
  if (kind === 'tool') {
    const event = keyed(toolCallOf(node.span), node);
    if (repeated.has(node)) event['tallyspan.duplicate'] = true;
    return { node, event, doesCount: !repeated.has(node) };
  }
  const operation = standard['gen_ai.operation.name'];
  if (kind !== 'step' || !NOTED_STEPS.has(operation)) return undefined;
  const {
    duration_ms: _ms,
    'error.type': _error,
    'agent.inferred': _is,
    ...common
  } = commonFieldsOf(node.span);
  const note: Draught = { ...common, 'event.name': 'agent.note' };
  note['agent.note.kind'] = 'step';
  note['agent.note.subject'] = text(operation);
  note['agent.note.value'] = node.span.name;
  return { node, event: keyed(note, node), doesCount: false };
}

function keyed(event: EventRecord, { identity, span }: TraceNode): Draught {
  const draught: Draught = event;
  for (const key of IDENTITY_KEYS) if (identity[key] !== undefined) draught[key] = identity[key];
  draught['tallyspan.source'] = 'span';
  draught['tallyspan.key'] = `${span.traceId}/${span.spanId}`;
  return draught;
}

/** What others that tell of the same calls name their responses, by the report that counts. */
function namesOfCounted(duplicates: Duplicates): ReadonlyMap<CallReport, readonly ResponseFields[]> {
  const names = new Map<CallReport, ResponseFields[]>();
  for (const [other, counted] of duplicates) {
    if (counted === undefined) continue;
    const { 'gen_ai.response.id': message, 'anthropic.request.id': request } = other.event;
    addToGroup(names, counted, { 'gen_ai.response.id': message, 'anthropic.request.id': request });
  }
  return names;
}

/** The call with the names that others give its response: whoever tells of it elsewhere may know either. */
function addNames(event: Draught, names: readonly ResponseFields[]): void {
  if (responseIdsOf(event).length === 2) return;
  for (const { 'gen_ai.response.id': message, 'anthropic.request.id': request } of names) {
    event['gen_ai.response.id'] ??= message;
    event['anthropic.request.id'] ??= request;
  }
}

/** What others tell of inside a run of ours: calls that it did not see itself count; its tools it knows. */
function inOwnRun({ event }: Member, runId: string): EventRecord {
  event['agent.run_id'] = runId;
  if (event['event.name'] === 'agent.tool_call') event['tallyspan.duplicate'] = true;
  return event;
}

class RunsOfTrace {
  readonly #drafts: ReadonlyMap<TraceNode | undefined, Draft>;
  readonly #places: Places;
  readonly #nested = new Map<TraceNode, ForeignRun[]>();

  constructor(drafts: ReadonlyMap<TraceNode | undefined, Draft>, places: Places) {
    this.#drafts = drafts;
    this.#places = places;
  }

  events(): EventRecord[] {
    const events: EventRecord[] = [];
    for (const draft of this.#innermostFirst()) {
      numberSteps(draft.members);
      const run = this.#runOf(draft);
      const calls = draft.members.filter(({ event }) => event['event.name'] === 'agent.model_call');
      const isRun = draft.head !== undefined || calls.some((call) => this.#isBelowSomething(call));
      for (const { event } of draft.members) {
        event['agent.run_id'] = run.id;
        events.push(isRun ? inRun(event, run) : event);
      }
      const member = draft.head?.span ?? calls[0]?.node.span;
      if (isRun && member !== undefined) events.push(...runEvents(run, member));
    }
    return events;
  }

  /** Whether there is anything above a call that counts for it to be the run; a call alone in its trace has none. */
  #isBelowSomething({ node, doesCount }: Member): boolean {
    const { top } = this.#places.anchorOf(node);
    return doesCount && (top.span.facts.kind !== 'call' || !isRoot(top) || this.#places.isAroundCalls(top));
  }

  #innermostFirst(): Draft[] {
    return [...this.#drafts.values()]
      .map((draft) => ({ draft, depth: this.#places.isAtRoot(draft.head) ? 0 : depthOf(draft.head) }))
      .toSorted((a, b) => b.depth - a.depth)
      .map(({ draft }) => draft);
  }

  #runOf({ head, members }: Draft): ForeignRun {
    const counted = members.filter(({ doesCount }) => doesCount).map(({ event }) => event);
    const tops = new Set(members.map(({ node }) => this.#places.anchorOf(node).top));
    const span = head?.span ?? rootOf(tops)?.span;
    const starts = members.map(({ node }) => node.span.startMs);
    const ends = members.map(({ node }) => Math.max(node.span.startMs, node.span.endMs));
    const around = head === undefined ? 'trace' : this.#places.of(head);
    const run: ForeignRun = {
      id: head === undefined ? this.#idAbove(members) : this.#places.runIdOf(head),
      parentId: this.#idOf(around),
      span,
      isEnded: head !== undefined || [...tops].every((top) => isRoot(top)),
      startMs: span?.startMs ?? leastOf(starts),
      endMs: span === undefined ? mostOf(ends) : Math.max(span.startMs, span.endMs, head ? 0 : mostOf(ends)),
      identity: identityOf(head?.identity ?? {}, members),
      agentName:
        text(head?.span.facts.standard['gen_ai.agent.name']) ??
        members.map(({ event }) => event['gen_ai.agent.name']).find((name) => name !== undefined),
      calls: counted.filter((event) => event['event.name'] === 'agent.model_call'),
      tools: counted.filter((event) => event['event.name'] === 'agent.tool_call'),
      nested: (head && this.#nested.get(head)) ?? [],
    };
    if (typeof around === 'object' && 'head' in around) addToGroup(this.#nested, around.head, run);
    return run;
  }

  #idAbove([first]: readonly Member[]): string {
    return first === undefined ? '' : this.#places.runIdAbove(this.#places.anchorOf(first.node));
  }

  #idOf(place: SpanPlace): string | undefined {
    if (place === 'trace') return undefined;
    if ('ownRunId' in place) return place.ownRunId;
    // A workflow around agents that runs nothing itself is no run.
    return this.#drafts.has(place.head) ? this.#places.runIdOf(place.head) : undefined;
  }
}

/** Of any number: as many as a trace has would not fit into the arguments of a call. */
function mostOf(times: readonly number[]): number {
  return times.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY);
}

function leastOf(times: readonly number[]): number {
  return times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
}

/** Runs and workflows that the span is in. */
function depthOf(node: TraceNode | undefined): number {
  let depth = 0;
  for (let at = node; at !== undefined; at = at.agent ?? at.workflow) depth++;
  return depth;
}

/** The span above the calls, where all there is above them has come. */
function rootOf(tops: ReadonlySet<TraceNode>): TraceNode | undefined {
  const [top] = tops;
  return tops.size === 1 && top !== undefined && isRoot(top) ? top : undefined;
}

/** What the run says of who it is for, else what the first of its members that says it says. */
function identityOf(own: TraceIdentity, members: readonly Member[]): TraceIdentity {
  const identity: TraceIdentity = { ...own };
  for (const key of IDENTITY_KEYS) {
    const value = identity[key] ?? members.map(({ event }) => event[key]).find((each) => each !== undefined);
    if (value !== undefined) identity[key] = value;
  }
  return identity;
}

function inRun(event: Draught, run: ForeignRun): EventRecord {
  for (const key of IDENTITY_KEYS) event[key] ??= run.identity[key];
  event['gen_ai.agent.name'] ??= run.agentName;
  event['agent.parent_run_id'] = run.parentId;
  return event;
}

/** Steps and repeats, as runs of our own number them. */
function numberSteps(members: readonly Member[]): void {
  let step = 0;
  const failures = new Map<string, number>();
  for (const { event, doesCount } of members) {
    const name = event['event.name'];
    if (name === 'agent.model_call') {
      if (doesCount) step++;
      if (step > 0) event['agent.step_number'] = step;
    } else if (name === 'agent.tool_call') {
      if (step > 0) event['agent.step_number'] = step;
      if (!doesCount) continue;
      const tool = event['gen_ai.tool.name'] ?? '';
      const earlier = failures.get(tool) ?? 0;
      failures.set(tool, event['tool.ok'] === true ? 0 : earlier + 1);
      event['tool.retry_attempt'] = earlier;
    }
  }
}

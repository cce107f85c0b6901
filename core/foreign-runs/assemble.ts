// Foreign runs: the events of one trace of others, made of the set of its spans, whatever order they came in. A run is
// the outermost agent, or what is above the calls where no agent is; agents within agents are nested runs. Totals,
// steps and retries mean what they mean in runs of our own.

import { commonFieldsOf, modelCallOf, toolCallOf, type FactSpan } from '../dialects.ts';
import { text } from '../dialects/span-facts.ts';
import { responseIdsOf } from '../duplicates.ts';
import type { EventRecord } from '../event.ts';
import { Places, type SpanPlace } from './places.ts';
import { runEvents, type ForeignRun } from './run-events.ts';
import { findDuplicates, type CallReport, type Duplicates } from './same-call.ts';
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

/** A span with its event, in the run that it belongs to. */
interface Member {
  readonly node: TraceNode;
  event: EventRecord;
  readonly doesCount: boolean;
}

/** A run while it is put together; no head where it is what is above the calls. */
interface Draft {
  readonly head: TraceNode | undefined;
  readonly members: Member[];
}

/** The events that the spans of one trace come to, each with its key, without a revision. */
export function assembleTrace(spans: readonly FactSpan[]): EventRecord[] {
  const nodes = buildTree(spans);
  const reports = readReports(nodes);
  const duplicates = findDuplicates([...reports.values()]);
  const places = new Places(nodes, reports, duplicates);
  const drafts = new Map<TraceNode | undefined, Draft>();
  const draftOf = (head: TraceNode | undefined): Draft => {
    const draft = drafts.get(head) ?? { head, members: [] };
    drafts.set(head, draft);
    return draft;
  };
  for (const node of nodes) if (node.span.facts.kind === 'agent' && places.isHead(node)) draftOf(node);
  const events: EventRecord[] = [];
  for (const node of byStart(nodes)) {
    const member = memberOf(node, reports, duplicates);
    if (member === undefined) continue;
    const place = places.of(node);
    if (typeof place === 'object' && 'ownRunId' in place) events.push(inOwnRun(member, place.ownRunId));
    else draftOf(place === 'trace' ? undefined : place.head).members.push(member);
  }
  // A workflow in which nothing runs but itself is a run all the same: it may have failed before its first call.
  for (const node of nodes)
    if (node.span.facts.kind === 'workflow' && isOutermost(node, places) && !places.hasAgentsBelow(node))
      draftOf(node);
  events.push(...new RunsOfTrace(drafts, places).events());
  return events;
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

function readReports(nodes: readonly TraceNode[]): Map<TraceNode, CallReport> {
  const reports = new Map<TraceNode, CallReport>();
  for (const node of byStart(nodes)) {
    const { kind, standard } = node.span.facts;
    const isOwn = kind === 'own' && standard['gen_ai.operation.name'] === 'chat';
    if (kind === 'call' || isOwn) reports.set(node, { node, event: modelCallOf(node.span), isOwn });
  }
  return reports;
}

function memberOf(
  node: TraceNode,
  reports: ReadonlyMap<TraceNode, CallReport>,
  duplicates: Duplicates,
): Member | undefined {
  const { span } = node;
  const keyed = {
    ...node.identity,
    'tallyspan.source': 'span',
    'tallyspan.key': `${span.traceId}/${span.spanId}`,
  } as const;
  switch (span.facts.kind) {
    case 'call': {
      const report = reports.get(node) as CallReport;
      if (!duplicates.has(report)) {
        const event = withNamesOf(report, duplicates);
        return { node, event: { ...event, ...keyed }, doesCount: true };
      }
      // Its response is that of the one which counts. It would be weighed against that again under its names.
      const event = { ...report.event, 'gen_ai.response.id': undefined, 'anthropic.request.id': undefined };
      return { node, event: { ...event, ...keyed, 'tallyspan.duplicate': true }, doesCount: false };
    }
    case 'tool':
      return { node, event: { ...toolCallOf(span), ...keyed }, doesCount: true };
    case 'step': {
      const operation = span.facts.standard['gen_ai.operation.name'];
      if (!NOTED_STEPS.has(operation)) return undefined;
      const {
        duration_ms: _duration,
        'error.type': _error,
        'agent.inferred': _inferred,
        ...common
      } = commonFieldsOf(span);
      const note = {
        ...common,
        'event.name': 'agent.note',
        'agent.note.kind': 'step',
        'agent.note.subject': text(operation),
        'agent.note.value': span.name,
      } as const;
      return { node, event: { ...note, ...keyed }, doesCount: false };
    }
    default:
      return undefined;
  }
}

/** The call with the names that others give its response: whoever tells of it elsewhere may know either. */
function withNamesOf(report: CallReport, duplicates: Duplicates): EventRecord {
  let { event } = report;
  if (responseIdsOf(event).length === 2) return event;
  for (const [other, counted] of duplicates) {
    if (counted !== report) continue;
    const { 'gen_ai.response.id': message, 'anthropic.request.id': request } = other.event;
    event = {
      ...event,
      'gen_ai.response.id': event['gen_ai.response.id'] ?? message,
      'anthropic.request.id': event['anthropic.request.id'] ?? request,
    };
  }
  return event;
}

/** What others tell of inside a run of ours: calls that it did not see itself count; its tools it knows. */
function inOwnRun({ event }: Member, runId: string): EventRecord {
  const isTool = event['event.name'] === 'agent.tool_call';
  return { ...event, 'agent.run_id': runId, ...(isTool && { 'tallyspan.duplicate': true }) };
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
      const isRun = draft.head !== undefined || calls.some(isBelowSomething);
      for (const { event } of draft.members) events.push(isRun ? inRun(event, run) : event);
      const member = draft.head?.span ?? calls[0]?.node.span;
      if (isRun && member !== undefined) events.push(...runEvents(run, member));
    }
    return events;
  }

  #innermostFirst(): Draft[] {
    return [...this.#drafts.values()]
      .map((draft) => ({ draft, depth: depthOf(draft.head) }))
      .toSorted((a, b) => b.depth - a.depth)
      .map(({ draft }) => draft);
  }

  #runOf({ head, members }: Draft): ForeignRun {
    const counted = members.filter(({ doesCount }) => doesCount).map(({ event }) => event);
    const span = head?.span ?? rootOf(members)?.span;
    const starts = members.map(({ node }) => node.span.startMs);
    const ends = members.map(({ node }) => Math.max(node.span.startMs, node.span.endMs));
    const around = head === undefined ? 'trace' : this.#places.of(head);
    const run: ForeignRun = {
      id: head === undefined ? traceIdOf(members) : runIdOf(head),
      parentId: this.#idOf(around),
      span,
      isEnded: head !== undefined || members.every(({ node }) => isRoot(node.top)),
      startMs: span?.startMs ?? Math.min(...starts),
      endMs:
        span === undefined ? Math.max(...ends) : Math.max(span.startMs, span.endMs, ...(head ? [] : ends)),
      identity: identityOf(head?.identity ?? {}, members),
      agentName:
        text(head?.span.facts.standard['gen_ai.agent.name']) ??
        members.map(({ event }) => event['gen_ai.agent.name']).find((name) => name !== undefined),
      calls: counted.filter((event) => event['event.name'] === 'agent.model_call'),
      tools: counted.filter((event) => event['event.name'] === 'agent.tool_call'),
      nested: (head && this.#nested.get(head)) ?? [],
    };
    if (typeof around === 'object' && 'head' in around) {
      const list = this.#nested.get(around.head);
      if (list === undefined) this.#nested.set(around.head, [run]);
      else list.push(run);
    }
    return run;
  }

  #idOf(place: SpanPlace): string | undefined {
    if (place === 'trace') return undefined;
    if ('ownRunId' in place) return place.ownRunId;
    // A workflow around agents that runs nothing itself is no run.
    return this.#drafts.has(place.head) ? runIdOf(place.head) : undefined;
  }
}

/** Runs and workflows that the span is in. */
function depthOf(node: TraceNode | undefined): number {
  let depth = 0;
  for (let at = node; at !== undefined; at = at.agent ?? at.workflow) depth++;
  return depth;
}

/** Whether there is anything above a call that counts for it to be the run; a call alone in its trace has none. */
function isBelowSomething({ node, doesCount }: Member): boolean {
  return doesCount && (node.top.span.facts.kind !== 'call' || !isRoot(node.top));
}

/** The run at the root of a trace has its id; others have one of the trace's and their span's. */
function runIdOf({ span }: TraceNode): string {
  return (span.parentSpanId ?? '') === '' ? span.traceId : span.traceId.slice(0, 16) + span.spanId;
}

function traceIdOf(members: readonly Member[]): string {
  return members[0]?.node.span.traceId ?? '';
}

/** The span above the calls, where all there is above them has come. */
function rootOf(members: readonly Member[]): TraceNode | undefined {
  const tops = [...new Set(members.map(({ node }) => node.top))];
  return tops.length === 1 && tops[0] !== undefined && isRoot(tops[0]) ? tops[0] : undefined;
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

function inRun(event: EventRecord, run: ForeignRun): EventRecord {
  return {
    ...run.identity,
    'gen_ai.agent.name': run.agentName,
    ...withoutAbsent(event),
    'agent.run_id': run.id,
    'agent.parent_run_id': run.parentId,
  };
}

function withoutAbsent(event: EventRecord): EventRecord {
  return Object.fromEntries(
    Object.entries(event).filter(([, value]) => value !== undefined),
  ) as unknown as EventRecord;
}

/** Steps and repeats, as runs of our own number them. */
function numberSteps(members: readonly Member[]): void {
  let step = 0;
  const failures = new Map<string, number>();
  for (const member of members) {
    const name = member.event['event.name'];
    if (name === 'agent.model_call') {
      if (member.doesCount) step++;
      if (step > 0) member.event = { ...member.event, 'agent.step_number': step };
    } else if (name === 'agent.tool_call') {
      const tool = member.event['gen_ai.tool.name'] ?? '';
      const earlier = failures.get(tool) ?? 0;
      failures.set(tool, member.event['tool.ok'] === true ? 0 : earlier + 1);
      member.event = {
        ...member.event,
        'tool.retry_attempt': earlier,
        ...(step > 0 && { 'agent.step_number': step }),
      };
    }
  }
}

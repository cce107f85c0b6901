// Places: which run each span of a trace belongs to. An agent is a run, and so is the outermost workflow where no agent is,
// and else what is above the calls. An agent around calls that our own instrumentation saw is none: they have their run.

import type { Duplicates, CallReport } from './same-call.ts';
import { isRoot, type TraceNode } from './trace-tree.ts';

/** Where a span belongs: in the run of an agent or a workflow, in one of our own, or in what is above the calls. */
export type SpanPlace = { readonly head: TraceNode } | { readonly ownRunId: string } | 'trace';

export class Places {
  /** Agents and workflows that are no runs. */
  readonly #without = new Set<TraceNode>();
  readonly #withAgents = new Set<TraceNode>();
  /** Spans told of as calls that are around several: what asked for them wears what one of them said. */
  readonly #aroundCalls = new Set<TraceNode>();
  /** Reports that hang on no agent, and another report of their call that does. */
  readonly #beside: ReadonlyMap<TraceNode, TraceNode>;
  /** The agent, the workflow or the span of a run of our own at the root of each trace. */
  readonly #roots = new Map<string, TraceNode>();
  /** Runs of our own that saw the call, or what the agent or the workflow asked for, in a trace of theirs. */
  readonly #ownElsewhere = new Map<TraceNode, string>();

  constructor(
    nodes: readonly TraceNode[],
    reports: ReadonlyMap<TraceNode, CallReport>,
    duplicates: Duplicates,
  ) {
    const calls = new Map<TraceNode, number>();
    this.#beside = besidesOf(duplicates);
    const agents = new Map<TraceNode, number>();
    for (const { agent, span } of nodes)
      if (agent !== undefined && span.facts.kind === 'agent') agents.set(agent, (agents.get(agent) ?? 0) + 1);
    const working = agentsThatWork(nodes, reports, duplicates, this.#beside);
    for (const [report, counted] of duplicates) if (counted === undefined) this.#aroundCalls.add(report.node);
    const withOwn = this.#notedElsewhere(duplicates);
    const belowOwn = new Set<TraceNode>();
    for (const node of nodes) {
      const { parent } = node;
      if (parent !== undefined && (belowOwn.has(parent) || parent.span.facts.ownRunId !== undefined))
        belowOwn.add(node);
    }
    for (const node of nodes.toReversed()) {
      const report = reports.get(node);
      const counted = report !== undefined && !report.isOwn && !duplicates.has(report) ? 1 : 0;
      const sum = (calls.get(node) ?? 0) + counted;
      const { kind, ownRunId } = node.span.facts;
      if ((kind === 'agent' || kind === 'workflow') && sum === 0 && (withOwn.has(node) || belowOwn.has(node)))
        this.#without.add(node);
      if (kind === 'agent' && isWrapper(node) && agents.get(node) === 1 && !working.has(node))
        this.#without.add(node);
      const { parent } = node;
      if (parent === undefined) continue;
      calls.set(parent, (calls.get(parent) ?? 0) + sum);
      if (withOwn.has(node) || ownRunId !== undefined) withOwn.add(parent);
      if (this.#withAgents.has(node) || (kind === 'agent' && !this.#without.has(node)))
        this.#withAgents.add(parent);
    }
    for (const node of nodes) {
      const { parentSpanId = '', facts, traceId } = node.span;
      const isRun = facts.ownRunId !== undefined || (RUN_KINDS.has(facts.kind) && this.isHead(node));
      if (parentSpanId === '' && isRun && !this.#roots.has(traceId)) this.#roots.set(traceId, node);
    }
  }

  /** Reports of calls that our instrumentation saw in another trace. */
  #notedElsewhere(duplicates: Duplicates): Set<TraceNode> {
    const noted = new Set<TraceNode>();
    for (const [{ node }, counted] of duplicates) {
      const runId = counted?.isOwn === true ? counted.node.span.facts.ownRunId : undefined;
      if (runId === undefined || counted?.node.span.traceId === node.span.traceId) continue;
      noted.add(node);
      this.#ownElsewhere.set(node, runId);
      for (let at = node.agent; at !== undefined; at = at.agent)
        if (!this.#ownElsewhere.has(at)) this.#ownElsewhere.set(at, runId);
      if (node.workflow !== undefined && !this.#ownElsewhere.has(node.workflow))
        this.#ownElsewhere.set(node.workflow, runId);
    }
    return noted;
  }

  /** The span that stands for it where it hangs on nothing itself: another report of its call. */
  anchorOf(node: TraceNode): TraceNode {
    return this.#beside.get(node) ?? node;
  }

  /** Whether the agent or workflow may be a run. */
  isHead(node: TraceNode): boolean {
    return !this.#without.has(node);
  }

  /** Whether the span is told of as a call, and is around several. */
  isAroundCalls(node: TraceNode): boolean {
    return this.#aroundCalls.has(node);
  }

  hasAgentsBelow(node: TraceNode): boolean {
    return this.#withAgents.has(node);
  }

  /** Where the span belongs; an agent's own place is where it is nested. */
  of(given: TraceNode): SpanPlace {
    const node = this.anchorOf(given);
    let at = node;
    let elsewhere = this.#ownElsewhere.get(node);
    while (at.agent !== undefined) {
      if (this.isHead(at.agent)) return { head: at.agent };
      at = at.agent;
      elsewhere ??= this.#ownElsewhere.get(at);
    }
    if (at.ownRunId !== undefined) return { ownRunId: at.ownRunId };
    const { workflow } = node;
    if (workflow !== undefined && this.isHead(workflow)) return { head: workflow };
    elsewhere ??= workflow && this.#ownElsewhere.get(workflow);
    if (elsewhere !== undefined) return { ownRunId: elsewhere };
    return isRoot(node.top) ? 'trace' : this.#placeAtRoot(node);
  }

  /** What hangs on a span that has not come is taken for a part of the run at the root, where there is one. */
  #placeAtRoot(node: TraceNode): SpanPlace {
    const root = this.#rootOf(node);
    if (root === undefined || root === node.top) return 'trace';
    const { ownRunId } = root.span.facts;
    return ownRunId === undefined ? { head: root } : { ownRunId };
  }

  #rootOf({ span }: TraceNode): TraceNode | undefined {
    return this.#roots.get(span.traceId);
  }

  /** Whether the run is the one at the root, which what hangs on nothing is nested in. */
  isAtRoot(node: TraceNode | undefined): boolean {
    return node !== undefined && node === this.#rootOf(node);
  }

  /** The run at the root of a trace has its id; others have one of the trace's and their span's. */
  runIdOf(node: TraceNode): string {
    const { traceId, spanId } = node.span;
    return this.isAtRoot(node) ? traceId : traceId.slice(0, 16) + spanId;
  }

  /** The id of the run that calls are in which have no agent above them. */
  runIdAbove({ top }: TraceNode): string {
    const root = this.#rootOf(top);
    const isTaken = root !== undefined && root.span.facts.ownRunId === undefined;
    return isTaken ? this.runIdOf(top) : top.span.traceId;
  }
}

const RUN_KINDS: ReadonlySet<unknown> = new Set(['agent', 'workflow']);

const OPENINFERENCE = 'openinference';

/** OpenInference makes an agent without a name of the whole that one agent was asked for in. */
function isWrapper({ span: { facts } }: TraceNode): boolean {
  return facts.rule?.startsWith(OPENINFERENCE) === true && facts.standard['gen_ai.agent.name'] === undefined;
}

/** The agents with a call or a tool that is in no agent within them. */
function agentsThatWork(
  nodes: readonly TraceNode[],
  reports: ReadonlyMap<TraceNode, CallReport>,
  duplicates: Duplicates,
  beside: ReadonlyMap<TraceNode, TraceNode>,
): ReadonlySet<TraceNode> {
  const working = new Set<TraceNode>();
  for (const node of nodes) {
    const report = reports.get(node);
    const isWork = node.span.facts.kind === 'tool' || (report !== undefined && !duplicates.has(report));
    const { agent } = beside.get(node) ?? node;
    if (isWork && agent !== undefined) working.add(agent);
  }
  return working;
}

function isOfOneTrace([first, ...others]: readonly TraceNode[]): boolean {
  return others.every(({ span }) => span.traceId === first?.span.traceId);
}

/** Whether there is nothing above it but other reports of its call. */
function isAlone({ top }: TraceNode, reports: readonly TraceNode[]): boolean {
  return isRoot(top) && reports.includes(top);
}

/** Of several reports of one call those that hang on no agent are where the one is that does. */
function besidesOf(duplicates: Duplicates): ReadonlyMap<TraceNode, TraceNode> {
  const groups = new Map<CallReport, TraceNode[]>();
  for (const [other, counted] of duplicates) {
    if (counted === undefined || counted.isOwn) continue;
    const nodes = groups.get(counted) ?? [counted.node];
    nodes.push(other.node);
    groups.set(counted, nodes);
  }
  const beside = new Map<TraceNode, TraceNode>();
  for (const nodes of groups.values()) {
    const placed =
      nodes.find(({ agent }) => agent !== undefined) ??
      nodes.find(({ workflow }) => workflow !== undefined) ??
      (isOfOneTrace(nodes) ? undefined : nodes.find((node) => !isAlone(node, nodes)));
    if (placed === undefined) continue;
    for (const node of nodes) {
      const hangs = node.agent ?? node.ownRunId ?? (placed.agent === undefined ? node.workflow : undefined);
      const isElsewhere = node.span.traceId !== placed.span.traceId && !isAlone(node, nodes);
      if (node !== placed && hangs === undefined && !isElsewhere) beside.set(node, placed);
    }
  }
  return beside;
}

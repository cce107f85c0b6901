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
  /** The agent, the workflow or the span of a run of our own at the root of the trace. */
  readonly #root: TraceNode | undefined;

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
    const withOwn = new Set<TraceNode>();
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
    this.#root = nodes.find(
      (node) =>
        (node.span.parentSpanId ?? '') === '' &&
        (node.span.facts.ownRunId !== undefined ||
          (RUN_KINDS.has(node.span.facts.kind) && this.isHead(node))),
    );
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
    const node = this.#beside.get(given) ?? given;
    let at = node;
    while (at.agent !== undefined) {
      if (this.isHead(at.agent)) return { head: at.agent };
      at = at.agent;
    }
    if (at.ownRunId !== undefined) return { ownRunId: at.ownRunId };
    const { workflow } = node;
    if (workflow !== undefined && this.isHead(workflow)) return { head: workflow };
    return isRoot(node.top) ? 'trace' : this.#placeAtRoot(node);
  }

  /** What hangs on a span that has not come is taken for a part of the run at the root, where there is one. */
  #placeAtRoot(node: TraceNode): SpanPlace {
    if (this.#root === undefined || this.#root === node.top) return 'trace';
    const { ownRunId } = this.#root.span.facts;
    return ownRunId === undefined ? { head: this.#root } : { ownRunId };
  }

  /** Whether the run is the one at the root, which what hangs on nothing is nested in. */
  isAtRoot(node: TraceNode | undefined): boolean {
    return node !== undefined && node === this.#root;
  }

  /** The run at the root of a trace has its id; others have one of the trace's and their span's. */
  runIdOf(node: TraceNode): string {
    const { traceId, spanId } = node.span;
    return this.isAtRoot(node) ? traceId : traceId.slice(0, 16) + spanId;
  }

  /** The id of the run that calls are in which have no agent above them. */
  runIdAbove({ top }: TraceNode): string {
    const { traceId } = top.span;
    const isTaken = this.#root !== undefined && this.#root.span.facts.ownRunId === undefined;
    return isTaken ? this.runIdOf(top) : traceId;
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
      nodes.find(({ agent }) => agent !== undefined) ?? nodes.find(({ workflow }) => workflow !== undefined);
    if (placed === undefined) continue;
    for (const node of nodes) {
      const hangs = node.agent ?? node.ownRunId ?? (placed.agent === undefined ? node.workflow : undefined);
      if (hangs === undefined) beside.set(node, placed);
    }
  }
  return beside;
}

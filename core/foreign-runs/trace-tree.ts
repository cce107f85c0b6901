// Trace tree: the spans of one trace as they hang together, in the order of their start, whatever order they came in.
// What encloses a span is the nearest agent above it, or the nearest span of a run of our own.

import type { FactSpan } from '../dialects.ts';
import type { StandardKey } from '../dialects/dialect.ts';

/** Keys that a span has from the spans above it where it does not say them itself. */
export const IDENTITY_KEYS = [
  'gen_ai.conversation.id',
  'user.id',
  'agent.task_type',
  'agent.version',
] as const satisfies readonly StandardKey[];
export type TraceIdentity = Partial<Record<(typeof IDENTITY_KEYS)[number], string>>;

export interface TraceNode {
  readonly span: FactSpan;
  parent: TraceNode | undefined;
  readonly children: TraceNode[];
  /** The agent that it is in: the nearest above. */
  agent: TraceNode | undefined;
  /** Run of our own that it is in, where that is nearer than any agent. */
  ownRunId: string | undefined;
  /** The outermost workflow that it is in. */
  workflow: TraceNode | undefined;
  /** The topmost span above it, or itself. */
  top: TraceNode;
  identity: TraceIdentity;
}

/** The spans of one trace, each once, parents before children. */
export function buildTree(spans: readonly FactSpan[]): readonly TraceNode[] {
  const byId = new Map<string, TraceNode>();
  for (const span of spans.toSorted(byStart)) {
    if (byId.has(span.spanId)) continue;
    const node = {
      span,
      parent: undefined,
      children: [],
      agent: undefined,
      ownRunId: undefined,
      workflow: undefined,
      identity: {},
    } as Omit<TraceNode, 'top'> as TraceNode;
    node.top = node;
    byId.set(span.spanId, node);
  }
  for (const node of byId.values()) {
    node.parent = byId.get(node.span.parentSpanId ?? '');
    if (node.parent === node) node.parent = undefined;
  }
  const nodes = [...byId.values()];
  cutCircles(nodes);
  for (const node of nodes) node.parent?.children.push(node);
  return fromTheTop(nodes);
}

function byStart(a: FactSpan, b: FactSpan): number {
  return a.startMs - b.startMs || (a.spanId < b.spanId ? -1 : a.spanId > b.spanId ? 1 : 0);
}

/** Spans whose parents lead in a circle hang on nothing. */
function cutCircles(nodes: readonly TraceNode[]): void {
  const state = new Map<TraceNode, 'open' | 'done'>();
  for (const node of nodes) {
    const path: TraceNode[] = [];
    let at: TraceNode | undefined = node;
    while (at !== undefined && !state.has(at)) {
      state.set(at, 'open');
      path.push(at);
      at = at.parent;
    }
    if (at !== undefined && state.get(at) === 'open')
      for (const each of path.slice(path.indexOf(at))) each.parent = undefined;
    for (const each of path) state.set(each, 'done');
  }
}

function fromTheTop(nodes: readonly TraceNode[]): readonly TraceNode[] {
  const order: TraceNode[] = nodes.filter(({ parent }) => parent === undefined);
  for (let at = 0; at < order.length; at++) {
    const node = order[at] as TraceNode;
    takeFromParent(node);
    for (const child of node.children) order.push(child);
  }
  return order;
}

function takeFromParent(node: TraceNode): void {
  const { parent } = node;
  if (parent !== undefined) {
    const { kind, ownRunId } = parent.span.facts;
    node.top = parent.top;
    node.workflow = parent.workflow ?? (kind === 'workflow' ? parent : undefined);
    if (kind === 'agent') node.agent = parent;
    else if (ownRunId !== undefined) node.ownRunId = ownRunId;
    else [node.agent, node.ownRunId] = [parent.agent, parent.ownRunId];
  }
  const { standard } = node.span.facts;
  for (const key of IDENTITY_KEYS) {
    const value = textOf(standard[key]) ?? parent?.identity[key];
    if (value !== undefined) node.identity[key] = value;
  }
}

/** Whether nothing can come any more that belongs above the span. */
export function isRoot({ span }: Pick<TraceNode, 'span'>): boolean {
  return (span.parentSpanId ?? '') === '' || span.facts.isLocalRoot === true;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

// Same tool: one call of a tool may be told of by several spans, such as a framework's with that of the MCP client in it, and
// that of the server below. The outermost counts.

import { text } from '../dialects/span-facts.ts';
import type { TraceNode } from './trace-tree.ts';

/** What stands between a tool and another that is one of its own. */
const BOUNDS: ReadonlySet<string> = new Set(['agent', 'call', 'own']);

/** The spans of tools that repeat another's: in one of the same name, or by the same id of the call at the same time. */
export function findRepeatedTools(nodes: readonly TraceNode[]): ReadonlySet<TraceNode> {
  const repeated = new Set<TraceNode>();
  const byId = new Map<string, TraceNode[]>();
  for (const node of nodes) {
    if (node.span.facts.kind !== 'tool') continue;
    if (isInSameTool(node)) {
      repeated.add(node);
      continue;
    }
    const id = text(node.span.facts.standard['gen_ai.tool.call.id']);
    if (id === undefined) continue;
    const others = byId.get(id);
    if (others === undefined) byId.set(id, [node]);
    else if (others.some((other) => nameOf(other) === nameOf(node) && doOverlap(other, node)))
      repeated.add(node);
    else others.push(node);
  }
  return repeated;
}

function isInSameTool(node: TraceNode): boolean {
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if (at.span.facts.kind === 'tool') return nameOf(at) === nameOf(node);
    if (BOUNDS.has(at.span.facts.kind)) return false;
  }
  return false;
}

function nameOf({ span: { facts } }: TraceNode): string | undefined {
  return text(facts.standard['gen_ai.tool.name']);
}

function doOverlap({ span: a }: TraceNode, { span: b }: TraceNode): boolean {
  return a.startMs < b.endMs && b.startMs < a.endMs;
}

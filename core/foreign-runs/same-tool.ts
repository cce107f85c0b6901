// Same tool: one call of a tool may be told of by several spans, such as a framework's with that of the MCP client in it, and
// that of the server below: the outermost counts. Of two emitters, neither of which is below the other, one lies within the
// time of the other. What our own instrumentation tells of counts before all of these.

import type { FactSpan } from '../dialects.ts';
import { text } from '../dialects/span-facts.ts';
import { emitterOf, liesWithin } from './calls-beside.ts';
import { matchMost } from './match-most.ts';
import type { TraceNode } from './trace-tree.ts';

/** What stands between a tool and another that is one of its own. */
const BOUNDS: ReadonlySet<string> = new Set(['agent', 'call', 'own']);

/** The spans of tools that repeat another's: in one of the same name, or by the same id of the call at the same time. */
export function findRepeatedTools(nodes: readonly TraceNode[]): ReadonlySet<TraceNode> {
  const repeated = new Set<TraceNode>();
  const byId = new Map<string, TraceNode[]>();
  const tools = nodes.filter(({ span }) => span.facts.kind === 'tool' || isOwnTool(span));
  for (const node of tools.toSorted((a, b) => Number(isOwnTool(b.span)) - Number(isOwnTool(a.span)))) {
    if (!isOwnTool(node.span) && isInSameTool(node)) {
      repeated.add(node);
      continue;
    }
    const id = idOf(node);
    if (id === undefined) continue;
    const others = byId.get(id);
    if (others === undefined) byId.set(id, [node]);
    else if (others.some((other) => nameOf(other) === nameOf(node) && doOverlap(other, node)))
      repeated.add(node);
    else others.push(node);
  }
  for (const tool of findBeside(tools.filter((node) => !repeated.has(node)))) repeated.add(tool);
  return repeated;
}

/** A tool that our own instrumentation tells of: its event is there already. */
function isOwnTool({ facts }: FactSpan): boolean {
  return facts.kind === 'own' && facts.standard['gen_ai.operation.name'] === 'execute_tool';
}

/** Those of whose call another emitter tells. */
function findBeside(tools: readonly TraceNode[]): TraceNode[] {
  const emitters = [...new Set(tools.map(({ span }) => emitterOf(span)))].toSorted();
  if (emitters.length < 2) return [];
  const calls: TraceNode[][] = [];
  for (const emitter of emitters) {
    const own = tools.filter(({ span }) => emitterOf(span) === emitter);
    const matched = matchMost(own, calls, (tool, call) => call.some((other) => isSameCall(tool, other)));
    for (const tool of own) {
      const call = matched.get(tool);
      if (call === undefined) calls.push([tool]);
      else call.push(tool);
    }
  }
  return calls.flatMap((call) => {
    const best =
      call.find(({ span }) => isOwnTool(span)) ?? call.find((tool) => idOf(tool) !== undefined) ?? call[0];
    return call.filter((tool) => tool !== best);
  });
}

function isSameCall(a: TraceNode, b: TraceNode): boolean {
  if (a.span.traceId !== b.span.traceId || nameOf(a) !== nameOf(b)) return false;
  // What an own tool asked of others may have a tool of the same name; that is another one.
  if ((isOwnTool(a.span) && isBelow(b, a)) || (isOwnTool(b.span) && isBelow(a, b))) return false;
  const [one, other] = [idOf(a), idOf(b)];
  if (one !== undefined && other !== undefined) return one === other;
  return liesWithin(a.span, b.span) || liesWithin(b.span, a.span);
}

function isBelow(node: TraceNode, above: TraceNode): boolean {
  for (let at = node.parent; at !== undefined; at = at.parent) if (at === above) return true;
  return false;
}

function idOf({ span: { facts } }: TraceNode): string | undefined {
  return text(facts.standard['gen_ai.tool.call.id']);
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

// How owners of context cost are called where people read them: a tool by its name, a pseudo-tool in words.

import { PSEUDO_TOOLS } from './block-shape.ts';

const NAMES: ReadonlyMap<string, string> = new Map([
  [PSEUDO_TOOLS.system, 'System prompt'],
  [PSEUDO_TOOLS.tools, 'Tool definitions'],
  [PSEUDO_TOOLS.user, 'User input'],
  [PSEUDO_TOOLS.history, 'History'],
  [PSEUDO_TOOLS.output, 'Output'],
  [PSEUDO_TOOLS.instructions, 'CLAUDE.md'],
  [PSEUDO_TOOLS.unknown, 'Not known'],
]);

/** Owners that are no tools. */
export const PSEUDO_TOOL_NAMES: readonly string[] = [...NAMES.keys()];

/** Whether the owner is a part of the prompt or the answer, and no tool. */
export function isPseudoTool(owner: string): boolean {
  return NAMES.has(owner);
}

/** The name of an owner for people: the tool's own, or that of the part of the prompt. */
export function ownerName(owner: string): string {
  return NAMES.get(owner) ?? owner;
}

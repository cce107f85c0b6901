// Context steps: what the lines of a transcript put into the context of the next call, as lengths, by owner.

import { PSEUDO_TOOLS } from '../attribution/block-shape.ts';
import type { Json } from '../model-call/json.ts';
import type { ContextStep } from './context-costs.ts';
import type { RequestPrefix } from './facts.ts';
import { spanIdOf } from './ids.ts';
import { blocksOf, objectOf, textOf } from './json-value.ts';
import { contentLength } from './tool-blocks.ts';

const INTERRUPTED = '[Request interrupted by user';
/** Attachments that are files of instructions: those of the start, and those of a folder that was looked into. */
const INSTRUCTION_TYPES: ReadonlySet<string> = new Set(['instructions', 'nested_memory']);

/** Whether a user line says that the user stopped the turn. */
export function isInterruption(content: unknown, blocks: readonly Json[]): boolean {
  const text =
    typeof content === 'string' ? content : blocks.find((block) => block['type'] === 'text')?.['text'];
  return typeof text === 'string' && text.startsWith(INTERRUPTED);
}

/** What a user line adds: results of tools, and texts. */
export function addUserContext(
  steps: ContextStep[],
  line: Json,
  content: unknown,
  blocks: readonly Json[],
): void {
  const owner = line['isCompactSummary'] === true ? PSEUDO_TOOLS.history : PSEUDO_TOOLS.user;
  if (typeof content === 'string') steps.push({ kind: 'part', owner, chars: contentLength(content) });
  for (const block of blocks) {
    const toolUseId = block['type'] === 'tool_result' ? textOf(block['tool_use_id']) : undefined;
    if (toolUseId === undefined) steps.push({ kind: 'part', owner, chars: contentLength([block]) });
    else steps.push({ kind: 'result', toolUseId, chars: contentLength(block['content']) });
  }
}

/** What an attachment adds: instructions, or a reminder of Claude Code, which is a part of its system prompt. */
export function readAttachment(line: Json): ContextStep[] {
  const attachment = objectOf(line['attachment']);
  const isInstructions = INSTRUCTION_TYPES.has(textOf(attachment?.['type']) ?? '');
  const owner = isInstructions ? PSEUDO_TOOLS.instructions : PSEUDO_TOOLS.system;
  const rendered = blocksOf(line['rendered']).reduce((sum, part) => sum + contentLength(part['content']), 0);
  const chars = rendered > 0 || !isInstructions ? rendered : instructionLength(attachment ?? {});
  return chars > 0 ? [{ kind: 'part', owner, chars }] : [];
}

/** Older versions do not say what became of it. */
function instructionLength({ files, content }: Json): number {
  return [...blocksOf(files), objectOf(content) ?? {}].reduce(
    (sum, file) => sum + contentLength(file['content']),
    0,
  );
}

export function hashesOf({ system, tools }: Json): RequestPrefix {
  const definitions = blocksOf(tools).map((tool) => JSON.stringify(tool));
  return {
    system: spanIdOf('system', JSON.stringify(system) ?? ''),
    tools: `${spanIdOf('tools', ...definitions)}.${spanIdOf('tools', ...definitions.toSorted())}`,
  };
}

// Message facts: what a whole API Message says about its price, beside its usage.

import type { PriceRequest } from './cost.ts';

export type MessageFacts = Omit<PriceRequest, 'atMs' | 'platform' | 'region'>;

const CONTAINER_TOOLS: ReadonlySet<string> = new Set([
  'code_execution',
  'bash_code_execution',
  'text_editor_code_execution',
]);
const WEB_TOOLS: ReadonlySet<string> = new Set(['web_search', 'web_fetch']);

type Block = Readonly<Record<string, unknown>>;

/**
 * Reads model, usage, stop reason and content of a Message. The first fallback block names the model that
 * was asked for. A stop reason of null says that the stream never ended. `model` is empty when there is none.
 */
export function readMessage(message: Readonly<Record<string, unknown>>): MessageFacts {
  const content = Array.isArray(message['content']) ? (message['content'] as unknown[]) : undefined;
  const blocks = content?.filter(isBlock);
  const stopReason = message['stop_reason'];
  const requestedModel = blocks && findRequestedModel(blocks);
  const billTo = isBlock(message['billing_policy']) ? message['billing_policy']['bill_to'] : undefined;
  return {
    model: typeof message['model'] === 'string' ? message['model'] : '',
    usage: message['usage'],
    isComplete: stopReason !== null,
    hasCodeExecution: hasMeteredContainer(message['container'], blocks ?? []),
    ...(typeof stopReason === 'string' && { stopReason }),
    ...(blocks && { hasOutput: blocks.some(isOutput) }),
    ...(requestedModel !== undefined && { requestedModel }),
    ...(typeof billTo === 'string' && { billTo }),
  };
}

function isOutput(block: Block): boolean {
  return block['type'] !== 'fallback' && !(block['type'] === 'text' && block['text'] === '');
}

function findRequestedModel(blocks: readonly Block[]): string | undefined {
  const from = blocks.find((block) => block['type'] === 'fallback')?.['from'];
  const model = isBlock(from) ? from['model'] : undefined;
  return typeof model === 'string' ? model : undefined;
}

/**
 * Whether container time may be charged. With the web tools that call code by themselves it is free; that
 * they were in the request shows in a web call whose caller is code.
 */
function hasMeteredContainer(container: unknown, blocks: readonly Block[]): boolean {
  const usesContainer = isBlock(container) || blocks.some(isContainerCall);
  return usesContainer && !blocks.some(isWebCallFromCode);
}

function isContainerCall(block: Block): boolean {
  if (block['type'] === 'server_tool_use') return CONTAINER_TOOLS.has(String(block['name']));
  return String(block['type']).endsWith('code_execution_tool_result');
}

function isWebCallFromCode(block: Block): boolean {
  if (block['type'] !== 'server_tool_use' || !WEB_TOOLS.has(String(block['name']))) return false;
  return isBlock(block['caller']) && String(block['caller']['type']).startsWith('code_execution');
}

function isBlock(value: unknown): value is Block {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Said texts: what a request or an answer says, block by block, without the names of JSON.

import { conversationOf, type Conversation, type MessageBlock } from './conversation.ts';

export interface SaidText {
  readonly text: string;
  /** Id of the tool call whose arguments or result it is. */
  readonly toolCallId: string | undefined;
}

/** What is said in a request and an answer, in this order; their JSON as it is where it cannot be read. */
export function saidTexts(requestJson: string | undefined, responseJson: string | undefined): SaidText[] {
  const conversation = conversationOf(requestJson, responseJson, undefined);
  if (conversation !== undefined) return textsOfConversation(conversation);
  return [requestJson, responseJson].flatMap((text) =>
    text === undefined ? [] : [{ text, toolCallId: undefined }],
  );
}

function textsOfConversation({ system, tools, messages, answer }: Conversation): SaidText[] {
  const blocks = [...messages, ...(answer === undefined ? [] : [answer])].flatMap(
    (message) => message.blocks,
  );
  return [
    ...system.flatMap((block) => textsOfBlock(block)),
    ...tools.map((tool) => ({ text: `${tool.name} ${tool.description}`, toolCallId: undefined })),
    ...blocks.flatMap((block) => textsOfBlock(block)),
  ];
}

function textsOfBlock(block: MessageBlock, toolCallId?: string): SaidText[] {
  switch (block.kind) {
    case 'text':
      return [block.text, ...(block.citations ?? []).map(valuesOf)].map((text) => ({ text, toolCallId }));
    case 'thinking':
      return [{ text: block.text, toolCallId }];
    case 'tool_use':
      return [{ text: `${block.name} ${valuesOf(block.input)}`, toolCallId: block.id }];
    case 'tool_result':
      return block.blocks.flatMap((inner) => textsOfBlock(inner, block.id));
    case 'file':
      return [
        { text: block.detail, toolCallId },
        ...block.blocks.flatMap((inner) => textsOfBlock(inner, toolCallId)),
      ];
    case 'other':
      return [{ text: valuesOf(block.value), toolCallId }];
  }
}

/** A value as JSON with its texts as they are read, not as they are escaped. */
function valuesOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  return Object.entries(value)
    .map(([key, inner]) => (Array.isArray(value) ? valuesOf(inner) : `${key}: ${valuesOf(inner)}`))
    .join(', ');
}

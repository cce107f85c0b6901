// What a run said and was told, as one text: the conversation of its last recorded model call, and what came back.

import { conversationOf, conversationTexts, type MessageBlock } from '../../core/model-call/conversation.ts';
import { readContents, type CallTexts } from './run-content.ts';
import type { RunTree, Source } from '../../server/source.ts';

/** What was recorded of a run, as scorers get it. */
export interface RunContent {
  /** The last message of the user. */
  readonly input: string;
  /** The last answer. */
  readonly output: string;
  /** The whole conversation with tool calls and results, without the system prompt. */
  readonly conversation: string;
}

/** Undefined where nothing was recorded, or it cannot be opened here. */
export async function readRunContent(source: Source, run: RunTree): Promise<RunContent | undefined> {
  const { calls } = await readContents(source, run, undefined);
  const texts = run.steps.flatMap((step): CallTexts[] => {
    const found = step.step === 'model_call' ? calls.get(String(step['span_id'])) : undefined;
    return found === undefined ? [] : [found];
  });
  for (const { request, response } of texts.toReversed()) {
    const conversation = conversationOf(request, response, undefined);
    if (conversation?.answer === undefined) continue;
    const { messages, answer } = conversationTexts(conversation);
    const asked = conversation.messages.findLast(
      ({ role, blocks }) => role === 'user' && blocks.some(({ kind }) => kind === 'text'),
    );
    return {
      input: asked === undefined ? '' : textOf(asked.blocks),
      output: textOf(conversation.answer.blocks),
      conversation: `${messages}\n\n[answer]\n${answer}`,
    };
  }
  return undefined;
}

function textOf(blocks: readonly MessageBlock[]): string {
  return blocks.flatMap((block) => (block.kind === 'text' ? [block.text] : [])).join('\n');
}

// Content attributes: the messages of a call on its span, in the form of the GenAI conventions. Only with
// TALLYSPAN_CONTENT=full. Attributes of events never carry them.

import type { Attributes } from '@opentelemetry/api';
import { cutText } from '../../core/text/cut-text.ts';
import { maskKnownSecrets } from '../../core/text/redaction.ts';
import { asJson, asList, asText } from '../../core/model-call/json.ts';

/** Longer texts are cut, so that one span stays within what collectors take. */
const MAX_CHARS = 250_000;

/** Input, system instructions and output of a call as JSON. */
export function contentAttributes(params: unknown, output: unknown): Attributes {
  const { messages, system } = asJson(params);
  return {
    'gen_ai.input.messages': toJson(
      asList(messages).map((message) => ({
        role: asJson(message)['role'],
        parts: partsOf(asJson(message)['content']),
      })),
    ),
    'gen_ai.output.messages': toJson([{ role: 'assistant', parts: partsOf(output) }]),
    ...(system === undefined ? {} : { 'gen_ai.system_instructions': toJson(partsOf(system)) }),
  };
}

function toJson(value: unknown): string {
  return cutText(maskKnownSecrets(JSON.stringify(value) ?? ''), MAX_CHARS);
}

function partsOf(content: unknown): unknown[] {
  if (typeof content === 'string') return [{ type: 'text', content }];
  return asList(content).map((block) => {
    const { type, text, id, name, input, tool_use_id: toolUseId, content: result } = asJson(block);
    switch (type) {
      case 'text':
        return { type, content: asText(text) ?? '' };
      case 'tool_use':
        return { type: 'tool_call', id, name, arguments: input };
      case 'tool_result':
        return { type: 'tool_call_response', id: toolUseId, response: result };
      default:
        // Images, documents and thinking by their kind alone.
        return { type };
    }
  });
}

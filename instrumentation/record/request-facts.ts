// Request facts: what one Messages request says that telemetry needs, read without keeping content.

import { cutText } from '../../core/text/cut-text.ts';
import { SENT_NAME_CHARS } from '../../core/field-limits.ts';
import { asJson, asList, asText } from '../../core/model-call/json.ts';
import { describeRequest, type RequestShape } from '../../core/attribution/request-shape.ts';
import type { ToolResult } from './tools/pending-tool.ts';

export interface RequestFacts {
  readonly model: string;
  readonly isStreamed: boolean;
  readonly maxTokens: number | undefined;
  readonly userId: string | undefined;
  readonly billTo: string | undefined;
  /** Results of tools in the last message. */
  readonly toolResults: readonly ToolResult[];
  /** Ids of the blocks that a paused turn would be continued from. */
  readonly pausedIds: readonly string[];
  /** Length of the last user text. */
  readonly userInputLength: number | undefined;
  /** True when the answer has to be a tool call, as for structured output. */
  readonly isToolForced: boolean;
  readonly shape: RequestShape;
}

/** @param isParsed whether it was parsed for this: its parts do not come again as the same objects */
export function readRequest(params: unknown, isParsed = false): RequestFacts {
  const body = asJson(params);
  const last = asJson(asList(body['messages']).at(-1));
  const content = last['content'];
  const isUser = last['role'] === 'user';
  const choice = asJson(body['tool_choice'])['type'];
  return {
    model: shortText(body['model']) ?? 'unknown',
    isStreamed: body['stream'] === true,
    maxTokens: typeof body['max_tokens'] === 'number' ? body['max_tokens'] : undefined,
    userId: shortText(asJson(body['metadata'])['user_id']),
    billTo: asText(asJson(body['billing_policy'])['bill_to']),
    toolResults: isUser ? readToolResults(content) : [],
    pausedIds:
      last['role'] === 'assistant'
        ? asList(content).flatMap((block) => asText(asJson(block)['id']) ?? [])
        : [],
    userInputLength: isUser ? textLength(content) : undefined,
    isToolForced: choice === 'tool' || choice === 'any',
    shape: describeRequest(params, isParsed),
  };
}

/** The same for requests that say the same: one that comes again soon after it failed is tried again. */
export function requestKey(facts: RequestFacts): string {
  const { shape, maxTokens } = facts;
  const { model, settings } = shape.hashes;
  return [shape.model, maxTokens, model, settings, questionKey(facts)].join(' ');
}

/** The same for requests that ask the same, be it of another model and with its settings. */
export function questionKey({ shape, userId }: RequestFacts): string {
  const { tools, system, messages } = shape.hashes;
  return [userId, tools, system, ...messages].join(' ');
}

/** Tool results among the blocks of a message. */
export function readToolResults(content: unknown): ToolResult[] {
  return asList(content).flatMap(readToolResult);
}

function readToolResult(block: unknown): ToolResult[] {
  const { type, tool_use_id: id, is_error: isError, content } = asJson(block);
  if (type !== 'tool_result' || typeof id !== 'string') return [];
  const length = contentLength(content);
  return [{ id, isError: isError === true, length, isEmpty: length === 0, block: block as object }];
}

/** Characters of a text or of the text blocks of a list. */
export function textLength(content: unknown): number {
  if (typeof content === 'string') return content.length;
  return asList(content).reduce<number>(
    (sum, block) => sum + (asText(asJson(block)['text'])?.length ?? 0),
    0,
  );
}

/** Like {@link textLength}, with blocks that are no text counted as JSON, so that an image is not empty. */
function contentLength(content: unknown): number {
  if (typeof content === 'string') return content.length;
  return asList(content).reduce<number>((sum, block) => {
    const text = asText(asJson(block)['text']);
    return sum + (text === undefined ? (JSON.stringify(block)?.length ?? 0) : text.length);
  }, 0);
}

/** A name or an id, as long as an event holds it. */
function shortText(value: unknown): string | undefined {
  return typeof value === 'string' ? cutText(value, SENT_NAME_CHARS) : undefined;
}

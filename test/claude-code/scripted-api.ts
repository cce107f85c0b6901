// A scripted API: answers a real Claude Code turn by turn and keeps a log of every message that it answered, which is
// what was really used.

import {
  errorExchange,
  startAnthropicApi,
  streamMessage,
  type AnthropicApi,
  type Exchange,
  type FakeBlock,
  type FakeMessage,
  type RecordedRequest,
} from '../fakes/anthropic-api.ts';

/** What a script makes of one request of the model. */
export interface Turn {
  readonly blocks: readonly FakeBlock[];
  readonly usage?: Readonly<Record<string, unknown>>;
  readonly model?: string;
  readonly stopReason?: string;
}

export interface ApiRequest {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly tools?: readonly { readonly name: string }[];
  readonly system?: unknown;
}

export interface ScriptedApi extends AnthropicApi {
  /** Every message that was answered, in order. */
  readonly log: readonly FakeMessage[];
}

const DEFAULT_USAGE = {
  input_tokens: 1_000,
  output_tokens: 100,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
  service_tier: 'standard',
};

/** `script` answers each request of the model; what it gives an exchange for is no message. */
export async function startScriptedApi(
  script: (request: ApiRequest, index: number) => Turn | Exchange,
): Promise<ScriptedApi> {
  const log: FakeMessage[] = [];
  const serial = Math.random().toString(36).slice(2, 8);
  const respond = (request: RecordedRequest): Exchange => {
    if (!request.path.startsWith('/v1/messages') || request.path.includes('count_tokens'))
      return errorExchange(404, 'not_found_error', 'not found');
    const body = request.body as ApiRequest;
    const turn = script(body, log.length);
    if (!('blocks' in turn)) return turn;
    const message: FakeMessage = {
      id: `msg_${serial}_${String(log.length + 1)}`,
      type: 'message',
      role: 'assistant',
      model: turn.model ?? body.model,
      content: turn.blocks,
      stop_reason:
        turn.stopReason ?? (turn.blocks.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn'),
      stop_sequence: null,
      usage: { ...DEFAULT_USAGE, ...turn.usage },
    };
    log.push(message);
    return body.stream === true ? { events: streamMessage(message) } : { json: message };
  };
  const api = await startAnthropicApi({ exchanges: [], respond });
  return { ...api, log };
}

/** How many messages of the model it has already. */
export function turnsOf({ messages }: ApiRequest): number {
  return messages.filter(({ role }) => role === 'assistant').length;
}

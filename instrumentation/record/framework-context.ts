// What a framework's own context says of the session: LangChain and LangGraph keep the settings of the running graph in
// an asynchronous store that all copies of them share. Read with care: where a version has none, nothing is known.

import type { AsyncLocalStorage } from 'node:async_hooks';
import { asJson, asText } from '../../core/model-call/json.ts';
import { guard } from '../process/guard.ts';
import type { Identity } from './identity.ts';

const LANGCHAIN_STORE = Symbol.for('ls:tracing_async_local_storage');
const LANGCHAIN_SETTINGS = Symbol.for('lc:child_config');

export interface FrameworkFacts {
  readonly identity: Identity;
  readonly agentName: string | undefined;
}

export function readFrameworkContext(): FrameworkFacts | undefined {
  return guard('framework context', () => {
    const { [LANGCHAIN_STORE]: store } = globalThis as {
      readonly [LANGCHAIN_STORE]?: Partial<AsyncLocalStorage<unknown>>;
    };
    const { extra } = asJson(store?.getStore?.());
    if (typeof extra !== 'object' || extra === null) return undefined;
    const settings = asJson((extra as { readonly [LANGCHAIN_SETTINGS]?: unknown })[LANGCHAIN_SETTINGS]);
    const { thread_id: thread, user_id: user } = asJson(settings['configurable']);
    const metadata = asJson(settings['metadata']);
    return {
      identity: {
        sessionId: word(thread) ?? word(metadata['thread_id']) ?? word(metadata['session_id']),
        userId: word(user) ?? word(metadata['user_id']),
      },
      agentName: asText(metadata['lc_agent_name']),
    };
  });
}

const SESSION_KEYS = [
  'sessionId',
  'session_id',
  'threadId',
  'thread_id',
  'chatId',
  'conversationId',
] as const;
const USER_KEYS = ['userId', 'user_id', 'resourceId'] as const;

/** Session and user among the fields that a program hands to its framework for telemetry. */
export function identityIn(fields: unknown): Identity {
  const known = asJson(fields);
  const first = (keys: readonly string[]): string | undefined =>
    keys.map((key) => word(known[key])).find((found) => found !== undefined);
  return { sessionId: first(SESSION_KEYS), userId: first(USER_KEYS) };
}

/** An id as text; some programs use numbers. */
function word(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

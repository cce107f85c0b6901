// How the fake API answers each way of calling, and what has to be recorded of it.

import {
  errorExchange,
  type Exchange,
  type RecordedRequest,
  type Scenario,
} from '../../fakes/anthropic-api.ts';
import { answer, makeMessage, streamedAnswer, text, toolUse } from '../../fakes/messages.ts';
import { streamMessage } from '../../fakes/anthropic-api.ts';
import { eventsOf, type Outcome } from '../harness.ts';
import type { EventRecord } from '../../../core/event.ts';

export interface Expected {
  /** Model calls, in order: how each is priced, and what it failed with. */
  readonly calls: readonly {
    readonly cost: 'priced' | 'estimated' | 'unpriced' | 'none';
    readonly error?: string;
  }[];
  /** Ends of the runs. */
  readonly runs: readonly string[];
  readonly attempts?: number;
  /** Spans of token counting, which no event stands for. */
  readonly counts?: number;
  readonly tools?: readonly boolean[];
}

const ONE: Expected = { calls: [{ cost: 'priced' }], runs: ['ok'] };
const LEFT: Expected = { calls: [{ cost: 'estimated' }], runs: ['aborted'] };
const NOTHING_SENT: Expected = { calls: [{ cost: 'none' }], runs: ['aborted'] };
/** The API answered and may have charged, but nobody read what. */
const UNREAD: Expected = { calls: [{ cost: 'unpriced' }], runs: ['aborted'] };
const failed = (error: string, attempts = 1): Expected => ({
  calls: [{ cost: 'none', error }],
  runs: ['error'],
  attempts,
});
const COUNT: Expected = { calls: [], runs: [], counts: 1 };
const TOOLS: Expected = {
  calls: [{ cost: 'priced' }, { cost: 'priced' }],
  runs: ['ok'],
  tools: [true, false],
};

export const EXPECTED: Readonly<Record<string, Expected>> = {
  create: ONE,
  create_then_twice: ONE,
  with_response: ONE,
  as_response: ONE,
  stream: ONE,
  stream_with_response: ONE,
  stream_break: LEFT,
  stream_throw: LEFT,
  stream_abort: LEFT,
  stream_abort_unread: UNREAD,
  stream_tee: ONE,
  stream_readable: ONE,
  stream_error_event: { calls: [{ cost: 'estimated', error: 'overloaded_error' }], runs: ['error'] },
  stream_cut: { calls: [{ cost: 'estimated', error: 'api_error' }], runs: ['error'] },
  helper_final: ONE,
  helper_events: ONE,
  helper_iterate: ONE,
  helper_abort: LEFT,
  abort_before: NOTHING_SENT,
  abort_during: NOTHING_SENT,
  stream_unread: UNREAD,
  stream_unknown_event: ONE,
  bad_request: failed('invalid_request_error'),
  unauthorized: failed('authentication_error'),
  payment_required: failed('billing_error'),
  too_large: failed('request_too_large'),
  spend_limit: failed('rate_limit_error'),
  timed_out: failed('client_timeout_error'),
  rate_limited_then_ok: { ...ONE, attempts: 2 },
  overloaded: failed('overloaded_error', 2),
  connection_lost: failed('connection_error', 2),
  malformed: failed('client_error'),
  unhandled_failure: failed('invalid_request_error'),
  not_awaited: UNREAD,
  with_options: ONE,
  refused: { ...ONE, runs: ['refused'] },
  cut_short: ONE,
  parse: ONE,
  beta_parse: ONE,
  raw_post: ONE,
  raw_post_response: ONE,
  raw_request: ONE,
  raw_stream: ONE,
  raw_stream_break: LEFT,
  raw_failure: failed('invalid_request_error'),
  count_tokens: COUNT,
  beta_count_tokens: COUNT,
  count_tokens_failure: COUNT,
  beta_create: ONE,
  beta_stream: ONE,
  beta_helper: ONE,
  tool_runner: TOOLS,
  tool_runner_stream: TOOLS,
  tool_runner_limit: { calls: [{ cost: 'priced' }], runs: ['max_turns'], tools: [true, false] },
  tool_runner_eager: TOOLS,
};

/** Answers by the name in `metadata.user_id`; each name may be asked several times. */
export function surfaceScenario(): Scenario {
  const asked = new Map<string, number>();
  return {
    exchanges: [],
    respond: (request) => {
      const { metadata, stream } = request.body as { metadata?: { user_id: string }; stream?: boolean };
      const name = metadata?.user_id ?? String(request.headers['x-way']);
      const count = (asked.get(name) ?? 0) + 1;
      asked.set(name, count);
      return answerTo(name, count, stream === true, request);
    },
  };
}

function answerTo(name: string, count: number, isStreamed: boolean, request: RecordedRequest): Exchange {
  const words = [text('one two three four five six seven eight nine ten eleven twelve')];
  switch (name) {
    case 'stream_error_event':
      return {
        events: [
          ...streamMessage(makeMessage({ blocks: words })).slice(0, 5),
          {
            event: 'error',
            data: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
          },
        ],
      };
    case 'stream_cut':
      return { events: streamMessage(makeMessage({ blocks: words })).slice(0, 5) };
    case 'stream_unknown_event': {
      const events = streamMessage(makeMessage({ blocks: words }));
      return { events: events.toSpliced(3, 0, { event: 'something_new', data: { type: 'something_new' } }) };
    }
    case 'count_tokens':
    case 'beta_count_tokens':
      return { json: { input_tokens: 14 } };
    case 'stream_unread':
    case 'raw_stream_break':
    case 'stream_break':
    case 'stream_throw':
    case 'stream_abort':
    case 'stream_abort_unread':
    case 'helper_abort':
      // Long enough that a busy machine has not got all of it before the caller stops.
      return streamedAnswer({ blocks: words }, { delayMs: 40 });
    case 'timed_out':
    case 'abort_during':
      return { ...answer(), delayMs: 300 };
    case 'unauthorized':
      return errorExchange(401, 'authentication_error', 'no');
    case 'payment_required':
      return errorExchange(402, 'billing_error', 'no');
    case 'too_large':
      return errorExchange(413, 'request_too_large', 'no');
    case 'spend_limit':
      return errorExchange(429, 'rate_limit_error', 'spend limit', { 'x-should-retry': 'false' });
    case 'refused':
      return answer({ blocks: words, stopReason: 'refusal' });
    case 'cut_short':
      return answer({ blocks: words, stopReason: 'max_tokens' });
    case 'count_tokens_failure':
    case 'raw_failure':
    case 'bad_request':
    case 'unhandled_failure':
      return errorExchange(400, 'invalid_request_error', 'no');
    case 'rate_limited_then_ok':
      return count === 1 ? errorExchange(429, 'rate_limit_error', 'slow down', RETRY_SOON) : answer();
    case 'overloaded':
      return errorExchange(529, 'overloaded_error', 'Overloaded', RETRY_SOON);
    case 'connection_lost':
      return { drop: true };
    case 'malformed':
      return { json: '{"id": "msg_' };
    case 'tool_runner':
    case 'tool_runner_limit':
    case 'tool_runner_eager':
    case 'tool_runner_stream': {
      // A runner on message threads sends the new messages alone, so their number tells nothing.
      const hasResults = JSON.stringify(request.body).includes('"tool_result"');
      const blocks = hasResults
        ? words
        : [toolUse('lookup', { key: 'good' }), toolUse('lookup', { key: 'bad' })];
      return isStreamed ? streamedAnswer({ blocks }) : answer({ blocks });
    }
    default:
      return isStreamed ? streamedAnswer({ blocks: words }) : answer({ blocks: words });
  }
}

const RETRY_SOON = { 'retry-after-ms': '10' };

/** What was recorded of a way of calling; `attempts` only where they can be counted. */
export function recordedOf(observed: Outcome, name: string, hasMiddleware: boolean): object {
  const of = (event: 'agent.model_call' | 'agent.run' | 'agent.tool_call') =>
    eventsOf(observed, event).filter((candidate) => candidate['user.id'] === name);
  const calls = of('agent.model_call');
  const tools = of('agent.tool_call');
  const spansOf = (event: EventRecord) =>
    observed.spans
      .filter((span) => span.spanId === event.span_id)
      .map((span) => [span.name, span.attributes['agent.run_id'] === event['agent.run_id']]);
  return {
    calls: calls.map((call) => ({
      cost: call['tallyspan.cost.status'] ?? 'none',
      ...(call['error.type'] === undefined ? {} : { error: call['error.type'] }),
    })),
    runs: of('agent.run').map((run) => run['agent.status']),
    tools: tools.map((call) => call['tool.ok']),
    attempts: hasMiddleware ? calls.at(-1)?.attempts : undefined,
    // One call, one span: with that very id, named by the conventions, and with the run on it.
    spans: [...calls, ...tools].map(spansOf),
  };
}

/** What has to be recorded of a way of calling, given what the program printed of it without the preload. */
export function expectedOf(
  name: string,
  line: string,
  { hasMiddleware, isNative }: { hasMiddleware: boolean; isNative: boolean },
): object {
  const expected = EXPECTED[name];
  // This version has no such method.
  if (expected === undefined || line.includes('"absent"'))
    return { calls: [], runs: [], tools: [], attempts: undefined, spans: [] };
  // Before 0.50 the SDK turned an error event of a stream into a connection error, without its type.
  const calls = expected.calls.map((call) =>
    line.includes('APIConnectionError') ? { ...call, error: 'connection_error' } : call,
  );
  const sent = name === 'abort_before' || calls.length === 0 ? undefined : (expected.attempts ?? 1);
  // Without spans of its own for tools, what ran is known only from a request that carries the results on.
  const areToolsSeen = isNative || name !== 'tool_runner_limit';
  const tools = areToolsSeen ? (expected.tools ?? []) : [];
  return {
    calls,
    runs: expected.runs,
    tools,
    attempts: hasMiddleware ? sent : undefined,
    spans: [
      ...calls.map(() => [['chat claude-sonnet-5-5', true]]),
      ...tools.map(() => [['execute_tool lookup', true]]),
    ],
  };
}

/** What the program printed of a way of calling. */
export function lineOf({ stdout }: Outcome, name: string): string {
  return stdout.split('\n').find((candidate) => candidate.startsWith(`${name} `)) ?? '';
}

/** Message ids are new in every play. */
export function anonymous(output: string): string[] {
  return output.replaceAll(/req_\d+/g, 'req_n').split('\n');
}

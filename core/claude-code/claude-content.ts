// What Claude Code's log says of requests and answers, where its user lets content into the log: bodies of requests and
// of messages, else the prompt of a run and the text of an answer. Each becomes the recorded content of its call. A body
// comes before the record of its call, an answer before it or after.

import type { EventRecord } from '../event.ts';
import { readJsonFolded } from '../model-call/read-json.ts';
import { asJson } from '../model-call/json.ts';
import { contentJson } from '../model-call/recorded-call.ts';
import { NewestMap } from '../newest-map.ts';
import { attributeText, kindOf, type ClaudeLog } from './log-record.ts';

/** Prompts, bodies and calls that are remembered: a text may have a megabyte. */
const TEXTS_REMEMBERED = 64;
const CALLS_REMEMBERED = 10_000;

/** Where a call is in the store, and what of it is there already. */
interface Call {
  readonly place: Pick<EventRecord, 'timestamp' | 'trace_id' | 'span_id'>;
  hasResponse: boolean;
}

export class ClaudeContent {
  readonly #prompts = new NewestMap<string, string>();
  readonly #requests = new NewestMap<string, unknown>();
  readonly #answers = new NewestMap<string, unknown>();
  readonly #calls = new NewestMap<string, Call>();

  /** What the record adds to recorded content; `events` are those that were made of it. */
  read(log: ClaudeLog, events: readonly EventRecord[]): EventRecord[] {
    const { attributes } = log;
    const requestId = attributeText(attributes, 'request_id');
    switch (kindOf(log)) {
      case 'user_prompt':
        keep(this.#prompts, attributeText(attributes, 'prompt.id'), attributeText(attributes, 'prompt'));
        return [];
      case 'api_request_body':
        keep(this.#requests, thread(log), bodyOf(log));
        return [];
      case 'api_response_body':
        return this.#answer(requestId, bodyOf(log));
      case 'assistant_response':
        return this.#answer(requestId, messageOf(attributeText(attributes, 'response')));
      case 'api_request':
      case 'api_error':
        return events.flatMap((event) =>
          event['event.name'] === 'agent.model_call' ? this.#callOf(log, event, requestId) : [],
        );
      default:
        return [];
    }
  }

  #callOf(log: ClaudeLog, event: EventRecord, requestId: string): EventRecord[] {
    const { timestamp, trace_id, span_id } = event;
    const call: Call = { place: { timestamp, trace_id, span_id }, hasResponse: false };
    const request = take(this.#requests, thread(log)) ?? this.#promptOf(log);
    if (requestId !== '') {
      this.#calls.set(requestId, call);
      if (this.#calls.size > CALLS_REMEMBERED) this.#calls.dropOldest();
    }
    const answer = take(this.#answers, requestId);
    return [
      ...contentOf(call, 'tallyspan.request_json', request),
      ...(answer === undefined ? [] : this.#answer(requestId, answer)),
    ];
  }

  /** The first call of a run is asked with its prompt; of the rest only bodies tell. */
  #promptOf({ attributes }: ClaudeLog): unknown {
    const prompt = take(this.#prompts, attributeText(attributes, 'prompt.id'));
    return prompt === undefined
      ? undefined
      : {
          model: attributeText(attributes, 'model') || undefined,
          messages: [{ role: 'user', content: prompt }],
        };
  }

  #answer(requestId: string, answer: unknown): EventRecord[] {
    if (requestId === '' || answer === undefined) return [];
    const call = this.#calls.get(requestId);
    if (call === undefined) {
      if (this.#answers.get(requestId) === undefined) keep(this.#answers, requestId, answer);
      return [];
    }
    if (call.hasResponse) return [];
    call.hasResponse = true;
    return contentOf(call, 'tallyspan.response_json', answer);
  }
}

type ContentField = 'tallyspan.request_json' | 'tallyspan.response_json';

function contentOf({ place }: Call, field: ContentField, value: unknown): EventRecord[] {
  if (value === undefined) return [];
  const json = contentJson(value);
  return [
    {
      ...place,
      'event.name': 'agent.content',
      'tallyspan.key': `content/${place.trace_id ?? ''}/${place.span_id ?? ''}/${field}`,
      [field]: json,
      'tallyspan.content_cut': json === undefined || undefined,
    },
  ];
}

/** Requests of one agent follow each other; those of several run side by side. */
function thread({ attributes }: ClaudeLog): string {
  return ['session.id', 'prompt.id', 'query_source', 'agent_id']
    .map((key) => attributeText(attributes, key))
    .join('/');
}

/** A body that was cut is no JSON: a part of a request is none. */
function bodyOf({ attributes }: ClaudeLog): unknown {
  const body = asJson(readJsonFolded(attributeText(attributes, 'body')));
  return Object.keys(body).length === 0 ? undefined : body;
}

function messageOf(text: string): unknown {
  return text === '' || text === '<REDACTED>'
    ? undefined
    : { type: 'message', role: 'assistant', content: [{ type: 'text', text }] };
}

function keep<T>(map: NewestMap<string, T>, key: string, value: T | undefined): void {
  map.delete(key);
  if (key === '' || value === undefined || value === '' || value === '<REDACTED>') return;
  map.set(key, value);
  if (map.size > TEXTS_REMEMBERED) map.dropOldest();
}

function take<T>(map: NewestMap<string, T>, key: string): T | undefined {
  const value = map.get(key);
  map.delete(key);
  return value;
}

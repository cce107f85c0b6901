// A recorded call: request and answer as JSON, so that a run can be replayed. Only where content is wanted.

import { maskKnownSecrets } from '../text/redaction.ts';
import type { MessageReader } from './message-reader.ts';
import type { RecordedCall } from './model-call-fields.ts';

/** Longer ones are left out: a part of a request or an answer replays nothing. */
const MAX_CHARS = 1_000_000;

/** JSON of a request or message with its secrets masked; `undefined` when it is too long. */
export function contentJson(value: unknown): string | undefined {
  const json = JSON.stringify(value);
  return json === undefined || json.length > MAX_CHARS ? undefined : maskKnownSecrets(json);
}

/** Request and answer, the answer from a reader that keeps its content. */
export function recordedCall(requestJson: string | undefined, answer: MessageReader): RecordedCall {
  const { message } = answer;
  const responseJson = message && contentJson(message);
  const isCut = requestJson === undefined || (responseJson === undefined && message !== undefined);
  return { requestJson, responseJson, isCut };
}

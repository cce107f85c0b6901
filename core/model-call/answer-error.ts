// The error that a body or an event of a stream reports where an answer was expected, also under a status of success.

import { asJson, asText, type Json } from './json.ts';

/** Type of the reported error; `undefined` for what reports none. */
export function reportedError(body: Json): string | undefined {
  if (body['type'] !== 'error') return undefined;
  return asText(asJson(body['error'])['type']) ?? 'api_error';
}

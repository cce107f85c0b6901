// A refusal as an answer: for copies of the SDK whose classes nobody sees, such as those in bundles. They throw an error
// of their own class for an answer with a status, and try again after anything else.

import { LIMIT_ERROR_TYPE, LIMIT_STATUS, refusalOf } from './limit-error.ts';

/** `undefined` where the error is no refusal. */
export function refusalResponse(error: Error): Response | undefined {
  const facts = refusalOf(error);
  if (facts === undefined) return undefined;
  const body = { type: 'error', error: { type: LIMIT_ERROR_TYPE, message: error.message, ...facts } };
  return new Response(JSON.stringify(body), {
    status: LIMIT_STATUS,
    headers: { 'content-type': 'application/json', 'x-should-retry': 'false' },
  });
}

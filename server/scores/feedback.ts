// Feedback of the end user of an agent: a token of its own lets a browser post one score of one run. What it claims is
// believed for its signature alone; nothing is read by it, and nothing is answered but that it was taken.

import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  readFeedbackToken,
  SHORTEST_FEEDBACK_SECRET,
  type FeedbackClaims,
} from '../../core/scores/feedback-token.ts';
import { ServerError } from '../process/server-error.ts';
import { RequestError } from '../questions/request-error.ts';
import type { ScoreRequest } from './score-request.ts';

/** Checks a token. @throws RequestError when it is none, or its time is over */
export type FeedbackDoor = (token: string) => FeedbackClaims;

/** Undefined where there is no secret: feedback is off. @throws ServerError when the secret is too short */
export function feedbackDoorOf(secret: string | undefined): FeedbackDoor | undefined {
  if (secret === undefined || secret === '') return undefined;
  if (secret.length < SHORTEST_FEEDBACK_SECRET)
    throw new ServerError(
      `TALLYSPAN_FEEDBACK_SECRET is too short: make it ${SHORTEST_FEEDBACK_SECRET} characters or more, or leave it away.`,
    );
  return (token) => {
    const claims = readFeedbackToken(token, (text, signature) => {
      const expected = createHmac('sha256', secret).update(text).digest();
      const given = Buffer.from(signature, 'base64url');
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
    if (claims === undefined) throw new RequestError(403, 'this is no feedback link of this server');
    if (!(claims.expiresMs > Date.now())) throw new RequestError(403, 'this feedback link has expired');
    return claims;
  };
}

/** The one score that the token stands for. What else the sender says is not read. @throws RequestError */
export function feedbackScore(claims: FeedbackClaims, value: unknown, comment: unknown): ScoreRequest {
  const given = value === 'true' ? true : value === 'false' ? false : value;
  if (typeof given !== 'boolean' && typeof given !== 'number')
    throw new RequestError(400, 'value is true, false or a number');
  return {
    id: `feedback/${claims.nonce}`,
    runId: claims.runId,
    target: 'run',
    name: claims.name,
    value: given,
    comment: typeof comment === 'string' && comment !== '' ? comment : undefined,
    source: 'user',
  };
}

// Feedback: a token for the end user of the agent, by which a browser can post one score of one run and do nothing else.

import {
  FEEDBACK_PATH,
  makeFeedbackToken,
  SHORTEST_FEEDBACK_SECRET,
} from '../../core/scores/feedback-token.ts';
import { DAY_MS } from '../../core/time/time.ts';
import type { FeedbackLink, FeedbackOptions } from './types.ts';
import { builtin } from '../process/builtin.ts';
import { sayOnce } from '../process/diagnostics.ts';

const DEFAULT_SERVER = 'http://127.0.0.1:4319';
const DEFAULT_EXPIRY_MS = 7 * DAY_MS;

export function makeFeedback(runId: string, options: FeedbackOptions): FeedbackLink | undefined {
  const { env: environment = {} } =
    (globalThis as { readonly process?: Partial<NodeJS.Process> }).process ?? {};
  const secret = environment['TALLYSPAN_FEEDBACK_SECRET'] ?? '';
  // Without the preload there is no run, and no line about settings either.
  if (runId === '') return undefined;
  if (secret.length < SHORTEST_FEEDBACK_SECRET) {
    sayOnce(
      'feedback secret',
      `feedback() needs TALLYSPAN_FEEDBACK_SECRET with ${SHORTEST_FEEDBACK_SECRET} characters or more, the same here and where \`tallyspan up\` runs.`,
    );
    return undefined;
  }
  const crypto = builtin('node:crypto');
  if (crypto === undefined) {
    sayOnce('feedback crypto', 'feedback() makes links in Node 22.15 and later only.');
    return undefined;
  }
  const { name = 'helpful', expiresInMs = DEFAULT_EXPIRY_MS } = options;
  const claims = {
    runId,
    name,
    expiresMs: Math.floor(Date.now() + expiresInMs),
    nonce: crypto.randomBytes(9).toString('base64url'),
  };
  const token = makeFeedbackToken(claims, (text) =>
    crypto.createHmac('sha256', secret).update(text).digest('base64url'),
  );
  const server = (environment['TALLYSPAN_URL'] ?? DEFAULT_SERVER).replace(/\/+$/, '');
  return { token, url: `${server}${FEEDBACK_PATH}?token=${token}` };
}

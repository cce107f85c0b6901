// A feedback token lets whoever has it give one score to one run until it expires, and nothing else. It is its claims
// in plain text and a signature of them, made and checked with a secret that the agent and the server share.

export interface FeedbackClaims {
  readonly runId: string;
  /** Name of the score. */
  readonly name: string;
  /** Unix milliseconds. */
  readonly expiresMs: number;
  /** Tells two tokens of a run apart: each stands for one score. */
  readonly nonce: string;
}

/** Makes the signature of a text, in characters that stand in an address as they are, without a dot. */
export type Sign = (text: string) => string;

/** A shorter secret could be guessed. */
export const SHORTEST_FEEDBACK_SECRET = 16;
export const FEEDBACK_PATH = '/feedback';
const VERSION = 'f1';

export function makeFeedbackToken({ runId, name, expiresMs, nonce }: FeedbackClaims, sign: Sign): string {
  const claims = [VERSION, escaped(runId), escaped(name), expiresMs.toString(36), escaped(nonce)].join('.');
  return `${claims}.${sign(claims)}`;
}

/** The claims of a token with a right signature, expired or not; undefined of anything else. */
export function readFeedbackToken(
  token: string,
  isSignature: (claims: string, signature: string) => boolean,
): FeedbackClaims | undefined {
  const end = token.lastIndexOf('.');
  if (end < 0 || !isSignature(token.slice(0, end), token.slice(end + 1))) return undefined;
  const [version, runId, name, expires, nonce, ...rest] = token.slice(0, end).split('.');
  if (version !== VERSION || !runId || !name || !expires || !nonce || rest.length > 0) return undefined;
  try {
    return {
      runId: decodeURIComponent(runId),
      name: decodeURIComponent(name),
      expiresMs: Number.parseInt(expires, 36),
      nonce: decodeURIComponent(nonce),
    };
  } catch {
    // Signed, and still a part that stands for no text.
    return undefined;
  }
}

function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll('.', '%2E');
}

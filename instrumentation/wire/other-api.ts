// Requests in the form of another API (OpenAI's, Anthropic's old one of completions, that of Vercel's AI Gateway, those of
// data platforms) that ask a Claude model, as gateways and Anthropic itself take them. They are not read; that there were
// any is said at the end of the process.

import type { Sightings } from '../record/seen/sightings.ts';
import type { SentHead } from './endpoint.ts';
import type { SeenExchange } from './seen-exchange.ts';

const PATH = /\/(?:completions|responses|complete|inference:complete|language-model|invocations)\/?$/;
/** How the AI SDK names the model to its gateway, whose body has no name. */
const MODEL_HEADER = 'ai-language-model-id';
/** The key of the body itself: within its texts quotation marks are escaped. */
const CLAUDE_MODEL = /"model"\s*:\s*"[^"]*claude/;
/** Clients write the model first, or at the end of a body that is seldom longer. */
const MAX_BYTES = 1024 * 1024;

/** The request, where it may be one of these. */
export function otherApiRequest(
  { method, path: target, header }: SentHead,
  sightings: Sightings,
): OtherApiRequest | undefined {
  const [path = ''] = target.split('?');
  if (method !== 'POST' || !PATH.test(path)) return undefined;
  return new OtherApiRequest(sightings, `${path} ${header(MODEL_HEADER) ?? ''}`.includes('claude'));
}

class OtherApiRequest implements SeenExchange {
  readonly isAnswered = true;
  readonly #sightings: Sightings;
  readonly #sent: Buffer[] = [];
  #bytes = 0;
  #isRead = false;

  /** Whether its head names a Claude model. */
  readonly #isClaude: boolean;

  constructor(sightings: Sightings, isClaude: boolean) {
    this.#sightings = sightings;
    this.#isClaude = isClaude;
  }

  send(piece: unknown): void {
    if (this.#isRead || this.#isClaude || (typeof piece !== 'string' && !(piece instanceof Uint8Array)))
      return;
    const bytes = Buffer.from(piece as Uint8Array);
    this.#bytes += bytes.length;
    if (this.#bytes <= MAX_BYTES) this.#sent.push(bytes);
  }

  begin(): void {
    if (this.#isRead) return;
    this.#isRead = true;
    const sent = Buffer.concat(this.#sent.splice(0)).toString();
    if (!this.#isClaude && !CLAUDE_MODEL.test(sent)) return;
    this.#sightings.seeRequest();
    this.#sightings.seeUnread('other_api');
  }

  answer(): void {
    this.begin();
  }

  fail(): void {
    this.begin();
  }

  receive(): void {
    // The answer is not read.
  }

  finish(): void {
    // The answer is not read.
  }
}

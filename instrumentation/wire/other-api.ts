// Requests in the form of another API (OpenAI's, or Anthropic's old one of completions) that ask a Claude model, as
// gateways and Anthropic itself take them. They are not read; that there were any is said at the end of the process.

import type { Sightings } from '../record/seen/sightings.ts';
import type { SentHead } from './endpoint.ts';
import type { SeenExchange } from './seen-exchange.ts';

const PATH = /\/(?:chat\/completions|completions|responses|complete)\/?$/;
/** The key of the body itself: within its texts quotation marks are escaped. */
const CLAUDE_MODEL = /"model"\s*:\s*"[^"]*claude/;
/** Clients write the model first, or at the end of a body that is seldom longer. */
const MAX_BYTES = 1024 * 1024;

export function isOtherApi({ method, path: target }: SentHead): boolean {
  const [path = ''] = target.split('?');
  return method === 'POST' && PATH.test(path);
}

export class OtherApiRequest implements SeenExchange {
  readonly isAnswered = true;
  readonly #sightings: Sightings;
  readonly #sent: Buffer[] = [];
  #bytes = 0;
  #isRead = false;

  constructor(sightings: Sightings) {
    this.#sightings = sightings;
  }

  send(piece: unknown): void {
    if (this.#isRead || (typeof piece !== 'string' && !(piece instanceof Uint8Array))) return;
    const bytes = Buffer.from(piece as Uint8Array);
    this.#bytes += bytes.length;
    if (this.#bytes <= MAX_BYTES) this.#sent.push(bytes);
  }

  begin(): void {
    if (this.#isRead) return;
    this.#isRead = true;
    if (!CLAUDE_MODEL.test(Buffer.concat(this.#sent.splice(0)).toString())) return;
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

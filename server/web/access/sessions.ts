// A session lets one browser in after it has brought the token once. It is a random text that says nothing of the token,
// known to this process only: it ends by signing out, without use, after its time, and with the process.

import { createHash, randomBytes } from 'node:crypto';
import { NewestMap } from '../../../core/newest-map.ts';
import { DAY_MS } from '../../../core/time/time.ts';

/** A session ends so long after it began, whatever happens. */
export const SESSION_MS = 30 * DAY_MS;
const UNUSED_MS = 7 * DAY_MS;
/** The oldest ends when there are more. */
const SESSIONS_LIMIT = 1000;
const ID_BYTES = 32;

interface Session {
  readonly begunMs: number;
  usedMs: number;
}

export class Sessions {
  /** By digest, so that who reads the memory of the process has no session. In the order of their beginning. */
  readonly #sessions = new NewestMap<string, Session>();
  /** Monotonic, ms: a clock that is set ends nothing and lengthens nothing. */
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Begins a session and gives its id. */
  begin(): string {
    const id = randomBytes(ID_BYTES).toString('base64url');
    if (this.#sessions.size >= SESSIONS_LIMIT) this.#sessions.dropOldest();
    this.#sessions.set(digestOf(id), { begunMs: this.#now(), usedMs: this.#now() });
    return id;
  }

  /** Whether the session goes on; asking is a use of it. */
  has(id: string): boolean {
    const digest = digestOf(id);
    const session = this.#sessions.get(digest);
    if (session === undefined) return false;
    const now = this.#now();
    if (now - session.begunMs >= SESSION_MS || now - session.usedMs >= UNUSED_MS) {
      this.#sessions.delete(digest);
      return false;
    }
    session.usedMs = now;
    return true;
  }

  end(id: string): void {
    this.#sessions.delete(digestOf(id));
  }
}

function digestOf(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}

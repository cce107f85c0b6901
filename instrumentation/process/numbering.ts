// Numbering: each event gets a number that counts within one random id, so that a gap is a loss and a number that comes
// twice is one event. The id is of this process alone, whatever the resource says of it: deployments give all
// processes of a pod one `service.instance.id`. A process that was cloned with its memory (a snapshot of a virtual
// machine, of a container, of V8) would go on with the id of its twin; the jump of the wall clock against the monotonic
// one gives it away, and it gets an id of its own.

import { hash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { startupSnapshot } from 'node:v8';
import { threadId } from 'node:worker_threads';
import { guard, guarded } from './guard.ts';

/** A greater jump between the two clocks is a thaw, a suspended machine or a clock that was set: a new id harms in none. */
const JUMP_MS = 1_000;
const ID_CHARS = 32;
const ENTROPY_BYTES = 16;
/** As it is now: tests of the program may put another clock in its place. */
const { now: wallClock } = Date;
const monotonicClock = performance.now.bind(performance);

export class Numbering {
  #id: string | undefined;
  #sequence: number;
  /** Ids that were made for something else. */
  #made = 0;
  /** An earlier process has one id for good, or none where it numbered by its instance alone. */
  readonly #isOwn: boolean;
  #offsetMs = wallClock() - monotonicClock();
  /** Hears of each number. */
  onNumber: (() => void) | undefined;

  /** @param earlier an earlier process whose numbers go on */
  constructor(earlier?: { readonly processId: string | undefined; readonly sequence: number }) {
    this.#isOwn = earlier === undefined;
    this.#id = earlier === undefined ? randomId() : earlier.processId;
    this.#sequence = earlier?.sequence ?? 0;
    if (this.#isOwn && startupSnapshot.isBuildingSnapshot())
      startupSnapshot.addDeserializeCallback(
        guarded('thaw', () => {
          this.#renew();
        }),
      );
  }

  get processId(): string | undefined {
    return this.#id;
  }

  /** Number of the last event. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Number of the next event. */
  next(): number {
    this.#watch();
    this.#sequence += 1;
    this.onNumber?.();
    return this.#sequence;
  }

  /** An id for something else, 32 hex digits, unlike that of any process: the id of this one is random. Twins differ. */
  makeId(): string {
    this.#watch();
    this.#made += 1;
    return digest(`${this.#id ?? ''}/${String(this.#made)}`);
  }

  #watch(): void {
    const offsetMs = wallClock() - monotonicClock();
    if (this.#isOwn && Math.abs(offsetMs - this.#offsetMs) > JUMP_MS) this.#renew();
    this.#offsetMs = offsetMs;
  }

  #renew(): void {
    this.#id = randomId();
    this.#sequence = 0;
  }
}

/** Random also where the generator of this process was cloned: the times and the kernel's generator differ. */
function randomId(): string {
  const random = randomBytes(ENTROPY_BYTES).toString('hex');
  return digest(`${random}/${guard('entropy', readKernelEntropy) ?? ''}`);
}

function digest(text: string): string {
  const times = `${String(process.hrtime.bigint())}/${String(wallClock())}`;
  const whole = `${text}/${times}/${String(process.pid)}/${String(threadId)}`;
  return hash('sha256', whole, 'hex').slice(0, ID_CHARS);
}

function readKernelEntropy(): string {
  const bytes = Buffer.alloc(ENTROPY_BYTES);
  const file = openSync('/dev/urandom', 'r');
  try {
    readSync(file, bytes);
  } finally {
    closeSync(file);
  }
  return bytes.toString('hex');
}

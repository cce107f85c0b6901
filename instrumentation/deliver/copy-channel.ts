// The channel between a thread and the one that started it: which memory they share for copies, and whether anybody listens.

import { BroadcastChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { guarded } from '../process/guard.ts';

/** What a thread tells the one that started it: of memory in which copies are from now on, and none are any more. */
export interface CopyMessage {
  readonly journal: string;
  /** Each with a number of its own. */
  readonly added: ReadonlyMap<number, SharedArrayBuffer>;
  readonly freed?: number;
}

/** What it hears: copies are looked at when it ends. */
export interface CopiesHeard {
  readonly isHeard: true;
}

/** One end of the channel between a thread and the one that started it. It holds neither of them. */
export class ChannelEnd<Sent, Received> {
  readonly #channel: BroadcastChannel;
  readonly #hear: (message: Received) => void;

  /** @param ofThread number of the thread: no other one of the process has it, and channels do not leave the process */
  constructor(ofThread: number, hear: (message: Received) => void) {
    this.#hear = hear;
    this.#channel = new BroadcastChannel(`tallyspan copies ${String(ofThread)}`);
    this.#channel.addEventListener(
      'message',
      guarded('copies', (event: unknown) => {
        hear((event as { readonly data: Received }).data);
      }),
    );
    this.#channel.unref();
  }

  send(message: Sent): void {
    // It has no window.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#channel.postMessage(message);
  }

  /** Hears at once what was sent until now, whether its sender is still there or not. */
  hear(): void {
    // Node takes its channels here, too; its types do not say so.
    const port = this.#channel as unknown as MessagePort;
    for (let left = receiveMessageOnPort(port); left !== undefined; left = receiveMessageOnPort(port))
      this.#hear((left as { readonly message: Received }).message);
  }

  close(): void {
    this.#channel.close();
  }
}

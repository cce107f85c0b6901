// The classes of the SDK: each copy that the program loads hands its own over, and each is observed. What was handed
// over is remembered by version: requests of that version are seen there.

import { say, sayDebug } from '../process/diagnostics.ts';
import type { HookedClass } from './handover.ts';
import { observeBatchesClass, type BatchesClass } from './observe-batches.ts';
import { observeClientClass, type ClientClass } from './observe-client.ts';
import { observeMessagesClass, type MessagesClass } from './observe-messages.ts';
import { observeStreamClass, type StreamClass } from './observe-stream.ts';
import type { Observer } from './observer.ts';
import { isSupported } from './sdk-version.ts';

export class SdkClasses {
  readonly #observer: Observer;
  /** Versions whose `create` is observed. */
  readonly #observed = new Set<string>();
  readonly #loaded = new Set<string>();

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** Versions of the copies that the program has loaded. */
  get loaded(): readonly string[] {
    return [...this.#loaded];
  }

  isObserved(version: string): boolean {
    return this.#observed.has(version);
  }

  /** A copy is being loaded. */
  load(version: string, folder: string): void {
    this.#loaded.add(version);
    sayDebug(`@anthropic-ai/sdk ${version} in ${folder}`);
    if (isSupported(version)) return;
    say(
      `@anthropic-ai/sdk ${version} is older than 0.20.9: its calls are known by their requests only. Upgrade it.`,
    );
  }

  observe(hooked: HookedClass, definedClass: unknown, version: string): void {
    if (definedClass === undefined) return;
    switch (hooked) {
      case 'messages':
        if (observeMessagesClass(this.#observer, definedClass as MessagesClass, version))
          this.#observed.add(version);
        return;
      case 'stream':
        observeStreamClass(definedClass as StreamClass);
        return;
      case 'client':
        observeClientClass(this.#observer, definedClass as ClientClass, version);
        return;
      case 'batches':
        observeBatchesClass(this.#observer, definedClass as BatchesClass, version);
    }
  }
}

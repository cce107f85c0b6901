// A channel: one way to a person. It sends one notice once; trying again is the matter of delivery.ts.

import type { ChannelName } from '../../../alerts/rules/channel-settings.ts';
import type { Notice } from '../../../alerts/rules/notice.ts';

export interface Channel {
  readonly name: ChannelName;
  /** Where it goes, without secrets: a chat id, an address, a host. */
  readonly target: string;
  /** Least time between two notices, ms: what the service allows per receiver. */
  readonly gapMs: number;
  /** Resolves when the service has taken the notice. Throws a {@link DeliveryError}. */
  send(notice: Notice, signal: AbortSignal): Promise<void>;
}

export interface DeliveryFailure {
  /** Trying again cannot help: wrong token, unknown chat, refused address. */
  readonly isPermanent: boolean;
  /** How long the service asks to wait, ms. */
  readonly retryAfterMs?: number;
}

/** A notice was not taken. The message says what the service said and holds no secret. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly isPermanent: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, failure: DeliveryFailure) {
    super(message);
    this.isPermanent = failure.isPermanent;
    this.retryAfterMs = failure.retryAfterMs;
  }
}

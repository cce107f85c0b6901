// Channel tests: a test notice that somebody asks for is sent at once and once; what the service says is the answer,
// nothing waits or is tried again. The last outcome of each channel is kept while the process runs, for the page.

import { testNotice } from '../../alerts/rules/notice.ts';
import { messageOf } from '../process/server-error.ts';
import type { Channel } from './channels/channel.ts';

/** How a test notice went. */
export interface ChannelTest {
  readonly channel: string;
  /** Where it went, without secrets; empty where no such channel is configured. */
  readonly target: string;
  /** When the answer was there, ISO 8601 UTC. */
  readonly at: string;
  readonly is_sent: boolean;
  /** What the service said; null when it took the notice. */
  readonly reason: string | null;
}

const LIMIT_MS = 20_000;

export class ChannelTests {
  readonly #channels: readonly Channel[];
  readonly #pageUrl: string;
  readonly #underWay = new Set<string>();
  readonly #outcomes = new Map<string, ChannelTest>();
  readonly #stop = new AbortController();

  constructor(channels: readonly Channel[], pageUrl: string) {
    this.#channels = channels;
    this.#pageUrl = pageUrl;
  }

  async test(name: string): Promise<ChannelTest> {
    const channel = this.#channels.find((one) => one.name === name);
    if (channel === undefined) return outcomeOf(name, '', 'no such channel is configured');
    const outcome = outcomeOf(name, channel.target, await this.#send(channel));
    // Newest last.
    this.#outcomes.delete(name);
    this.#outcomes.set(name, outcome);
    return outcome;
  }

  /** The last outcome of each channel that was tested, newest first. */
  outcomes(): readonly ChannelTest[] {
    return [...this.#outcomes.values()].toReversed();
  }

  /** Gives up what is under way. */
  stop(): void {
    this.#stop.abort();
  }

  /** Null when the service took the notice, else why not. */
  async #send(channel: Channel): Promise<string | null> {
    if (this.#underWay.has(channel.name)) return 'a test is under way already';
    this.#underWay.add(channel.name);
    const limit = AbortSignal.timeout(LIMIT_MS);
    try {
      await channel.send(testNotice(Date.now(), this.#pageUrl), AbortSignal.any([this.#stop.signal, limit]));
      return null;
    } catch (error) {
      return limit.aborted ? `no answer within ${LIMIT_MS / 1000} s` : messageOf(error);
    } finally {
      this.#underWay.delete(channel.name);
    }
  }
}

function outcomeOf(channel: string, target: string, reason: string | null): ChannelTest {
  return { channel, target, at: new Date().toISOString(), is_sent: reason === null, reason };
}

// Which requests are watched: those to an endpoint of a Claude model that no observer of an SDK has claimed. A claim is
// in the context that the SDK sends in, and in the version that it names: where connections are limited, a request
// that waited for one leaves in the context of another.

import { context } from '@opentelemetry/api';
import { isClaimed } from '../sdk/native-spans.ts';
import { BatchExchange } from './batch-exchange.ts';
import { endpointOf } from './endpoint.ts';
import { Exchange } from './exchange.ts';
import type { WireCalls } from './wire-calls.ts';

export interface SentHead {
  readonly method: string;
  readonly path: string;
  /** Read only where the path is one of a model's: most requests of a program go elsewhere. */
  readonly host: () => string;
  readonly userAgent: () => string | undefined;
}

export interface Watch {
  readonly calls: WireCalls;
  /** Whether the classes of that version of the SDK are observed. */
  isObserved(sdkVersion: string): boolean;
  /** Called for each request to an endpoint, whoever observes it: the providers have to be there. */
  onRequest(): void;
}

/** What copies of the SDK send as their user agent: with their version. */
export const SDK_AGENT = /^Anthropic\w*\/JS (\S+)/;

/** The exchange of a request that begins here; `undefined` when it is none of ours to watch. */
export function watchedExchange(watch: Watch, head: SentHead): Exchange | BatchExchange | undefined {
  const endpoint = endpointOf(head.method, head.path, head.host);
  if (endpoint === undefined) return undefined;
  watch.onRequest();
  const userAgent = head.userAgent();
  const version = SDK_AGENT.exec(userAgent ?? '')?.[1];
  if (version !== undefined && watch.isObserved(version)) return undefined;
  const { calls } = watch;
  const active = context.active();
  if (isClaimed(active)) return undefined;
  return endpoint.form === 'batch_results'
    ? new BatchExchange(calls)
    : new Exchange(calls, endpoint, active, version);
}

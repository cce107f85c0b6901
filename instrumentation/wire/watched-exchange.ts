// Which requests are watched: those to an endpoint of a Claude model that no observer of an SDK has claimed. A claim is
// in the context that the SDK sends in, and in the version that it names: where connections are limited, a request
// that waited for one leaves in the context of another. Of a claimed call whose caller wants the raw response, the
// answer is watched.

import { context, trace, type Context } from '@opentelemetry/api';
import { claimedCall, isFreeNativeSpan } from '../sdk/native-spans.ts';
import { BatchCreation } from './batch-creation.ts';
import { BatchExchange } from './batch-exchange.ts';
import { endpointOf, type SentHead } from './endpoint.ts';
import { Exchange } from './exchange.ts';
import { otherApiRequest } from './other-api.ts';
import { RawExchange } from './answer/raw-exchange.ts';
import type { SeenExchange } from './seen-exchange.ts';
import type { WireCalls } from './wire-calls.ts';

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
export function watchedExchange(watch: Watch, head: SentHead): SeenExchange | undefined {
  const endpoint = endpointOf(head);
  const { calls } = watch;
  if (endpoint === undefined) return otherApiRequest(head, calls.observer.telemetry.sightings);
  // Making a batch asks no model yet: only limits are interested.
  if (endpoint.form !== 'batch') watch.onRequest();
  else if (!calls.observer.isLimited) return undefined;
  const active = context.active();
  const claimed = claimedCall(active);
  if (claimed !== undefined) return claimed.isRaw ? new RawExchange(claimed, endpoint) : undefined;
  const version = SDK_AGENT.exec(head.header('user-agent') ?? '')?.[1];
  if (version !== undefined && watch.isObserved(version) && !isOfOtherCopy(active)) return undefined;
  if (endpoint.form === 'batch') return new BatchCreation(calls, active);
  return endpoint.form === 'batch_results'
    ? new BatchExchange(calls, endpoint.batchId ?? '')
    : new Exchange(calls, endpoint, active, version, head.header('content-encoding'));
}

/** Whether a copy of the SDK sends it that nobody observes, such as one in a bundle: its own span of the call is free. */
function isOfOtherCopy(active: Context): boolean {
  const span = trace.getSpan(active);
  return span !== undefined && isFreeNativeSpan(span);
}

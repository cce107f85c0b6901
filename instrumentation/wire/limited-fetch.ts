// Limited fetch: the global `fetch`, for programs and frameworks that ask a model without the SDK. It stands in the place
// of Node's own only where something is limited, and touches only requests to an endpoint of a Claude model that no
// observer of an SDK has claimed.

import { context } from '@opentelemetry/api';
import { asText } from '../../core/model-call/json.ts';
import { guard } from '../process/guard.ts';
import { readRequest } from '../record/request-facts.ts';
import { withSlot } from '../limits/admission-slot.ts';
import { refusalResponse } from '../limits/refusal-response.ts';
import { claimedCall } from '../sdk/native-spans.ts';
import { askLimits } from './ask-limits.ts';
import { askBatch, withAdmitted } from './batch-creation.ts';
import { endpointOf, messageParamsOf, type Endpoint } from './endpoint.ts';
import { SDK_AGENT } from './watched-exchange.ts';
import type { WireCalls } from './wire-calls.ts';

type Fetch = typeof globalThis.fetch;
type FetchInput = Parameters<Fetch>[0];
type FetchInit = Parameters<Fetch>[1];

interface LimitedEndpoint {
  readonly endpoint: Endpoint;
  /** Version of a copy of the SDK that is not observed, such as one in a bundle. */
  readonly sdkVersion: string | undefined;
}

export function limitFetch(calls: WireCalls, isObserved: (version: string) => boolean): void {
  const { fetch: original } = globalThis;
  if (typeof original !== 'function') return;
  const fetch = function (this: unknown, input: FetchInput, init?: FetchInit) {
    const send = (own = init): ReturnType<Fetch> => Reflect.apply(original, this, [input, own]);
    const endpoint = guard('limit fetch', () => limitedEndpoint(input, init, isObserved));
    return endpoint === undefined ? send() : sendLimited(calls, endpoint, input, init, send);
  };
  // As Node's own is: its name and how many parameters it has are looked at by some.
  Object.defineProperty(fetch, 'length', { value: original.length });
  globalThis.fetch = fetch;
}

function limitedEndpoint(
  input: FetchInput,
  init: FetchInit,
  isObserved: (version: string) => boolean,
): LimitedEndpoint | undefined {
  const request = input instanceof Request ? input : undefined;
  const method = (init?.method ?? request?.method ?? 'GET').toUpperCase();
  if (method !== 'POST' || claimedCall(context.active()) !== undefined) return undefined;
  const text = request?.url ?? (input instanceof URL ? input.href : (input as string));
  if (!URL.canParse(text)) return undefined;
  const { pathname, host } = new URL(text);
  const headers = new Headers(init?.headers ?? request?.headers);
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  const endpoint = endpointOf({ method, path: pathname, host: () => host, header });
  if (endpoint === undefined || endpoint.form === 'batch_results') return undefined;
  const sdkVersion = SDK_AGENT.exec(header('user-agent') ?? '')?.[1];
  return sdkVersion !== undefined && isObserved(sdkVersion) ? undefined : { endpoint, sdkVersion };
}

async function sendLimited(
  calls: WireCalls,
  { endpoint, sdkVersion }: LimitedEndpoint,
  input: FetchInput,
  init: FetchInit,
  send: (init: FetchInit) => ReturnType<Fetch>,
): Promise<Response> {
  const given = init?.signal ?? (input instanceof Request ? input.signal : undefined);
  if (given?.aborted === true) return send(init);
  const body = await bodyOf(input, init);
  if (endpoint.form === 'batch') return sendBatch(calls, body, sdkVersion, send, init);
  const controller = new AbortController();
  const asked = guard('limit fetch', () => ({
    answer: ask(calls, endpoint, body, (error) => {
      controller.abort(error);
    }),
  }));
  const answer = asked?.answer;
  const refusal =
    asked === undefined
      ? calls.observer.refuseFault(undefined)
      : answer !== undefined && 'error' in answer
        ? answer.error
        : await answer?.refusal;
  if (refusal !== undefined) return refuse(refusal, sdkVersion);
  if (answer === undefined) return send(init);
  const { slot } = answer as Exclude<typeof answer, { readonly error: Error }>;
  const signal = given ? AbortSignal.any([given, controller.signal]) : controller.signal;
  try {
    return await context.with(withSlot(context.active(), slot), () => send({ ...init, signal }));
  } finally {
    // Nobody saw it leave: nothing was asked.
    if (!slot.isTaken) slot.release();
  }
}

async function sendBatch(
  calls: WireCalls,
  body: string | undefined,
  sdkVersion: string | undefined,
  send: (init: FetchInit) => ReturnType<Fetch>,
  init: FetchInit,
): Promise<Response> {
  const parsed = body === undefined ? undefined : guard('parse batch', () => JSON.parse(body) as unknown);
  // A body that comes in pieces is held back where it is sent.
  if (parsed === undefined) return send(init);
  const asked = askBatch(calls, parsed, true);
  if (asked instanceof Error) return refuse(asked, sdkVersion);
  const refusal = await asked.wait?.();
  if (refusal !== undefined) return refuse(refusal, sdkVersion);
  return context.with(withAdmitted(context.active(), asked.admissions), () => send(init));
}

function ask(
  calls: WireCalls,
  endpoint: Endpoint,
  body: string | undefined,
  abort: (error: Error) => void,
): ReturnType<typeof askLimits> {
  const params = body === undefined ? undefined : messageParamsOf(endpoint, JSON.parse(body));
  if (params === undefined) return undefined;
  const active = context.active();
  return askLimits(calls, { endpoint, params, facts: readRequest(params), active, abort, canWait: true });
}

/** A copy of the SDK tries again after what it takes for a lost connection, and makes its own errors of answers. */
function refuse(error: Error, sdkVersion: string | undefined): Response {
  const response = sdkVersion === undefined ? undefined : guard('refuse', () => refusalResponse(error));
  if (response === undefined) throw error;
  return response;
}

async function bodyOf(input: FetchInput, init: FetchInit): Promise<string | undefined> {
  const body: unknown = init?.body;
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  if (body instanceof ArrayBuffer) return Buffer.from(body).toString();
  if (body instanceof Blob) return body.text();
  if (body !== undefined && body !== null) return asText(body);
  if (!(input instanceof Request)) return undefined;
  try {
    return await input.clone().text();
  } catch {
    return undefined;
  }
}

// Limited fetch: the global `fetch`, for programs and frameworks that ask a model without the SDK. It stands in the place
// of Node's own only where something is limited, and touches only requests to an endpoint of a Claude model that no
// observer of an SDK has claimed.

import { context } from '@opentelemetry/api';
import { asText } from '../../core/model-call/json.ts';
import { guard } from '../process/guard.ts';
import { readRequest } from '../record/request-facts.ts';
import type { Run } from '../record/run.ts';
import { withSlot, type AdmissionSlot } from '../limits/admission-slot.ts';
import { LIMIT_ERROR_TYPE } from '../limits/limit-error.ts';
import type { Admitted, Refused } from '../limits/limited-request.ts';
import { isClaimed } from '../sdk/native-spans.ts';
import type { Observer } from '../sdk/observer.ts';
import { endpointOf, messageParamsOf, type Endpoint } from './endpoint.ts';

type Fetch = typeof globalThis.fetch;
type FetchInput = Parameters<Fetch>[0];
type FetchInit = Parameters<Fetch>[1];

export function limitFetch(observer: Observer, isObserved: (version: string) => boolean): void {
  const { fetch: original } = globalThis;
  if (typeof original !== 'function') return;
  const fetch = function (this: unknown, input: FetchInput, init?: FetchInit) {
    const send = (own = init): ReturnType<Fetch> => Reflect.apply(original, this, [input, own]);
    const endpoint = guard('limit fetch', () => limitedEndpoint(input, init, isObserved));
    return endpoint === undefined ? send() : sendLimited(observer, endpoint, input, init, send);
  };
  // As Node's own is: its name and how many parameters it has are looked at by some.
  Object.defineProperty(fetch, 'length', { value: original.length });
  globalThis.fetch = fetch;
}

function limitedEndpoint(
  input: FetchInput,
  init: FetchInit,
  isObserved: (version: string) => boolean,
): Endpoint | undefined {
  const request = input instanceof Request ? input : undefined;
  const method = (init?.method ?? request?.method ?? 'GET').toUpperCase();
  if (method !== 'POST' || isClaimed(context.active())) return undefined;
  const text = request?.url ?? (input instanceof URL ? input.href : (input as string));
  if (!URL.canParse(text)) return undefined;
  const { pathname, host } = new URL(text);
  const endpoint = endpointOf(method, pathname, () => host);
  if (endpoint === undefined || endpoint.form === 'batch_results') return undefined;
  const agent = new Headers(init?.headers ?? request?.headers).get('user-agent') ?? '';
  const version = /^Anthropic\w*\/JS (\S+)/.exec(agent)?.[1];
  return version !== undefined && isObserved(version) ? undefined : endpoint;
}

async function sendLimited(
  observer: Observer,
  endpoint: Endpoint,
  input: FetchInput,
  init: FetchInit,
  send: (init: FetchInit) => ReturnType<Fetch>,
): Promise<Response> {
  const body = await bodyOf(input, init);
  const found = guard('limit fetch', () => admit(observer, endpoint, body));
  if (found === undefined) return send(init);
  const { run, outcome } = found;
  if ('error' in outcome) {
    guard('refused run', () => {
      refuseRun(observer, run);
    });
    throw outcome.error;
  }
  const { admission } = outcome;
  const refusal = await admission.wait?.();
  if (refusal !== undefined) {
    guard('refused run', () => {
      refuseRun(observer, run);
    });
    throw refusal;
  }
  const controller = new AbortController();
  const slot: AdmissionSlot = {
    run,
    admission,
    isTaken: false,
    abort: (error) => {
      controller.abort(error);
    },
  };
  const given = init?.signal ?? (input instanceof Request ? input.signal : undefined);
  const signal = given ? AbortSignal.any([given, controller.signal]) : controller.signal;
  try {
    return await context.with(withSlot(context.active(), slot), () => send({ ...init, signal }));
  } finally {
    // Nobody saw it leave: nothing was asked.
    if (!slot.isTaken) admission.cancel();
  }
}

function admit(
  observer: Observer,
  endpoint: Endpoint,
  body: string | undefined,
): { readonly run: Run; readonly outcome: Admitted | Refused } | undefined {
  const params = body === undefined ? undefined : messageParamsOf(endpoint, JSON.parse(body));
  if (params === undefined) return undefined;
  const facts = readRequest(params);
  const active = context.active();
  const run = observer.runs.runOf(facts, active);
  const { platform, region } = endpoint;
  const outcome = observer.limiter.admit({
    run,
    facts,
    body: params,
    client: undefined,
    active,
    platform,
    region,
    canWait: true,
    canShorten: false,
  });
  // A run that was begun here is carried on, so that it is not begun again when the request is seen to leave.
  return { run, outcome: outcome ?? { admission: NOTHING_LIMITED } };
}

const NOTHING_LIMITED = {
  settle: () => undefined,
  cancel: () => undefined,
  check: () => undefined,
};

function refuseRun(observer: Observer, run: Run): void {
  if (run.isInferred && !run.isAdopted && !run.isEnded)
    observer.runs.end(run, 'budget_exceeded', LIMIT_ERROR_TYPE);
}

async function bodyOf(input: FetchInput, init: FetchInit): Promise<string | undefined> {
  const body: unknown = init?.body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  if (body !== undefined && body !== null) return asText(body);
  if (!(input instanceof Request)) return undefined;
  try {
    return await input.clone().text();
  } catch {
    return undefined;
  }
}

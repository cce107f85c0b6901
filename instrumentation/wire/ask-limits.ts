// Asking the limits about a request that no SDK's observer has claimed, before it leaves, whatever sends it.

import type { Context } from '@opentelemetry/api';
import type { Json } from '../../core/model-call/json.ts';
import { guard } from '../process/guard.ts';
import type { AdmissionSlot } from '../limits/admission-slot.ts';
import { LIMIT_ERROR_TYPE } from '../limits/limit-error.ts';
import type { Admission } from '../record/model-call.ts';
import type { RequestFacts } from '../record/request-facts.ts';
import type { Run } from '../record/run.ts';
import type { Observer } from '../sdk/observer.ts';
import type { Endpoint } from './endpoint.ts';
import type { WireCalls } from './wire-calls.ts';

/** The error to refuse a request with, now or when a server has answered; `undefined`: it may leave. */
export type Asked = Error | Promise<Error | undefined> | undefined;

export interface AskedRequest {
  readonly endpoint: Endpoint;
  /** The Messages request. */
  readonly params: Json;
  readonly facts: RequestFacts;
  /** Context that the request was made in. */
  readonly active: Context;
  /** Ends the request, and the reading of its answer, with an error. */
  readonly abort: (error: Error) => void;
  /** Whether the request can be held back while a server is asked. */
  readonly canWait: boolean;
}

type Answer =
  | { readonly error: Error }
  | { readonly slot: AdmissionSlot; readonly refusal: Promise<Error | undefined> | undefined };

/** `undefined` where nothing is limited. */
export function askLimits(calls: WireCalls, request: AskedRequest): Answer | undefined {
  const { observer } = calls;
  const { endpoint, params, facts, active, abort, canWait } = request;
  const resumed = calls.resume(facts);
  if (resumed !== undefined)
    return { slot: slotOf(observer, resumed.call.run, NOTHING_LIMITED, abort, resumed), refusal: undefined };
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
    canWait,
    canShorten: false,
  });
  if (outcome !== undefined && 'error' in outcome) {
    refuseRun(observer, run);
    return { error: outcome.error };
  }
  // A run that was begun here is carried on, so that it is not begun again when the request is seen to leave.
  const admission = outcome?.admission ?? NOTHING_LIMITED;
  const slot = slotOf(observer, run, admission, abort);
  return { slot, refusal: admission.wait === undefined ? undefined : askOthers(observer, slot) };
}

async function askOthers(observer: Observer, { admission, run }: AdmissionSlot): Promise<Error | undefined> {
  const refusal = await admission.wait?.();
  if (refusal !== undefined) refuseRun(observer, run);
  return refusal;
}

function slotOf(
  observer: Observer,
  run: Run,
  admission: Admission,
  abort: (error: Error) => void,
  resumed?: ReturnType<WireCalls['resume']>,
): AdmissionSlot {
  return {
    run,
    admission,
    abort,
    resumed: resumed?.call,
    isTaken: false,
    release: () => {
      admission.cancel();
      if (resumed !== undefined) resumed.keep();
      // Begun for this request alone, which never left.
      else if (run.isInferred && !run.isAdopted && !run.isEnded && run.turns === 0)
        observer.runs.end(run, 'aborted');
    },
  };
}

const NOTHING_LIMITED: Admission = {
  settle: () => undefined,
  cancel: () => undefined,
  check: () => undefined,
};

function refuseRun(observer: Observer, run: Run): void {
  guard('refused run', () => {
    if (run.isInferred && !run.isAdopted && !run.isEnded)
      observer.runs.end(run, 'budget_exceeded', LIMIT_ERROR_TYPE);
  });
}

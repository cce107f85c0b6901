// Calls of the wire: model calls that are known by their HTTP requests alone, because no observer of an SDK claimed
// them. Whoever sent a request may send it again when it failed: the same body soon after is the same call.

import { SpanKind, trace, type Context } from '@opentelemetry/api';
import type { Json } from '../../core/model-call/json.ts';
import { guard, guarded } from '../process/guard.ts';
import { clearTimeout, later } from '../process/timers.ts';
import type { CallEnd, ModelCall } from '../record/model-call.ts';
import { takeSlot, type AdmissionSlot } from '../limits/admission-slot.ts';
import { LIMIT_ERROR_TYPE } from '../limits/limit-error.ts';
import type { Run } from '../record/run.ts';
import { readRequest, requestKey, type RequestFacts } from '../record/request-facts.ts';
import { bindSpan, isFreeNativeSpan } from '../sdk/native-spans.ts';
import type { Observer } from '../sdk/observer.ts';
import { messageParamsOf, type Endpoint } from './endpoint.ts';
import { GrowingRequests, readWhole, type ReadRequest } from './request/growing-requests.ts';

/** A failed request that is not sent again within this time has ended the call; clients wait up to a minute. */
const HELD_MS = 60_000;
const MAX_HELD = 1_000;

interface HeldCall {
  readonly call: ModelCall;
  readonly end: CallEnd;
  readonly endMs: number;
  readonly timer: NodeJS.Timeout;
}

export interface WireRequest {
  readonly endpoint: Endpoint;
  /** The Messages request. */
  readonly params: Readonly<Record<string, unknown>>;
  /** What is known of it, where somebody has read it already. */
  readonly facts?: RequestFacts | undefined;
  /** Context that the request was made in. */
  readonly active: Context;
  readonly startMs: number;
  /** Version of the SDK that sent it, where it names one. */
  readonly sdkVersion: string | undefined;
}

/** Statuses after which clients send a request again. */
export function isRetried(status: number): boolean {
  return (
    status === 408 || status === 409 || status === 429 || status >= 500 || (status >= 300 && status < 400)
  );
}

export class WireCalls {
  readonly observer: Observer;
  readonly #held = new Map<string, HeldCall>();
  readonly #slots = new WeakMap<ModelCall, AdmissionSlot>();
  readonly #requests = new GrowingRequests();

  constructor(observer: Observer) {
    this.observer = observer;
  }

  /** Reads the body of a request; `undefined` when it is no Messages request, nor stands for one. */
  readRequest(endpoint: Endpoint, body: Buffer): ReadRequest | undefined {
    const parse = (bytes: Buffer): Json | undefined =>
      messageParamsOf(
        endpoint,
        guard('parse request', () => JSON.parse(bytes.toString()) as unknown),
      );
    const { form, model = '', isStreamed = '' } = endpoint;
    // Limits and records want all of it; Converse writes messages in a way of its own.
    const isWhole = form === 'converse' || this.observer.isLimited || this.observer.recordsRequests;
    return isWhole
      ? readWhole(parse(body))
      : this.#requests.read(`${form} ${String(isStreamed)} ${model}`, body, parse);
  }

  /** The call that a request begins or goes on with. */
  begin(request: WireRequest): ModelCall {
    const facts = request.facts ?? readRequest(request.params);
    const slot = takeSlot(request.active);
    const earlier = slot === undefined ? this.#take(facts)?.call : slot.resumed;
    if (earlier !== undefined) {
      if (slot !== undefined) this.#slots.set(earlier, slot);
      return earlier;
    }
    const call = beginCall(this.observer, facts, request, slot?.run);
    call.admission = slot?.admission;
    if (slot !== undefined) this.#slots.set(call, slot);
    return call;
  }

  /**
   * The failed call that a request with these facts goes on with, for whoever lets the request through: what let it
   * through the first time holds on. `keep` puts it back, as the request never left.
   */
  resume(facts: RequestFacts): { readonly call: ModelCall; readonly keep: () => void } | undefined {
    const held = this.#take(facts);
    if (held === undefined) return undefined;
    return {
      call: held.call,
      keep: () => {
        this.hold(held.call, held.end);
      },
    };
  }

  #take(facts: RequestFacts): HeldCall | undefined {
    if (this.#held.size === 0) return undefined;
    const key = requestKey(facts);
    const held = this.#held.get(key);
    if (held === undefined) return undefined;
    this.#held.delete(key);
    clearTimeout(held.timer);
    return held;
  }

  /** More of the answer has come: ends it where it passes a limit. */
  check(call: ModelCall): void {
    const error = call.admission?.check(call.answer);
    if (error === undefined) return;
    call.end({ type: 'failed', errorType: LIMIT_ERROR_TYPE });
    this.#slots.get(call)?.abort(error);
  }

  /** The request failed in a way after which it may be sent again. */
  hold(call: ModelCall, end: CallEnd): void {
    const key = requestKey(call.facts);
    if (this.#held.size >= MAX_HELD || this.#held.has(key)) {
      call.end(end);
      return;
    }
    const endMs = Date.now();
    const timer = later('held call', HELD_MS, () => {
      this.#held.delete(key);
      call.end(end, endMs);
    });
    this.#held.set(key, { call, end, endMs, timer });
  }

  /** Nothing more is sent in the run: what failed last ended its call. */
  endHeldOf(run: Run): void {
    this.#endHeld(({ call }) => call.run === run);
  }

  /** Nothing more is sent at all. */
  endHeld(): void {
    this.#endHeld(() => true);
  }

  #endHeld(isOver: (held: HeldCall) => boolean): void {
    for (const [key, held] of this.#held) {
      if (!isOver(held)) continue;
      const { call, end, endMs, timer } = held;
      this.#held.delete(key);
      clearTimeout(timer);
      guarded('held call', () => {
        call.end(end, endMs);
      })();
    }
  }
}

function beginCall(
  observer: Observer,
  facts: RequestFacts,
  request: WireRequest,
  known: Run | undefined,
): ModelCall {
  const { active, endpoint, params, startMs, sdkVersion } = request;
  const run = known ?? observer.runs.runOf(facts, active);
  if (facts.userId !== undefined && run.identity.userId === undefined) run.identify({ userId: facts.userId });
  const enclosing = trace.getSpan(active);
  const { platform, region } = endpoint;
  const call = observer.beginCall(facts, run, { body: params, sdkVersion, platform, region, startMs });
  if (enclosing !== undefined && isFreeNativeSpan(enclosing)) {
    bindSpan(call, enclosing, 'marked');
    enclosing.updateName(call.spanName);
    return call;
  }
  observer.telemetry.peers.relate(enclosing, run.id);
  call.isOwnSpan = true;
  call.span = observer.telemetry.tracer.startSpan(
    call.spanName,
    {
      kind: SpanKind.CLIENT,
      startTime: startMs,
      attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': facts.model },
    },
    run.isAdopted ? active : run.contextOf(active),
  );
  return call;
}

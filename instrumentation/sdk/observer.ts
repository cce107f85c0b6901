// The observer: begins model calls for the hooks, with what is known about the client that makes them.

import { randomUUID } from 'node:crypto';
import type { Platform } from '../../core/pricing/circumstances.ts';
import type { PriceOverrides } from '../../core/pricing/cost.ts';
import { guard } from '../process/guard.ts';
import type { LimitExceededError } from '../limits/limit-error.ts';
import { Limiter } from '../limits/limiter.ts';
import type { Admitted, LimitedRequest, Refused } from '../limits/limited-request.ts';
import { ModelCall, type Admission } from '../record/model-call.ts';
import { forgetAnswer } from './observe-response.ts';
import type { RequestFacts } from '../record/request-facts.ts';
import type { Run } from '../record/run.ts';
import type { Runs } from '../record/runs.ts';
import type { Telemetry } from '../record/telemetry.ts';

/** A request as its sender gave it. */
export interface SentRequest {
  readonly client: object | undefined;
  readonly body: unknown;
  /** Version of the copy of the SDK that sends it. */
  readonly sdkVersion: string | undefined;
}

/** A request as it was seen on its way. */
export interface SeenRequest {
  readonly body: unknown;
  readonly sdkVersion: string | undefined;
  readonly platform: Platform;
  readonly region: string | undefined;
  readonly startMs: number;
}

interface ClientLike {
  readonly awsRegion?: unknown;
  readonly region?: unknown;
  readonly constructor?: { readonly name?: string };
}

export class Observer {
  readonly telemetry: Telemetry;
  readonly runs: Runs;
  readonly overrides: PriceOverrides | undefined;
  #limiter: Limiter | undefined;
  #onLimited: (() => void) | undefined;
  readonly #instanceId: string;
  /** How many functions of the SDK that are observed are on the stack: what they call in turn is theirs. */
  #sending = 0;
  /** Requests of batches that were sent and whose row was not read yet, by batch and their own id. */
  readonly sentRows = new Map<string, Admission>();
  /** Ends of what is open. */
  readonly #open = new Set<() => void>();

  constructor(
    telemetry: Telemetry,
    runs: Runs,
    overrides: PriceOverrides | undefined,
    instanceId = 'process',
  ) {
    this.telemetry = telemetry;
    this.runs = runs;
    this.overrides = overrides;
    this.#instanceId = instanceId;
    if (telemetry.settings.limits !== undefined) this.#limiter = this.#makeLimiter();
  }

  /** True while an observed function of the SDK builds its request. */
  get isSending(): boolean {
    return this.#sending > 0;
  }

  /** Lets an observed function of the SDK build its request. */
  send<T>(build: () => T): T {
    this.#sending += 1;
    try {
      return build();
    } finally {
      this.#sending -= 1;
    }
  }

  /** Whether requests and answers are kept, at least until their run has ended. */
  get recordsRequests(): boolean {
    const { content } = this.telemetry.settings;
    return content === 'full' || content === 'errors';
  }

  get isLimited(): boolean {
    return this.#limiter !== undefined;
  }

  /** The limiter, made when the program sets the first limit where the settings have none. */
  get limiter(): Limiter {
    if (this.#limiter === undefined) {
      this.#limiter = this.#makeLimiter();
      this.#onLimited?.();
    }
    return this.#limiter;
  }

  /** Something is limited, now or later: what has to be in the way of requests is put there. */
  whenLimited(report: () => void): void {
    if (this.#limiter === undefined) this.#onLimited = report;
    else report();
  }

  #makeLimiter(): Limiter {
    return new Limiter(
      this.telemetry,
      this.runs,
      this.overrides,
      this.#instanceId,
      randomUUID(),
      this.telemetry.settings.limits,
    );
  }

  /** Lets a request through or refuses it; `undefined` where nothing is limited. */
  admit(
    request: Omit<LimitedRequest, 'platform' | 'region' | 'canWait'> &
      Partial<Pick<LimitedRequest, 'canWait'>>,
  ): Admitted | Refused | undefined {
    // Where nothing is limited nothing is made either.
    if (this.#limiter === undefined) return undefined;
    const { client = {}, canWait = 'middleware' in client } = request;
    return this.#limiter.admit({ ...request, ...placeOf(client), canWait });
  }

  /** What to refuse a request with whose observation failed; `undefined` where it goes through. */
  refuseFault(client: object | undefined): LimitExceededError | undefined {
    return this.#limiter?.refuseFault(client);
  }

  beginCall(facts: RequestFacts, run: Run, request: SentRequest | SeenRequest): ModelCall {
    const { body, sdkVersion } = request;
    const options = {
      facts,
      run,
      ...('client' in request ? placeOf(request.client ?? {}) : placeOnWire(request)),
      overrides: this.overrides,
      sdkVersion,
      ...(this.recordsRequests ? { params: body } : {}),
    };
    this.telemetry.sightings.seeCall('client' in request ? 'sdk' : 'request');
    const call = new ModelCall(this.telemetry, this.runs, options);
    call.onEnd = this.openUnit(() => {
      call.closeAnswer?.();
      call.end({ type: 'unread' });
      forgetAnswer(call);
    });
    return call;
  }

  /** Something has begun that `end` ends; the function that is given back does it, at the end of the process at the latest, once. */
  openUnit(end: () => void): () => void {
    const endOnce = (): void => {
      if (this.#open.delete(endOnce)) guard('end unit', end);
    };
    this.#open.add(endOnce);
    return endOnce;
  }

  /** Ends what is still open: the process goes. */
  endAll(): void {
    for (const end of this.#open) end();
  }
}

function placeOnWire({ platform, region, startMs }: SeenRequest): Omit<SeenRequest, 'body' | 'sdkVersion'> {
  return { platform, region, startMs };
}

/** Platform and region of a client, from its class: each platform package has one of its own. */
function placeOf(client: ClientLike): { platform: Platform; region: string | undefined } {
  const region = typeof client.awsRegion === 'string' ? client.awsRegion : client.region;
  return {
    platform: platformOf(client.constructor?.name ?? ''),
    region: typeof region === 'string' ? region : undefined,
  };
}

function platformOf(className: string): Platform {
  if (className.includes('Bedrock')) return 'bedrock';
  if (className.includes('Vertex')) return 'vertex';
  if (className.includes('Foundry')) return 'foundry';
  return className.includes('Aws') ? 'aws' : 'anthropic';
}

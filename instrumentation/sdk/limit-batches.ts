// Limits of batches: all requests of a batch are reserved together before it is created, at the price of batches, and
// each is settled as its row of the results is read. What is never read stays reserved while the process runs.

import { context } from '@opentelemetry/api';
import { asJson, asList, asText } from '../../core/model-call/json.ts';
import { chain } from '../follow/chain.ts';
import { guard } from '../process/guard.ts';
import type { LimitExceededError } from '../limits/limit-error.ts';
import { holdCall, refuseCall } from '../limits/refuse-call.ts';
import type { Admission, PaidAmount } from '../record/model-call.ts';
import { readRequest } from '../record/request-facts.ts';
import { clientOf } from '../otel/foreign-fields.ts';
import type { ApiPromise } from './observe-call.ts';
import type { Observer } from './observer.ts';
import { replaceMethod } from './replace-method.ts';

export interface CreatesBatches {
  create?: (this: object, body: unknown, options?: object) => ApiPromise;
}

/** What let the requests of a batch through, by their ids in it. */
export type Admissions = ReadonlyMap<string, Admission>;

const MAX_REMEMBERED = 50_000;

export function limitBatches(observer: Observer, prototype: CreatesBatches): void {
  replaceMethod<NonNullable<CreatesBatches['create']>>(
    prototype,
    'create',
    (create) =>
      function (body, options) {
        const outcome = observer.isLimited
          ? guard('limit batch', () => admitBatch(observer, clientOf(this), body, true))
          : undefined;
        if (outcome === undefined) return create.call(this, body, options);
        if ('error' in outcome)
          return refuseCall(outcome.error, (own) => create.call(this, body, { ...options, ...own }));
        const promise = holdCall(outcome.wait, (own) => create.call(this, body, { ...options, ...own }));
        guard('follow batch', () => {
          followBatch(observer, promise, outcome.admissions);
        });
        return promise;
      },
  );
}

export interface AdmittedBatch {
  readonly admissions: Admissions;
  /** Asks the server that shares limits out, where the batch has to wait for it; gives the error of one that is refused. */
  readonly wait?: () => Promise<Error | undefined>;
}

/** Reserves all requests of a batch, or none; `undefined` outside of any run: there is nobody whose limit it could be. */
export function admitBatch(
  observer: Observer,
  client: object | undefined,
  body: unknown,
  canWait: boolean,
): AdmittedBatch | { readonly error: LimitExceededError } | undefined {
  const active = context.active();
  const run = observer.runs.runIn(active);
  if (run === undefined) return undefined;
  const admissions = new Map<string, Admission>();
  const batch = { nanoUsd: 0 };
  for (const request of asList(asJson(body)['requests']).map(asJson)) {
    const { params } = request;
    const facts = readRequest(params);
    const outcome = observer.admit({
      run,
      facts,
      body: params,
      client,
      active,
      batch,
      canShorten: false,
      canWait,
    });
    if (outcome === undefined) continue;
    if ('error' in outcome) {
      cancelAll(admissions);
      return outcome;
    }
    admissions.set(asText(request['custom_id']) ?? String(admissions.size), outcome.admission);
  }
  const isWaiting = [...admissions.values()].some((admission) => admission.wait !== undefined);
  return { admissions, ...(isWaiting ? { wait: () => askForBatch(admissions) } : {}) };
}

async function askForBatch(admissions: Admissions): Promise<Error | undefined> {
  for (const admission of admissions.values()) {
    const refusal = await admission.wait?.();
    if (refusal === undefined) continue;
    cancelAll(admissions);
    return refusal;
  }
  return undefined;
}

export function cancelAll(admissions: Admissions): void {
  for (const admission of admissions.values()) admission.cancel();
}

/** The batch exists: each of its requests is settled as its row is read. */
export function keepAdmissions({ sentRows }: Observer, batch: unknown, admissions: Admissions): void {
  const id = asText(asJson(batch)['id']);
  for (const [customId, admission] of admissions)
    if (sentRows.size < MAX_REMEMBERED) sentRows.set(`${id} ${customId}`, admission);
}

function followBatch(observer: Observer, promise: ApiPromise, admissions: Admissions): void {
  promise.responsePromise = chain(
    () => promise.responsePromise,
    (props) => props,
    () => {
      guard('batch failed', () => {
        cancelAll(admissions);
      });
    },
  );
  const parse = promise.parseResponse;
  promise.parseResponse = function (this: unknown, ...parameters) {
    return chain(
      () => parse.apply(this, parameters),
      (batch) => {
        guard('batch created', () => {
          keepAdmissions(observer, batch, admissions);
        });
        return batch;
      },
      () => undefined,
    );
  };
}

/** A row that is not billed. */
const NOTHING_PAID: PaidAmount = { costNanoUsd: undefined, reading: undefined, wasAnswered: false };

/** A row of the results was read; `paid` is what it came to, if anything. */
export function settleRow(
  { sentRows }: Observer,
  batchId: string,
  row: unknown,
  paid: PaidAmount = NOTHING_PAID,
): void {
  const key = `${batchId} ${asText(asJson(row)['custom_id'])}`;
  const admission = sentRows.get(key);
  if (admission === undefined) return;
  sentRows.delete(key);
  if (paid.wasAnswered) admission.settle(paid);
  else admission.cancel();
}

// An admission slot: carries what let a request through to whoever sees it on its way, within its context.

import { createContextKey, type Context } from '@opentelemetry/api';
import { leanContext } from '../otel/lean-context.ts';
import type { Admission, ModelCall } from '../record/model-call.ts';
import type { Run } from '../record/run.ts';

const SLOT_KEY = createContextKey('tallyspan admission');

export interface AdmissionSlot {
  readonly run: Run;
  readonly admission: Admission;
  /** Ends the request, and the reading of its answer, with the error. */
  readonly abort: (error: Error) => void;
  /** The call that this request goes on with, where an earlier one of it failed. */
  readonly resumed?: ModelCall | undefined;
  /** The request never left. */
  readonly release: () => void;
  /** Whether the call that it is for has begun. */
  isTaken: boolean;
}

export function withSlot(active: Context, slot: AdmissionSlot): Context {
  return leanContext(active).setValue(SLOT_KEY, slot);
}

/** Whether somebody has let the request through already. */
export function hasSlot(active: Context): boolean {
  return (active.getValue(SLOT_KEY) as AdmissionSlot | undefined)?.isTaken === false;
}

/** The slot of the request, for the first that asks. */
export function takeSlot(active: Context): AdmissionSlot | undefined {
  const slot = active.getValue(SLOT_KEY) as AdmissionSlot | undefined;
  if (slot === undefined || slot.isTaken) return undefined;
  slot.isTaken = true;
  return slot;
}

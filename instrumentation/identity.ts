// Identity: who a run is for and what kind of task it is. It comes from the process (settings), from
// `identify` in the current context, from the run's own options, and last from the request itself.

import { context, createContextKey, type Context } from '@opentelemetry/api';
import type { Settings } from './settings.ts';

export interface Identity {
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly taskType?: string | undefined;
}

const IDENTITY_KEY = createContextKey('tallyspan identity');

let processIdentity: Identity = {};

export function setProcessIdentity(settings: Settings): void {
  const { userId, sessionId, taskType } = settings;
  processIdentity = { userId, sessionId, taskType };
}

/** Identity in force in the given context. */
export function identityIn(active: Context = context.active()): Identity {
  return mergeIdentity(processIdentity, (active.getValue(IDENTITY_KEY) as Identity | undefined) ?? {});
}

export function withIdentity(active: Context, identity: Identity): Context {
  return active.setValue(IDENTITY_KEY, mergeIdentity(identityIn(active), identity));
}

/** What the second says wins; what it leaves out stays. */
export function mergeIdentity(base: Identity, more: Identity): Identity {
  return {
    userId: more.userId ?? base.userId,
    sessionId: more.sessionId ?? base.sessionId,
    taskType: more.taskType ?? base.taskType,
  };
}

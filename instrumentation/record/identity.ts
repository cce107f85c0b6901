// Identity: who a run is for and what kind of task it is. It comes from the process (settings), from
// `identify` earlier in the same asynchronous flow, from the run's own options, and last from the request.

import { AsyncLocalStorage } from 'node:async_hooks';
import { cutText } from '../../core/text/cut-text.ts';
import type { Settings } from '../process/settings.ts';

export interface Identity {
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly taskType?: string | undefined;
  /** Labels of a run. */
  readonly tags?: readonly string[] | undefined;
}

const flow = new AsyncLocalStorage<Identity>();
let processIdentity: Identity = {};

export function setProcessIdentity(settings: Settings): void {
  const { userId, sessionId, taskType } = settings;
  processIdentity = { userId, sessionId, taskType };
}

/** Identity in force here. */
export function currentIdentity(): Identity {
  return mergeIdentity(processIdentity, flow.getStore() ?? {});
}

/** From here on, in this asynchronous flow, runs are for that identity. */
export function setFlowIdentity(identity: Identity): void {
  flow.enterWith(mergeIdentity(flow.getStore() ?? {}, identity));
}

/** Calls `work`: what it identifies before its first `await` is not for what its caller does afterwards. */
export function inOwnFlow<T>(work: () => T): T {
  return flow.run(flow.getStore() ?? {}, work);
}

/** What the second says wins; what it leaves out stays. Tags add up. */
export function mergeIdentity(base: Identity, more: Identity): Identity {
  return {
    userId: more.userId ?? base.userId,
    sessionId: more.sessionId ?? base.sessionId,
    taskType: more.taskType ?? base.taskType,
    tags: mergeTags(base.tags, more.tags),
  };
}

/** Labels that a run keeps, and characters of each: whatever a caller loops over, events stay small. */
const MAX_TAGS = 20;
const MAX_TAG_LENGTH = 64;

function mergeTags(
  base: readonly string[] | undefined,
  more: readonly string[] | undefined,
): readonly string[] | undefined {
  if (!Array.isArray(more) || more.length === 0) return base;
  const tags = more.flatMap((tag: unknown) =>
    typeof tag === 'string' && tag !== '' ? [cutText(tag, MAX_TAG_LENGTH)] : [],
  );
  return [...new Set([...(base ?? []), ...tags])].slice(0, MAX_TAGS);
}

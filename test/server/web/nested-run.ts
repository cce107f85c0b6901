// A session in which a turn started runs, and one of those started another.

import type { EventRecord } from '../../../core/event.ts';
import { sampleRun } from './sample-run.ts';

export const NESTED_SESSION = 'chat/1';

export interface NestedOptions {
  readonly mark: string;
  readonly parent?: string;
  readonly endMs: number;
  readonly isOpen?: boolean;
  readonly session?: string;
}

/** A run that the run with the other mark started. */
function nestedRun({ parent, session = NESTED_SESSION, ...options }: NestedOptions): EventRecord[] {
  return sampleRun({ ...options, agent: parent === undefined ? 'support' : 'searcher' }).map((event) => ({
    ...event,
    'gen_ai.conversation.id': session,
    ...(parent === undefined ? {} : { 'agent.parent_run_id': parent.repeat(32) }),
  }));
}

/**
 * Turn `4` started `5` and `6`, `6` started `7`; turn `8` came later. Each costs what a sample run costs. `6` has not
 * ended, and `9` belongs to another session though `4` started it.
 */
export function nestedSession(nowMs: number): EventRecord[] {
  return [
    ...nestedRun({ mark: '4', endMs: nowMs - 60_000 }),
    ...nestedRun({ mark: '5', parent: '4', endMs: nowMs - 58_000 }),
    ...nestedRun({ mark: '6', parent: '4', endMs: nowMs - 56_000, isOpen: true }),
    ...nestedRun({ mark: '7', parent: '6', endMs: nowMs - 54_000 }),
    ...nestedRun({ mark: '8', endMs: nowMs - 20_000 }),
    ...nestedRun({ mark: '9', parent: '4', endMs: nowMs - 52_000, session: 'another' }),
  ];
}

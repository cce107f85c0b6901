// Options that nobody reads: a program that writes `user` for `userId` would count all its users as one, in silence.

import { nearestOf } from '../../core/text/nearest.ts';
import { sayOnce } from '../process/diagnostics.ts';
import type { Identity, RunOptions, ScoreOptions } from './types.ts';

const IDENTITY = {
  userId: true,
  sessionId: true,
  taskType: true,
  tags: true,
} satisfies Record<keyof Identity, true>;

const OPTIONS = {
  identify: IDENTITY,
  run: { ...IDENTITY, agent: true, version: true, input: true, limit: true } satisfies Record<
    keyof RunOptions,
    true
  >,
  score: { id: true, source: true, author: true, comment: true, evaluator: true } satisfies Record<
    keyof ScoreOptions,
    true
  >,
} as const;

/** Says once of each what is no option of the function, with what was probably meant. */
export function sayUnknownOptions(of: keyof typeof OPTIONS, given: unknown): void {
  if (typeof given !== 'object' || given === null) {
    sayOnce(
      `${of} options`,
      `${of}(): its options are an object, not ${given === null ? 'null' : `a ${typeof given}`}.`,
    );
    return;
  }
  const known = OPTIONS[of];
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(known, name)) continue;
    const nearest = nearestOf(name, Object.keys(known), Math.min(3, name.length - 1));
    sayOnce(
      `${of} option ${name}`,
      `${of}(): ${name} is not an option, and is not read.${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`,
    );
  }
}

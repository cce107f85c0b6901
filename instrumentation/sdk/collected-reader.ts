// Collected readers: a call whose answer nobody can read any more ends when what it would be read through is collected.
// What is registered for that stays until a full collection, with all that it holds, even where it is taken out
// before. So it holds a token, which lets go of the call as soon as that has ended.

import { guarded } from '../process/guard.ts';
import type { ModelCall } from '../record/model-call.ts';

/** Stands for a call that is open. */
interface ReaderToken {
  call: ModelCall | undefined;
}

const tokens = new FinalizationRegistry<ReaderToken>(
  guarded('collected reader', ({ call }: ReaderToken) => {
    call?.end({ type: 'unread' });
  }),
);

/** Ends the call when the promise, response or stream is collected; the last one given counts. */
export function endWhenCollected(reader: object, call: ModelCall): void {
  forgetReader(call);
  const token: ReaderToken = { call };
  call.reader = token;
  tokens.register(reader, token, token);
}

/** It has a reader, or has ended. */
export function forgetReader(call: ModelCall): void {
  const token = call.reader as ReaderToken | undefined;
  if (token === undefined) return;
  call.reader = undefined;
  token.call = undefined;
  tokens.unregister(token);
}

// A shared source: questions that overlap are asked of one, as a data folder is opened only once in a process. It is closed
// after the last of them, so that the folder is not kept from a server that starts meanwhile.

import type { Source } from '../../server/source.ts';

interface OpenedSource {
  readonly source: Promise<Source>;
  users: number;
}

/** Asks a question of the source, which is opened where no other question has it open. */
export function sharedSource(
  open: () => Promise<Source>,
): <T>(use: (source: Source) => Promise<T>) => Promise<T> {
  let current: OpenedSource | undefined;
  /** Resolves once the source before is closed; never rejects. */
  let closed: Promise<unknown> = Promise.resolve();
  return async (use) => {
    const opened = (current ??= { source: closed.then(open), users: 0 });
    opened.users++;
    try {
      return await use(await opened.source);
    } finally {
      opened.users--;
      if (opened.users === 0) {
        current = undefined;
        const closing = opened.source.then((source) => source.close());
        closed = closing.catch(() => undefined);
        await closed;
      }
    }
  };
}

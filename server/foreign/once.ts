// Once: work that is done a single time, and again where it failed.

/** Does the work when it is first called; who calls later waits for the same. A failure is thrown, and not kept. */
export function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () =>
    (done ??= work().catch((error: unknown) => {
      done = undefined;
      throw error;
    }));
}

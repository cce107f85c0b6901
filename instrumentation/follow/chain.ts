// Chains: a reaction of ours between a promise of the SDK's and its readers. An async function in between would do the
// same, and stand in the stack of every error that passes (`at async …`); a chain by `then` does not.

/**
 * Gives what the promise gives, after our reaction to it.
 * @param begin gives the promise; what it throws is a failure, too, and is thrown on
 * @param onValue gives the value to hand on; where it throws, that is what the reader gets
 * @param onError reports; the reader gets the same error
 */
export function chain<T>(
  begin: () => T | PromiseLike<T>,
  onValue: (value: T) => T | Promise<T>,
  onError: (error: unknown) => void,
): Promise<T> {
  const fail = (error: unknown): never => {
    onError(error);
    throw error;
  };
  let begun: T | PromiseLike<T>;
  try {
    begun = begin();
  } catch (error) {
    return fail(error);
  }
  return Promise.resolve(begun).then<T>(onValue, fail);
}

// A young function: V8 allocates a function among the old objects where it is written as the value that a property is set to,
// so that it, and all that it can reach, stays until a full collection. As an argument it is young like any other.

/** The function itself, for a property of something that is gone in a moment. */
export function youngFunction<Work extends (...parameters: never[]) => unknown>(work: Work): Work {
  return work;
}

// Node's own modules, asked for as they are needed. The manual API is built into programs for other places as well (edge
// runtimes, browsers), where an import of one of them would break the build, or the first line of the program.

interface Builtins {
  readonly 'node:crypto': typeof import('node:crypto');
  readonly 'node:diagnostics_channel': typeof import('node:diagnostics_channel');
  readonly 'node:fs': typeof import('node:fs');
}

/** The module; `undefined` where this is not Node, or one before 20.16 and 22.3. */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  const { process } = globalThis as { readonly process?: Partial<NodeJS.Process> };
  try {
    return process?.getBuiltinModule?.(name);
  } catch {
    // The edge runtime of Next.js has the function, and it throws.
    return undefined;
  }
}

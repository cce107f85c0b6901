// Patterns of the tables, compiled once: they are asked for every span.

const patterns = new Map<string, RegExp>();

export function matches(pattern: string, text: string): boolean {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) patterns.set(pattern, (compiled = new RegExp(pattern)));
  return compiled.test(text);
}

// Writing OTTL: string literals.
// In a Collector configuration a `$` starts a variable, so every literal one is doubled.

/** Doubles each `$`, as the Collector's configuration wants it. */
export function escapeDollars(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** A string literal of OTTL. */
export function literal(text: string): string {
  return `"${escapeDollars(text.replaceAll('\\', '\\\\').replaceAll('"', '\\"'))}"`;
}

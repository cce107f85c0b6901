// An answer: what a command has to say on stdout, as one JSON value for programs or as text for people. Every text
// in it that others wrote is made safe here, so that no command has to think of it.

import type { CliIo } from './io.ts';
import { safeJson, safeTexts } from './safe-text.ts';

/** Writes the answer as JSON when asked for, else as the text that `render` makes of it. */
export function writeAnswer<T>(
  value: T,
  options: { readonly json?: boolean | undefined },
  io: CliIo,
  render: (value: T) => string,
): void {
  if (options.json === true) writeJson(io, value);
  else io.stdout.write(render(safeTexts(value)));
}

/** Writes a value as the one JSON value of stdout. */
export function writeJson(io: CliIo, value: unknown): void {
  io.stdout.write(`${safeJson(value)}\n`);
}

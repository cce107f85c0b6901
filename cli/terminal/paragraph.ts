// Paragraphs: sentences that begin with a mark and go on below it, as wide as the terminal; colours where they are wanted.

import { createColors } from 'picocolors';
import type { CliOutput } from './io.ts';
import { widthOf, wrapToWidth } from './text-width.ts';

/** How a text looks on a terminal; the words must say it too. */
export type Tone = 'bad' | 'warn' | 'good' | 'faint' | 'strong';

export function painted(text: string, tone: Tone, output: CliOutput): string {
  const colors = createColors(output.hasColours ?? output.isTTY === true);
  const paints = {
    bad: colors.red,
    warn: colors.yellow,
    good: colors.green,
    faint: colors.dim,
    strong: colors.bold,
  };
  return paints[tone](text);
}

/** The lines of a text: the first behind `first`, the others behind `next`. Whole on one line where no terminal shows it. */
export function indented(text: string, first: string, next: string, output: CliOutput): readonly string[] {
  if (output.isTTY !== true) return [`${first}${text}`];
  const width = Math.max(20, (output.columns ?? 80) - widthOf(next));
  // What stands before the first word takes room as a part of it.
  const before = '\u00a0'.repeat(Math.max(0, widthOf(first) - widthOf(next)));
  return wrapToWidth(before + text, width).map((line, index) =>
    index === 0 ? `${first}${line.slice(before.length)}` : `${next}${line}`,
  );
}

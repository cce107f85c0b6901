// A diff of two texts by lines: what is gone, what is new, and a few lines around; long equal stretches are left out.

import { diffLines } from 'diff';

export interface DiffLine {
  /** `gap` stands for equal lines that are left out, and says how many. */
  readonly kind: 'same' | 'gone' | 'new' | 'gap';
  readonly text: string;
}

const LINES_AROUND = 3;
const LONGEST_CHARS = 400_000;
const MOST_EDITS = 5000;
const LONGEST_MS = 300;

/** Undefined where the texts are too long, or have too little in common, to be compared by lines. */
export function diffTexts(a: string, b: string): DiffLine[] | undefined {
  if (a.length + b.length > LONGEST_CHARS) return undefined;
  const changes = diffLines(a, b, { maxEditLength: MOST_EDITS, timeout: LONGEST_MS });
  if (changes === undefined) return undefined;
  return changes.flatMap(({ value, added, removed }, index): DiffLine[] => {
    const lines = value.replace(/\n$/, '').split('\n');
    const kind = added ? 'new' : removed ? 'gone' : 'same';
    if (kind !== 'same') return lines.map((text) => ({ kind, text }));
    const isFirst = index === 0;
    const isLast = index === changes.length - 1;
    const head = isFirst ? [] : lines.slice(0, LINES_AROUND);
    const tail = isLast ? [] : lines.slice(Math.max(head.length, lines.length - LINES_AROUND));
    const left = lines.length - head.length - tail.length;
    if (left <= 1) return lines.map(same);
    return [...head.map(same), { kind: 'gap', text: `${left} equal lines` }, ...tail.map(same)];
  });
}

function same(text: string): DiffLine {
  return { kind: 'same', text };
}

export function isEqualDiff(lines: readonly DiffLine[]): boolean {
  return lines.every(({ kind }) => kind === 'same' || kind === 'gap');
}

// Prefix match: how far the messages of one request repeat those of another, from the hashes in their events.

import { foldWritten } from './request-shape.ts';

export interface PrefixMatch {
  /** Messages that both begin with. */
  readonly common: number;
  readonly before: number;
  readonly after: number;
}

/** Compares two `tallyspan.prefix.messages` lists; folded entries (`32*hash`) count as the messages they hold. */
export function matchMessages(before: readonly string[], after: readonly string[]): PrefixMatch {
  let common = 0;
  let left = 0;
  let right = 0;
  while (left < before.length && right < after.length) {
    const one = before[left] ?? '';
    const other = after[right] ?? '';
    const leftCount = countOf(one);
    const rightCount = countOf(other);
    const taken = Math.max(leftCount, rightCount);
    // Fewer messages than the fold of the other side holds: no telling, so nothing is said to differ.
    const leftCounts = leftCount === taken ? taken : messageCountOf(before.slice(left, left + taken));
    const rightCounts = rightCount === taken ? taken : messageCountOf(after.slice(right, right + taken));
    if (Math.min(leftCounts, rightCounts) < taken) {
      common += Math.min(leftCounts, rightCounts);
      break;
    }
    // A fold on one side is compared with the same number of single messages on the other.
    const leftText = leftCount === taken ? one : foldWritten(before.slice(left, left + taken));
    const rightText = rightCount === taken ? other : foldWritten(after.slice(right, right + taken));
    if (leftText !== rightText) break;
    common += taken;
    left += leftCount === taken ? 1 : taken;
    right += rightCount === taken ? 1 : taken;
  }
  return { common, before: messageCountOf(before), after: messageCountOf(after) };
}

/** Messages in the list, folds counted in full. */
export function messageCountOf(messages: readonly string[]): number {
  let length = 0;
  for (const entry of messages) length += countOf(entry);
  return length;
}

function countOf(entry: string): number {
  const star = entry.indexOf('*');
  if (star < 1) return 1;
  const count = Number(entry.slice(0, star));
  return Number.isSafeInteger(count) && count > 0 ? count : 1;
}

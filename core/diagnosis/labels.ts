// Labels: questions about what an atom of a difference is due to.

import type { AtomLabel } from './split.ts';

type LabelTest = (label: AtomLabel) => boolean;

export function isPart(part: AtomLabel['part']): LabelTest {
  return (label) => label.part === part;
}

/** Tokens that moved to another bucket. */
export function isMix(label: AtomLabel): boolean {
  return label.via === 'mix';
}

export function isBreak(cause: string): LabelTest {
  return (label) => label.part === 'cache_breaks' && label.cause === cause;
}

export function isOutput(label: AtomLabel): boolean {
  return label.part === 'tokens' && label.bucket === 'output';
}

/** Input tokens of an owner, whichever way they changed. */
export function isOwnedBy(owner: string): LabelTest {
  return (label) => (label.part === 'tokens' || label.part === 'tool_carry') && label.owner === owner;
}

/** Input tokens of any owner that became more or fewer. */
export function isInputSize(label: AtomLabel): boolean {
  return label.via === 'size' && label.owner !== undefined;
}

/** Input tokens of an owner that became more or fewer. */
export function isSizeOf(owner: string): LabelTest {
  return (label) => label.via === 'size' && isOwnedBy(owner)(label);
}

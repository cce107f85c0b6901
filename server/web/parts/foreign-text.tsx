// Foreign text: what a user, a model or a tool wrote, shown as nothing but text. Control and direction characters, which
// would hide or reorder what is read, appear as \x1b or \u202e; what is very long is cut, and says so.

import type { ComponentChildren, VNode } from 'preact';
import { cutText } from '../../../core/text/cut-text.ts';
import { formatCount } from '../../../core/text/format.ts';
import { escapeOf, UNSAFE } from '../../../core/text/safe-text.ts';

const KEPT = new Set(['\n', '\t']);
const LONGEST = 20_000;

export interface ForeignTextProps {
  readonly text: string;
  readonly most?: number;
  /** Where all of it can be read, after a text that is cut. */
  readonly rest?: ComponentChildren;
}

/** A text of several lines. */
export function ForeignText({ text, most = LONGEST, rest }: ForeignTextProps): VNode {
  const shown = cutText(text, most);
  return (
    <>
      <bdi class="said">{escapedParts(shown)}</bdi>
      {shown.length < text.length && (
        <span class="hint">
          … and {formatCount(text.length - shown.length)} more characters. {rest}
        </span>
      )}
    </>
  );
}

/** The parts of a text, characters that would hide or reorder it as they are written. */
export function escapedParts(text: string): (string | VNode)[] {
  const parts: (string | VNode)[] = [];
  let from = 0;
  for (const { 0: character, index } of text.matchAll(UNSAFE)) {
    if (KEPT.has(character)) continue;
    if (index > from) parts.push(text.slice(from, index));
    parts.push(<i class="esc">{escapeOf(character)}</i>);
    from = index + character.length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

/** Indentation of a long value that is nested deep would be many times as long as the value. */
const LONGEST_INDENTED = 50_000;

/** A value of JSON as text, indented where that is readable; no text where there is no value. */
export function jsonText(value: unknown): string {
  if (value === undefined) return '';
  const compact = JSON.stringify(value);
  return compact.length > LONGEST_INDENTED ? compact : JSON.stringify(value, undefined, 2);
}

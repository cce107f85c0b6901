// Rendered HTML: elements as text, in which no text holds a character that a browser obeys or nobody sees. Names and errors
// of others stand in headings, options, badges and sentences of every page; here is the one way that all of it goes.

import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { escapeOf, UNSAFE } from '../../core/text/safe-text.ts';

/** A tag with its attributes, which the renderer puts in double quotes, or the text between two tags. */
const PART = /<(?:[^"<>]|"[^"]*")*>|[^<]+/gu;
/** Attributes that are read by people: the others are addresses and values, and stay as they are. */
const READ_ATTRIBUTE = /(?<= (?:title|aria-label|alt|placeholder)=")[^"]*/gu;
/** All but the blanks of texts with several lines. */
const OBEYED = new RegExp(String.raw`(?![\n\t])(?:${UNSAFE.source})`, 'gu');
/** Blocks of units of 16 bits that all of those lie in: most pages have none, and to see that takes a tenth of the time. */
const MAY_BE_OBEYED =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class -- units, not characters
  /[\0-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u0340-\u034f\u0600-\u061f\u1150-\u1160\u1780-\u180f\u2000-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\uffff]/;

export function renderHtml(element: VNode): string {
  return visibleHtml(renderToString(element));
}

/** HTML as the renderer makes it, and only that. */
export function visibleHtml(html: string): string {
  return MAY_BE_OBEYED.test(html) ? html.replaceAll(PART, visiblePart) : html;
}

function visiblePart(part: string): string {
  return part.startsWith('<') ? part.replaceAll(READ_ATTRIBUTE, visible) : visible(part);
}

function visible(text: string): string {
  return MAY_BE_OBEYED.test(text) ? text.replaceAll(OBEYED, escapeOf) : text;
}

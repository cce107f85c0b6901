// Width: the columns of a terminal that a text takes. A wide character (East Asian, emoji) takes two, a mark on another
// none; what is seen as one character is never cut.

import stringWidth from 'string-width';

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });
const ELLIPSIS = '…';

/** The columns that the text takes. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** The text on lines of at most this width, broken between words, and within one that is wider than a line. */
export function wrapToWidth(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/[ \t\n]+/)) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
    while (widthOf(line) > width) {
      const [head, rest] = splitAtWidth(line, width);
      lines.push(head);
      line = rest;
    }
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines;
}

/** At least one character stands before the break, so that a wide one in a narrow column ends. */
function splitAtWidth(text: string, width: number): readonly [string, string] {
  let head = '';
  for (const { segment } of SEGMENTER.segment(text)) {
    if (head !== '' && widthOf(head + segment) > width) break;
    head += segment;
  }
  return [head, text.slice(head.length)];
}

/** The text, or its beginning with an ellipsis when it is wider. */
export function cutToWidth(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let cut = '';
  for (const { segment } of SEGMENTER.segment(text)) {
    if (widthOf(cut + segment) > width - widthOf(ELLIPSIS)) break;
    cut += segment;
  }
  return cut + ELLIPSIS;
}

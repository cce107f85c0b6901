// Width: the columns of a terminal that a text takes. A wide character (East Asian, emoji) takes two, a mark on another
// none; what is seen as one character is never cut.

import stringWidth from 'string-width';

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });
const ELLIPSIS = '…';

/** The columns that the text takes. */
export function widthOf(text: string): number {
  return stringWidth(text);
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

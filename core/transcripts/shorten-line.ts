// A shortened line: JSON in which every long text is replaced by its length. A line of a transcript may have 64 MB
// of one tool's result, of which only the length is wanted.

const QUOTE = 34;
const BACKSLASH = 92;
const LETTER_U = 117;
/** Texts of more bytes than this are replaced. */
const LONGEST_KEPT = 16_384;
/** Begins a text that stands for its length: no text of a transcript begins so. */
const LENGTH_MARK = '\0';

/** Characters (UTF-16 units) of a text, or of the one that it stands for. */
export function lengthOfText(text: string): number {
  return text.startsWith(LENGTH_MARK) ? Number(text.slice(1)) : text.length;
}

/** A text that stands for the length of another, or of the one that that stands for. */
export function lengthMark(text: string): string {
  return `${LENGTH_MARK}${String(lengthOfText(text))}`;
}

/**
 * The pieces of the line in `bytes` from `start` to `end`: ranges of bytes to be copied, and texts to be put
 * between them. Joined they are the line with long texts replaced.
 */
export function shortenLine(
  bytes: Uint8Array,
  start: number,
  end: number,
): (string | readonly [from: number, to: number])[] {
  const pieces: (string | readonly [number, number])[] = [];
  let from = start;
  let at = bytes.indexOf(QUOTE, start);
  while (at >= 0 && at < end) {
    const close = endOfText(bytes, at + 1, end);
    if (close < 0) break;
    if (close - at - 1 > LONGEST_KEPT) {
      pieces.push([from, at], `"\\u0000${String(countCharacters(bytes, at + 1, close))}"`);
      from = close + 1;
    }
    at = bytes.indexOf(QUOTE, close + 1);
  }
  pieces.push([from, end]);
  return pieces;
}

/** Where the quote stands that ends the text; -1 where none does. */
function endOfText(bytes: Uint8Array, start: number, end: number): number {
  for (let at = bytes.indexOf(QUOTE, start); at >= 0 && at < end; at = bytes.indexOf(QUOTE, at + 1)) {
    let slashes = 0;
    while (bytes[at - 1 - slashes] === BACKSLASH && at - 1 - slashes >= start) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}

/** UTF-16 units of a text as JSON writes it. */
function countCharacters(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === BACKSLASH) at += bytes[at + 1] === LETTER_U ? 5 : 1;
    // Within a character of several bytes.
    else if ((byte & 0xc0) === 0x80) continue;
    else if (byte >= 0xf0) count++;
    count++;
  }
  return count;
}

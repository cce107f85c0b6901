// Safe text: what others wrote (user ids, names of tools, errors), shown so that it is only displayed. Control and bidi
// characters, which would move a cursor, colour or reorder a line, appear as \x1b or \u202e; so do characters that are not
// seen at all, in which a text can hide another.

/**
 * Characters that a reader obeys or does not see. Joiners and the selectors of emoji stay, which scripts and pictures need.
 * Of those that are not seen: soft hyphen, fillers, zero widths, tags and the selectors beyond the first sixteen.
 */
export const UNSAFE =
  /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}\u{ad}\u{115f}\u{1160}\u{180e}\u{200b}\u{2060}-\u{206f}\u{3164}\u{feff}\u{ffa0}\u{fff9}-\u{fffb}\u{e0000}-\u{e0fff}]|\u{34f}|\u{17b4}|\u{17b5}/gu;
const SHORT_NAMES: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};

/** The text without a character that a terminal or a reader would obey. Safe text stays as it is. */
export function safeText(text: string): string {
  return text.replaceAll(UNSAFE, (character) => SHORT_NAMES[character] ?? escapeOf(character));
}

/** `\u202e`, as JSON has it: beyond 16 bits both halves. */
export function unicodeEscapeOf(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => String.raw`\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
}

/** The character as JavaScript writes it. */
export function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code > 0xffff) return String.raw`\u{${code.toString(16)}}`;
  return code > 0xff ? unicodeEscapeOf(character) : String.raw`\x${code.toString(16).padStart(2, '0')}`;
}

// Safe text: what others wrote (user ids, names of tools, errors), shown so that it is only displayed. Control and bidi
// characters, which would move a cursor, colour or reorder a line, appear as \x1b or \u202e.

export const UNSAFE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/gu;
const SHORT_NAMES: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};

/** The text without a character that a terminal or a reader would obey. Safe text stays as it is. */
export function safeText(text: string): string {
  return text.replaceAll(UNSAFE, (character) => SHORT_NAMES[character] ?? escapeOf(character));
}

/** `\u202e`, as JSON has it. */
export function unicodeEscapeOf(character: string): string {
  return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0);
  return code > 0xff ? unicodeEscapeOf(character) : String.raw`\x${code.toString(16).padStart(2, '0')}`;
}

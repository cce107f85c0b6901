// Safe text: what others wrote (user ids, names of tools, errors), shown so that a terminal only displays it.
// Control and bidi characters, which would move the cursor, colour or reorder a line, appear as \x1b or \u202e.

const UNSAFE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/gu;
const SHORT_NAMES: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};

/** The text without a character that a terminal would obey. Safe text stays as it is. */
export function safeText(text: string): string {
  return text.replaceAll(UNSAFE, (character) => SHORT_NAMES[character] ?? escapeOf(character));
}

/** Lines of ours: their ends stay, everything in them is made safe. */
export function safeLines(text: string): string {
  return text.split('\n').map(safeText).join('\n');
}

/** A copy of a value of JSON in which every text is safe. */
export function safeTexts<T>(value: T): T {
  return mapTexts(value) as T;
}

/** A value as JSON of one line. Only in texts can unsafe characters stand, and there JSON lets them be escaped. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNSAFE, (character) => unicodeEscapeOf(character));
}

function mapTexts(value: unknown): unknown {
  if (typeof value === 'string') return safeText(value);
  if (Array.isArray(value)) return value.map(mapTexts);
  // Neither dates nor maps, and objects of any origin.
  if (Object.prototype.toString.call(value) !== '[object Object]') return value;
  return Object.fromEntries(Object.entries(value as object).map(([key, part]) => [key, mapTexts(part)]));
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0);
  return code > 0xff ? unicodeEscapeOf(character) : String.raw`\x${code.toString(16).padStart(2, '0')}`;
}

function unicodeEscapeOf(character: string): string {
  return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

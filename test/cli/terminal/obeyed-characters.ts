// Characters that a terminal obeys instead of showing them, or shows as nothing. Written out and not by the names of Unicode properties,
// so that the list is no copy of the one that it tests.

const RANGES: readonly (readonly [first: number, last: number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180e, 0x180e],
  [0x200b, 0x200b],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  // Half of a pair.
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe0fff],
];

/** Those in a text, by code point; line ends are left out where `areLinesOurs`. */
export function obeyedIn(text: string, areLinesOurs = false): number[] {
  return Array.from(text)
    .map((character) => character.codePointAt(0) ?? 0)
    .filter((code) => RANGES.some(([first, last]) => code >= first && code <= last))
    .filter((code) => !(areLinesOurs && code === 0x0a));
}

/** The text without the colours that we print ourselves. */
export function withoutColours(text: string): string {
  return text.replaceAll(new RegExp(`${String.fromCodePoint(0x1b)}\\[\\d+m`, 'g'), '');
}

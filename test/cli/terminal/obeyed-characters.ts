// Characters that a terminal obeys instead of showing them. Written out and not by the names of Unicode properties,
// so that the list is no copy of the one that it tests.

const RANGES: readonly (readonly [first: number, last: number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x61c, 0x61c],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2066, 0x2069],
  // Half of a pair.
  [0xd800, 0xdfff],
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

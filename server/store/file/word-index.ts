// The word index of recorded content: which words a text has, told only to who has the key. A text is taken in stretches
// of some hundred words; each is one row of bits, and a word sets a few of them, which a keyed hash chooses. Without the
// key the bits say nothing of the words; with it, a question for a word reads a few narrow columns, and the texts that it
// names are opened and looked at.

import { createHmac } from 'node:crypto';
import { NewestMap } from '../../../core/newest-map.ts';
import { contentKeyOf } from './content-cipher.ts';
import { WORD_COLUMNS } from './tables.ts';

const BITS = WORD_COLUMNS * 32;
const BITS_PER_WORD = 5;
/** Different words of a stretch: one bit in ten is set then, and one stretch in a hundred thousand is named in error. */
const WORDS_PER_STRETCH = 96;
/** Words of a stretch that the next one begins with, so that a phrase stands in one of them. */
const OVERLAP = 8;
const WORD = /[\p{L}\p{N}_]+/gu;
/** Characters of a word that is indexed; one letter or digit says little. */
const SHORTEST_WORD = 2;
const LONGEST_WORD = 32;
const WORDS_REMEMBERED = 50_000;
/** Of very long texts the beginning is found. */
const LONGEST_TEXT = 1_000_000;

/** Bits of one stretch, by column. */
export type WordBits = Int32Array;

/** A place of a bit. */
export interface WordBit {
  readonly column: number;
  readonly mask: number;
}

/** The words of a text in their order, in small letters. */
export function wordsOf(text: string): string[] {
  return text.slice(0, LONGEST_TEXT).normalize('NFKC').toLowerCase().match(WORD) ?? [];
}

/** Whether the word is in the index. */
export function isIndexed(word: string): boolean {
  return word.length >= SHORTEST_WORD;
}

export class WordHasher {
  readonly #key: Buffer;
  readonly #known = new NewestMap<string, readonly WordBit[]>();

  constructor(contentKey: Buffer) {
    this.#key = createHmac('sha256', contentKey).update('words of recorded content').digest();
  }

  /** The bits that a word sets. */
  bitsOf(whole: string): readonly WordBit[] {
    const word = whole.slice(0, LONGEST_WORD);
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    const hash = createHmac('sha256', this.#key).update(word).digest();
    const bits = Array.from({ length: BITS_PER_WORD }, (_, index) => {
      const bit = hash.readUInt32LE(index * 4) % BITS;
      return { column: bit >>> 5, mask: 1 << (bit & 31) };
    });
    this.#known.set(word, bits);
    if (this.#known.size > WORDS_REMEMBERED) this.#known.dropOldest();
    return bits;
  }

  /** The stretches of a text. */
  stretchesOf(text: string): WordBits[] {
    const words = wordsOf(text).filter(isIndexed);
    const stretches: WordBits[] = [];
    for (let from = 0; from < words.length;) {
      const bits = new Int32Array(WORD_COLUMNS);
      const held = new Set<string>();
      let at = from;
      while (at < words.length && held.size < WORDS_PER_STRETCH) {
        const word = words[at++] as string;
        if (held.has(word)) continue;
        held.add(word);
        for (const { column, mask } of this.bitsOf(word)) bits[column] = (bits[column] as number) | mask;
      }
      stretches.push(bits);
      from = at < words.length ? Math.max(from + 1, at - OVERLAP) : at;
    }
    return stretches;
  }
}

let hasher: { readonly dataDir: string; readonly own: WordHasher } | undefined;

/** That of a data folder, whose key is made when it is needed first. */
export function wordHasherOf(dataDir: string): WordHasher {
  if (hasher?.dataDir !== dataDir) hasher = { dataDir, own: new WordHasher(contentKeyOf(dataDir)) };
  return hasher.own;
}

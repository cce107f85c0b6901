// What of recorded content is indexed: the texts that a request or an answer says, without the names of JSON. A request
// repeats what the calls before it said; what was indexed of the same trace a while ago is left out, so that a text is
// found at the call that had it first.

import { createHash } from 'node:crypto';
import { saidTexts } from '../../../core/model-call/said-texts.ts';
import { NewestMap } from '../../../core/newest-map.ts';
import type { SealedField } from '../file/content-cipher.ts';
import { wordColumn, type WordRow } from '../file/tables.ts';
import { wordHasherOf } from '../file/word-index.ts';

/** Texts that are remembered, by their hash. */
const TEXTS_REMEMBERED = 50_000;
/** Shorter texts are indexed again: remembering them takes more. */
const SHORTEST_REMEMBERED = 8;

const indexed = new NewestMap<string, true>();

/** After a commit that failed: what it would have stored comes again. */
export function forgetIndexed(): void {
  indexed.clear();
}

type Place = Pick<WordRow, 'timestamp' | 'trace_id' | 'span_id'>;

/** Rows of the index for one recorded text. */
export function indexWords(json: string, field: SealedField, place: Place, dataDir: string): WordRow[] {
  const hasher = wordHasherOf(dataDir);
  const isRequest = field === 'tallyspan.request_json';
  const fresh = saidTexts(isRequest ? json : undefined, isRequest ? undefined : json)
    .map(({ text }) => text)
    .filter((text) => isFresh(text, place.trace_id ?? ''));
  return hasher.stretchesOf(fresh.join('\n')).map((bits) => ({
    ...place,
    ...Object.fromEntries(Array.from(bits, (word, n) => [wordColumn(n), word])),
  }));
}

function isFresh(text: string, trace: string): boolean {
  if (text.length < SHORTEST_REMEMBERED) return true;
  const key = createHash('sha1').update(trace).update('/').update(text).digest('base64');
  const isKnown = indexed.has(key);
  indexed.delete(key);
  indexed.set(key, true);
  if (indexed.size > TEXTS_REMEMBERED) indexed.dropOldest();
  return !isKnown;
}

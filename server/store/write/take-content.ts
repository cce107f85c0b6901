// Recorded content does not stand in the wide rows of calls but in a table of its own, in pieces: a group of rows with
// requests of hundreds of kilobytes in them would not fit into the memory that a checkpoint has.

import { randomUUID } from 'node:crypto';
import { maskKnownSecrets, SENSITIVE_FIELDS } from '../../../core/text/redaction.ts';
import type { FieldKey } from '../../../core/schema.ts';
import type { Selection } from '../columns/event-appender.ts';
import { FIELD_INDEX, type EventBatch } from '../columns/event-batch.ts';
import { SEALED_FIELDS, sealText } from '../file/content-cipher.ts';
import type { ContentRow, WordRow } from '../file/tables.ts';
import { indexWords } from './index-words.ts';

/** DuckDB keeps a longer text apart from its column, in whole blocks. */
const PIECE_BYTES = 4000;
/** Bytes for which a batch is worth copying without its content. */
const COMPACT_FROM_BYTES = 1024 * 1024;

/** Texts that stand in the clear: arguments of tools, notes, comments on scores. */
const CLEAR_FIELDS = SENSITIVE_FIELDS.filter((field) => !SEALED_FIELDS.some((sealed) => sealed === field));

/** What is stored of content. */
export interface TakenContent {
  readonly content: readonly ContentRow[];
  readonly words: readonly WordRow[];
}

/** Takes the recorded content out of the rows; what is to be stored in place of it, without secrets and encrypted. */
export function takeContent(selections: readonly Selection[], dataDir: string): TakenContent {
  const content: ContentRow[] = [];
  const words: WordRow[] = [];
  for (const { batch, rows } of selections) {
    const isIn = (field: FieldKey): boolean => batch.column(FIELD_INDEX[field]) !== undefined;
    for (const field of CLEAR_FIELDS.filter(isIn)) maskTexts(batch, rows, field);
    const fields = SEALED_FIELDS.filter(isIn);
    let isTaken = false;
    // Row by row: an answer is said before the next request repeats it.
    for (const row of fields.length === 0 ? [] : rows)
      for (const field of fields) {
        const given = batch.text(row, field);
        if (given === undefined) continue;
        const text = maskKnownSecrets(given);
        const event = { trace_id: batch.text(row, 'trace_id'), span_id: batch.text(row, 'span_id') };
        const place = { ...event, timestamp: batch.number(row, 'timestamp') as number };
        const common = { ...place, field, content_id: randomUUID() };
        for (const [piece, sealed, pieces] of piecesOf(sealText(text, event, field, dataDir)))
          content.push({ ...common, piece, pieces, sealed });
        words.push(...indexWords(text, field, place, dataDir));
        batch.replaceCell(row, FIELD_INDEX[field], Number.NaN);
        isTaken = true;
      }
    if (isTaken && batch.heldBytes >= COMPACT_FROM_BYTES) batch.compact();
  }
  return { content, words };
}

function maskTexts(batch: EventBatch, rows: Iterable<number>, field: FieldKey): void {
  for (const row of rows) {
    const given = batch.text(row, field);
    const masked = given === undefined ? undefined : maskKnownSecrets(given);
    if (masked !== undefined && masked !== given) batch.replaceText(row, FIELD_INDEX[field], masked);
  }
}

function piecesOf(sealed: Buffer): (readonly [piece: number, sealed: Buffer, pieces: number])[] {
  const pieces = Math.ceil(sealed.length / PIECE_BYTES);
  return Array.from({ length: pieces }, (_, piece) => {
    return [piece, sealed.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES), pieces] as const;
  });
}

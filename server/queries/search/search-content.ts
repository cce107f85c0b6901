// A search for words in what was recorded of calls, and in notes. Recorded content is encrypted: an index that only the
// key opens names the calls that may have the words (server/store/file/word-index.ts); these are opened, the newest first,
// and looked at.

import { dirname, join } from 'node:path';
import { saidTexts } from '../../../core/model-call/said-texts.ts';
import { cutText } from '../../../core/text/cut-text.ts';
import { timeClusters } from '../../../core/time/time-clusters.ts';
import { groupBy } from '../../../core/group-by.ts';
import { messageOf } from '../../process/server-error.ts';
import { KEY_FILE, SEALED_FIELDS, openSealed, readKey } from '../../store/file/content-cipher.ts';
import { textsSql, type ChunkQueryable, type DatabaseRow } from '../../store/file/database.ts';
import { WORD_TABLE, wordColumn } from '../../store/file/tables.ts';
import { WordHasher, isIndexed, wordsOf } from '../../store/file/word-index.ts';
import { textSql } from '../../../signals/sql-text.ts';
import { textOrNull } from '../field-values.ts';
import { contentKey, readContent } from '../runs/read-recording.ts';

export interface FoundText {
  readonly kind: 'content' | 'note';
  /** The words with what stands around them. */
  readonly snippet: string;
  /** Null of a call outside of any run. */
  readonly run: string | null;
  readonly span: string | null;
  /** ISO 8601 UTC. */
  readonly at: string;
}

export interface ContentSearch {
  readonly found: readonly FoundText[];
  /** True when there may be more among older calls. */
  readonly isCut: boolean;
  /** Why recorded content could not be searched. */
  readonly fault: string | undefined;
}

type ContentDatabase = ChunkQueryable & { readonly file: string };

const FOUND_LIMIT = 20;
/** Calls that may have the words, of which the newest are opened. */
const CALLS_LIMIT = 200;
const CALLS_AT_ONCE = 10;
/** Who waits for an answer waits no longer. */
const TIME_LIMIT_MS = 250;
const CHARS_AROUND = 60;

/** Words in their order, whatever their case and what stands between them. */
export async function searchContent(database: ContentDatabase, text: string): Promise<ContentSearch> {
  const words = wordsOf(text);
  if (!words.some(isIndexed)) return { found: [], isCut: false, fault: undefined };
  const notes = await searchNotes(database, text);
  try {
    const { found, isCut } = await searchCalls(database, words);
    const all = [...found, ...notes].toSorted((a, b) => (a.at < b.at ? 1 : -1));
    return { found: all.slice(0, FOUND_LIMIT), isCut: isCut || all.length > FOUND_LIMIT, fault: undefined };
  } catch (error) {
    return { found: notes, isCut: false, fault: messageOf(error) };
  }
}

async function searchCalls(
  database: ContentDatabase,
  words: readonly string[],
): Promise<{ readonly found: readonly FoundText[]; readonly isCut: boolean }> {
  const startedMs = performance.now();
  const any = await database.all(`SELECT 1 FROM ${WORD_TABLE.name} LIMIT 1`);
  if (any.length === 0) return { found: [], isCut: false };
  const key = readKey(join(dirname(database.file), KEY_FILE));
  const calls = await findCalls(database, new WordHasher(key), words);
  const phrase = phraseOf(words);
  const found: FoundText[] = [];
  let opened = 0;
  while (opened < calls.length && found.length < FOUND_LIMIT) {
    if (opened > 0 && performance.now() - startedMs > TIME_LIMIT_MS) break;
    const some = calls.slice(opened, (opened += CALLS_AT_ONCE));
    found.push(...(await openCalls(database, some, key, phrase)));
  }
  return {
    found: firstOf(await withRuns(database, found)),
    isCut: opened < calls.length || calls.length === CALLS_LIMIT,
  };
}

/** Calls with a stretch that has all of the words; of a long phrase its first words. */
function findCalls(
  database: ContentDatabase,
  hasher: WordHasher,
  words: readonly string[],
): Promise<readonly DatabaseRow[]> {
  const masks = new Map<number, number>();
  for (const word of new Set(words.filter(isIndexed).slice(0, WORDS_LOOKED_FOR)))
    for (const { column, mask } of hasher.bitsOf(word)) masks.set(column, (masks.get(column) ?? 0) | mask);
  const conditions = [...masks].map(([column, mask]) => {
    const bits = String(mask | 0);
    return `(${wordColumn(column)} & (${bits})) = (${bits})`;
  });
  return database.all(
    `SELECT max(timestamp) AS timestamp, trace_id, span_id FROM ${WORD_TABLE.name}
     WHERE ${conditions.join(' AND ')} GROUP BY trace_id, span_id ORDER BY 1 DESC LIMIT ${CALLS_LIMIT}`,
  );
}

/** A phrase of more words may stand in two stretches. */
const WORDS_LOOKED_FOR = 8;

function phraseOf(words: readonly string[]): RegExp {
  const parts = words.map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(parts.join(String.raw`[^\p{L}\p{N}_]+`), 'iu');
}

async function openCalls(
  database: ContentDatabase,
  calls: readonly DatabaseRow[],
  key: Buffer,
  phrase: RegExp,
): Promise<FoundText[]> {
  const sealed = await readContent(database, calls);
  return calls.flatMap((call): FoundText[] => {
    for (const field of [...SEALED_FIELDS].toReversed()) {
      const text = sealed.get(contentKey(call, field));
      if (text === undefined) continue;
      const event = { trace_id: String(call['trace_id']), span_id: String(call['span_id']) };
      const json = openSealed(text, event, field, key);
      const isRequest = field === 'tallyspan.request_json';
      const said = saidTexts(isRequest ? json : undefined, isRequest ? undefined : json);
      const snippet = snippetOf(
        said.map((one) => one.text),
        phrase,
      );
      if (snippet === undefined) continue;
      const at = (call['timestamp'] as Date).toISOString();
      return [{ kind: 'content', snippet, run: null, span: event.span_id, at }];
    }
    return [];
  });
}

/** The latest of the texts that has the phrase. */
function snippetOf(texts: readonly string[], phrase: RegExp): string | undefined {
  for (const given of texts.toReversed()) {
    const text = given.normalize('NFKC');
    const match = phrase.exec(text);
    if (match === null) continue;
    const from = Math.max(0, match.index - CHARS_AROUND);
    const end = match.index + match[0].length + CHARS_AROUND;
    const around = text.slice(from, end).replaceAll(/\s+/g, ' ').trim();
    return `${from > 0 ? '…' : ''}${cutText(around, CHARS_AROUND * 4)}${end < text.length ? '…' : ''}`;
  }
  return undefined;
}

/** What several calls of a run repeat is found at the first of them. */
function firstOf(found: readonly FoundText[]): FoundText[] {
  const first = new Map<string, FoundText>();
  for (const one of found) {
    const key = `${one.run ?? one.span ?? ''} ${one.snippet}`;
    const known = first.get(key);
    if (known === undefined || one.at < known.at) first.set(key, one);
  }
  return [...first.values()];
}

async function withRuns(database: ContentDatabase, found: readonly FoundText[]): Promise<FoundText[]> {
  if (found.length === 0) return [];
  const clusters = timeClusters(
    found.map(({ at }) => Date.parse(at)),
    FOUND_LIMIT,
  );
  const spans = JSON.stringify(found.map(({ span }) => span));
  const read = await Promise.all(
    clusters.map(({ from, to }) =>
      database.all(
        `SELECT span_id, agent_run_id FROM agent_model_call
         WHERE timestamp BETWEEN make_timestamptz($from::BIGINT * 1000) AND make_timestamptz($to::BIGINT * 1000)
           AND span_id IN ${textsSql('$spans')}`,
        { from, to: to + 1, spans },
      ),
    ),
  );
  const rows = read.flat();
  const bySpan = groupBy(rows, (row) => String(row['span_id']));
  return found.map((one) => ({ ...one, run: textOrNull(bySpan.get(one.span ?? '')?.[0]?.['agent_run_id']) }));
}

/** Notes are stored as they are: what their author wrote. */
async function searchNotes(database: ContentDatabase, text: string): Promise<FoundText[]> {
  const wanted = textSql(text.trim().toLowerCase());
  const rows = await database.all(
    `SELECT timestamp, agent_run_id, span_id, agent_note_text AS said FROM agent_note
     WHERE contains(lower(agent_note_text), ${wanted}) ORDER BY timestamp DESC LIMIT ${FOUND_LIMIT}`,
  );
  return rows.flatMap((row): FoundText[] => {
    const said = String(row['said']);
    const at = said.toLowerCase().indexOf(text.trim().toLowerCase());
    const from = Math.max(0, at - CHARS_AROUND);
    return [
      {
        kind: 'note',
        snippet: `${from > 0 ? '…' : ''}${cutText(said.slice(from), CHARS_AROUND * 3)}`,
        run: textOrNull(row['agent_run_id']),
        span: textOrNull(row['span_id']),
        at: (row['timestamp'] as Date).toISOString(),
      },
    ];
  });
}

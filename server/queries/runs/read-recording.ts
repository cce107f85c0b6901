// The recording of a run: its model calls in order with what was recorded of request and answer, still
// encrypted. Only who has the key file can read it; the server hands out what is in the file, no more.

import { columnOf, tableOf } from '../../../core/columns.ts';
import { timeClusters } from '../../../core/time/time-clusters.ts';
import type { Interval } from '../../../core/time/time.ts';
import { DuckDBBlobValue } from '@duckdb/node-api';
import { sealedAsText, type SealedField } from '../../store/file/content-cipher.ts';
import {
  textsSql,
  type ChunkQueryable,
  type DatabaseRow,
  type Queryable,
} from '../../store/file/database.ts';
import { CONTENT_TABLE } from '../../store/file/tables.ts';
import { textOrNull } from '../field-values.ts';
import { findRunId } from './read-run.ts';

export interface RecordedStep {
  readonly trace_id: string;
  readonly span_id: string;
  readonly model: string | null;
  /** Why the call failed; null when it did not. */
  readonly error_type: string | null;
  readonly sealed_request: string | null;
  readonly sealed_response: string | null;
  /** True when request or answer was too long to be recorded. */
  readonly is_cut: boolean;
}

export interface Recording {
  readonly run_id: string;
  readonly steps: readonly RecordedStep[];
}

/** Where content stood before it had a table of its own. */
const REQUEST = columnOf('tallyspan.request_json');
const RESPONSE = columnOf('tallyspan.response_json');

/** Undefined when there is no such run. @throws AmbiguousRunError */
export async function readRecording(database: ChunkQueryable, id: string): Promise<Recording | undefined> {
  const runId = await findRunId(database, id);
  if (runId === undefined) return undefined;
  const rows = await database.all(
    `SELECT timestamp, trace_id, span_id, gen_ai_request_model, error_type, tallyspan_content_cut, ${REQUEST}, ${RESPONSE}
     FROM agent_model_call WHERE agent_run_id = ? AND tallyspan_duplicate IS NOT TRUE
     ORDER BY agent_step_number, timestamp, tallyspan_seq`,
    [runId],
  );
  const [content, cut] = await Promise.all([readContent(database, rows), readCut(database, rows)]);
  return {
    run_id: runId,
    steps: rows.map((row) => ({
      trace_id: String(row['trace_id']),
      span_id: String(row['span_id']),
      model: textOrNull(row['gen_ai_request_model']),
      error_type: textOrNull(row['error_type']),
      sealed_request: content.get(contentKey(row, 'tallyspan.request_json')) ?? textOrNull(row[REQUEST]),
      sealed_response: content.get(contentKey(row, 'tallyspan.response_json')) ?? textOrNull(row[RESPONSE]),
      is_cut: row['tallyspan_content_cut'] === true || cut.has(String(row['span_id'])),
    })),
  };
}

/** Where {@link readContent} has what was recorded of a field of a call. */
export function contentKey(call: DatabaseRow, field: SealedField): string {
  return `${String(call['trace_id'])}/${String(call['span_id'])}/${field}`;
}

/** What was recorded of the calls (`timestamp`, `trace_id`, `span_id`), encrypted, by {@link contentKey}. */
export async function readContent(
  database: ChunkQueryable,
  calls: readonly DatabaseRow[],
): Promise<ReadonlyMap<string, string>> {
  const piecesById: PiecesById = new Map();
  // Calls of days far apart have all content between them.
  const clusters = timeClusters(calls.map(timeOf), MOST_CLUSTERS);
  await Promise.all(
    clusters.map(({ from, to }) => {
      const own = calls.filter((call) => timeOf(call) >= from && timeOf(call) <= to);
      return readPieces(database, own, { from, to }, piecesById);
    }),
  );
  const content = new Map<string, string>();
  for (const { key, pieces, missing } of piecesById.values())
    if (missing === 0) content.set(key, sealedAsText(Buffer.concat(pieces)));
  return content;
}

const MOST_CLUSTERS = 10;

function timeOf(call: DatabaseRow): number {
  return (call['timestamp'] as Date).getTime();
}

type PiecesById = Map<string, { readonly key: string; readonly pieces: Uint8Array[]; missing: number }>;

/** Of calls that ended within the interval. */
async function readPieces(
  database: ChunkQueryable,
  calls: readonly DatabaseRow[],
  { from, to }: Interval,
  piecesById: PiecesById,
): Promise<void> {
  // Not sorted by the database, which would hold all of it.
  await database.readChunks(
    `SELECT trace_id || '/' || span_id || '/' || field, content_id, piece, pieces, sealed FROM ${CONTENT_TABLE.name}
     WHERE timestamp BETWEEN make_timestamptz($from::BIGINT * 1000) AND make_timestamptz($to::BIGINT * 1000)
       AND trace_id IN ${textsSql('$traces')} AND span_id IN ${textsSql('$spans')}`,
    {
      from,
      // A `Date` has no microseconds.
      to: to + 1,
      traces: JSON.stringify(calls.map((call) => call['trace_id'])),
      spans: JSON.stringify(calls.map((call) => call['span_id'])),
    },
    (chunk) => {
      for (const [key, id, piece, pieces, sealed] of chunk.getRows()) {
        const text = piecesById.get(String(id)) ?? { key: String(key), pieces: [], missing: Number(pieces) };
        piecesById.set(String(id), text);
        text.pieces[Number(piece)] = (sealed as DuckDBBlobValue).bytes.slice();
        text.missing--;
      }
    },
  );
}

/** Span ids of the calls of which something was too long to be recorded, and is named apart from the call. */
export async function readCut(
  database: Queryable,
  calls: readonly DatabaseRow[],
): Promise<ReadonlySet<string>> {
  if (calls.length === 0) return new Set();
  const times = calls.map(timeOf);
  const rows = await database.all(
    `SELECT span_id FROM ${tableOf('agent.content')} WHERE tallyspan_content_cut
       AND timestamp BETWEEN make_timestamptz($from::BIGINT * 1000) AND make_timestamptz($to::BIGINT * 1000)
       AND span_id IN ${textsSql('$spans')}`,
    {
      from: times.reduce((a, b) => Math.min(a, b)),
      to: times.reduce((a, b) => Math.max(a, b)) + 1,
      spans: JSON.stringify(calls.map((call) => call['span_id'])),
    },
  );
  return new Set(rows.map((row) => String(row['span_id'])));
}

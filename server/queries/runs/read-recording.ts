// The recording of a run: its model calls in order with what was recorded of request and answer, still
// encrypted. Only who has the key file can read it; the server hands out what is in the file, no more.

import { columnOf } from '../../../core/schema.ts';
import type { Queryable } from '../../store/file/database.ts';
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

const REQUEST = columnOf('tallyspan.request_json');
const RESPONSE = columnOf('tallyspan.response_json');

/** Undefined when there is no such run. @throws AmbiguousRunError */
export async function readRecording(database: Queryable, id: string): Promise<Recording | undefined> {
  const runId = await findRunId(database, id);
  if (runId === undefined) return undefined;
  const rows = await database.all(
    `SELECT trace_id, span_id, gen_ai_request_model, error_type, tallyspan_content_cut, ${REQUEST}, ${RESPONSE}
     FROM agent_model_call WHERE agent_run_id = ? AND tallyspan_duplicate IS NOT TRUE
     ORDER BY agent_step_number, timestamp, tallyspan_seq`,
    [runId],
  );
  return {
    run_id: runId,
    steps: rows.map((row) => ({
      trace_id: String(row['trace_id']),
      span_id: String(row['span_id']),
      model: textOrNull(row['gen_ai_request_model']),
      error_type: textOrNull(row['error_type']),
      sealed_request: textOrNull(row[REQUEST]),
      sealed_response: textOrNull(row[RESPONSE]),
      is_cut: row['tallyspan_content_cut'] === true,
    })),
  };
}

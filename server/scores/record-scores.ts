// Recording: scores become events in the store. What is scored must be there: a score of a mistyped run would be
// found by nobody.

import { randomBytes, randomUUID } from 'node:crypto';
import type { EventRecord } from '../../core/event.ts';
import { ScoreError, scoreFields } from '../../core/scores/score.ts';
import { columnOf } from '../../core/columns.ts';
import { RequestError } from '../questions/request-error.ts';
import { AmbiguousRunError, findRunId } from '../queries/runs/read-run.ts';
import { textsSql, type DatabaseRow, type Queryable } from '../store/file/database.ts';
import { readRunsOfScores, RUN_FIELDS } from '../store/write/complete-scores.ts';
import type { ScoreRequest } from './score-request.ts';

export interface RecordedScore {
  readonly id: string;
  readonly run: string | null;
  readonly name: string;
  /** `kept`: it was there already, with the same content. */
  readonly outcome: 'added' | 'corrected' | 'kept';
}

/** Where scores are stored; resolves when they are on disk. */
export type AppendEvents = (events: readonly EventRecord[]) => Promise<void>;

/**
 * Records all of the scores, or none.
 * @throws RequestError when one cannot be one, or what it is about is not stored
 */
export async function recordScores(
  database: Queryable,
  append: AppendEvents,
  requests: readonly ScoreRequest[],
  nowMs: number,
): Promise<readonly RecordedScore[]> {
  const ids = requests.flatMap(({ id }) => id ?? []);
  if (new Set(ids).size < ids.length)
    throw new RequestError(400, 'two scores of the request have the same id');
  const given = [];
  // Hundreds of scores are of a few runs.
  const targets = new Map<string, string | undefined>();
  for (const request of requests) {
    const fields = fieldsOf(request);
    const name = JSON.stringify([request.runId, request.target, request.targetId]);
    if (!targets.has(name)) targets.set(name, await findTarget(database, request));
    given.push({ request, runId: targets.get(name), fields });
  }
  const runs = await readRunsOfScores(
    database,
    given.flatMap(({ runId }) => runId ?? []),
  );
  const stored = await readStored(database, ids);
  const events: EventRecord[] = [];
  const answers: RecordedScore[] = [];
  for (const { request, runId, fields } of given) {
    const id = request.id ?? randomUUID();
    const answer = { id, run: runId ?? null, name: request.name };
    const former = stored.get(id);
    if (former !== undefined && isSame(former, fields, runId)) {
      answers.push({ ...answer, outcome: 'kept' });
      continue;
    }
    const event = eventOf({ id, request, runId, fields, run: runs.get(runId ?? ''), nowMs, former });
    events.push(event);
    answers.push({ ...answer, outcome: former === undefined ? 'added' : 'corrected' });
  }
  await append(events);
  return answers;
}

function fieldsOf(request: ScoreRequest): Partial<EventRecord> {
  try {
    return {
      ...scoreFields(request),
      'tallyspan.score.target': request.target,
      ...(request.targetId === undefined ? {} : { 'tallyspan.score.target_id': request.targetId }),
    };
  } catch (error) {
    throw error instanceof ScoreError ? new RequestError(400, error.message) : error;
  }
}

interface EventParts {
  readonly id: string;
  readonly request: ScoreRequest;
  readonly runId: string | undefined;
  readonly fields: Partial<EventRecord>;
  readonly run: DatabaseRow | undefined;
  readonly nowMs: number;
  readonly former: DatabaseRow | undefined;
}

function eventOf({ id, request, runId, fields, run, nowMs, former }: EventParts): EventRecord {
  const identity = Object.fromEntries(
    RUN_FIELDS.flatMap((key) => {
      const value = run?.[columnOf(key)];
      return typeof value === 'string' ? [[key, value]] : [];
    }),
  );
  return {
    ...identity,
    ...(request.target === 'session' ? { 'gen_ai.conversation.id': request.targetId } : {}),
    ...fields,
    ...(runId === undefined ? {} : { 'agent.run_id': runId }),
    timestamp: nowMs,
    'event.name': 'agent.score',
    span_id: randomBytes(8).toString('hex'),
    'tallyspan.key': id,
    'tallyspan.revision': Math.max(nowMs * 1000, (former?.['tallyspan_revision'] ?? 0) + 1),
  };
}

/** Id of the run that is scored, or of the run that the call is of. @throws RequestError when there is none */
async function findTarget(database: Queryable, request: ScoreRequest): Promise<string | undefined> {
  const { runId, target, targetId } = request;
  if (runId !== undefined) {
    const found = await findRunId(database, runId).catch((error: unknown) => {
      throw error instanceof AmbiguousRunError ? new RequestError(409, error.message) : error;
    });
    const known = found === undefined ? undefined : (await readRunsOfScores(database, [found])).has(found);
    if (known !== true) throw new RequestError(404, `there is no run ${runId}`);
    return found;
  }
  const sql =
    target === 'session'
      ? 'SELECT NULL AS run FROM agent_run_started WHERE gen_ai_conversation_id = $id LIMIT 1'
      : target === 'tool_call'
        ? 'SELECT agent_run_id AS run FROM agent_tool_call WHERE gen_ai_tool_call_id = $id OR span_id = $id LIMIT 1'
        : 'SELECT agent_run_id AS run FROM agent_model_call WHERE gen_ai_response_id = $id OR span_id = $id LIMIT 1';
  const [row] = await database.all(sql, { id: targetId ?? '' });
  if (row === undefined) throw new RequestError(404, `there is no ${target} ${targetId ?? ''}`);
  return typeof row['run'] === 'string' ? row['run'] : undefined;
}

async function readStored(database: Queryable, ids: readonly string[]): Promise<Map<string, DatabaseRow>> {
  if (ids.length === 0) return new Map();
  const rows = await database.all(
    `SELECT * FROM agent_score WHERE tallyspan_key IN ${textsSql('$ids')} AND tallyspan_duplicate IS NOT TRUE`,
    { ids: JSON.stringify([...new Set(ids)]) },
  );
  return new Map(rows.map((row) => [String(row['tallyspan_key']), row]));
}

const CONTENT = [
  'gen_ai.evaluation.name',
  'gen_ai.evaluation.score.label',
  'gen_ai.evaluation.explanation',
  'score_millionths',
  'score_passed',
  'tallyspan.score.source',
  'tallyspan.score.author',
  'tallyspan.score.evaluator',
  'tallyspan.score.target_id',
] as const;

function isSame(former: DatabaseRow, fields: Partial<EventRecord>, runId: string | undefined): boolean {
  return (
    CONTENT.every((key) => (former[columnOf(key)] ?? null) === (fields[key] ?? null)) &&
    (former['agent_run_id'] ?? undefined) === runId
  );
}

/** Records scores one request after the other: two that correct the same one at once would not know of each other. */
export class ScoreBook {
  readonly #database: Queryable;
  readonly #append: AppendEvents;
  #last: Promise<unknown> = Promise.resolve();

  constructor(database: Queryable, append: AppendEvents) {
    this.#database = database;
    this.#append = append;
  }

  /** @throws RequestError */
  record(requests: readonly ScoreRequest[]): Promise<readonly RecordedScore[]> {
    const recorded = this.#last
      .catch(() => undefined)
      .then(() => recordScores(this.#database, this.#append, requests, Date.now()));
    this.#last = recorded;
    return recorded;
  }
}

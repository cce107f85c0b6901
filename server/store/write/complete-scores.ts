// A score seldom comes with all that it can be grouped by: whoever gives it knows a run, a message or a span. What the
// store knows of the run is added when the score comes in: whose run it was, and what it cost.

import { numberLimitsOf } from '../../../core/field-limits.ts';
import { millionthsOf, passedOfLabel } from '../../../core/scores/score.ts';
import { columnOf } from '../../../core/columns.ts';
import { type FieldKey } from '../../../core/schema.ts';
import { textsSql, type DatabaseRow, type Queryable } from '../file/database.ts';
import { FIELD_INDEX, type EventBatch } from '../columns/event-batch.ts';

/** What a score has from its run, where it does not say so itself. */
export const RUN_FIELDS = [
  'trace_id',
  'service.name',
  'gen_ai.conversation.id',
  'user.id',
  'agent.task_type',
  'gen_ai.agent.name',
  'agent.version',
  'agent.project',
] as const satisfies readonly FieldKey[];

/** Of a run id, and of what the terminal and receipts show of it. */
const RUN_ID_LENGTH = 32;
const SHORT_RUN_ID_LENGTH = 8;
const NAME = FIELD_INDEX['gen_ai.evaluation.name'];
const COST = FIELD_INDEX.score_run_cost_nano_usd;

/** Adds to the scores of the batch what they lack. A batch without one is left as it is, at no cost. */
export async function completeScores(database: Queryable, batch: EventBatch): Promise<void> {
  if (batch.column(NAME) === undefined) return;
  const rows: number[] = [];
  for (let row = 0; row < batch.rows; row++) if (batch.name(row) === 'agent.score') rows.push(row);
  for (const row of rows) completeValue(batch, row);
  await findWholeIds(database, batch, rows);
  await findRuns(database, batch, rows);
  const runs = rows.flatMap((row) => batch.text(row, 'agent.run_id') ?? []);
  const known = await readRunsOfScores(database, runs);
  for (const row of rows) {
    const run = known.get(batch.text(row, 'agent.run_id') ?? '');
    if (run === undefined) continue;
    for (const key of RUN_FIELDS) {
      const value = run[columnOf(key)];
      if (typeof value === 'string' && batch.number(row, key) === undefined) setText(batch, row, key, value);
    }
    const cost = costOf(run);
    if (cost !== undefined && batch.number(row, 'score_run_cost_nano_usd') === undefined)
      batch.replaceCell(row, COST, cost);
  }
}

/** What is stored of runs, by their ids: their end, or their start where they go on. */
export async function readRunsOfScores(
  database: Queryable,
  runs: readonly string[],
): Promise<ReadonlyMap<string, DatabaseRow>> {
  if (runs.length === 0) return new Map();
  const columns = RUN_FIELDS.map((key) => columnOf(key)).join(', ');
  const params = { runs: JSON.stringify([...new Set(runs)]) };
  const rows = await database.all(
    `SELECT agent_run_id, ${columns}, NULL AS agent_cost_nano_usd, NULL AS agent_nested_cost_nano_usd
       FROM agent_run_started WHERE agent_run_id IN ${textsSql('$runs')} AND tallyspan_duplicate IS NOT TRUE
     UNION ALL
     SELECT agent_run_id, ${columns}, agent_cost_nano_usd, agent_nested_cost_nano_usd
       FROM agent_run WHERE agent_run_id IN ${textsSql('$runs')} AND tallyspan_duplicate IS NOT TRUE`,
    params,
  );
  return new Map(rows.map((row) => [String(row['agent_run_id']), row]));
}

function costOf(run: DatabaseRow): number | undefined {
  const own = run['agent_cost_nano_usd'];
  if (own === null || own === undefined) return undefined;
  return own + (run['agent_nested_cost_nano_usd'] ?? 0);
}

/** A score of another emitter has its value, its label or both, by the GenAI conventions, and no more. */
function completeValue(batch: EventBatch, row: number): void {
  const label = batch.text(row, 'gen_ai.evaluation.score.label');
  const passed = label === undefined ? undefined : passedOfLabel(label);
  if (passed !== undefined && batch.number(row, 'score_passed') === undefined)
    batch.replaceCell(row, FIELD_INDEX.score_passed, passed ? 1 : 0);
  const stated = batch.number(row, 'gen_ai.evaluation.score.value');
  // A label that says good or not is a number, too, as in a score that is given in other ways.
  const value = stated ?? (passed === undefined ? undefined : Number(passed));
  if (value !== undefined && Number.isFinite(value) && batch.number(row, 'score_millionths') === undefined)
    batch.replaceCell(row, FIELD_INDEX.score_millionths, withinLimits(millionthsOf(value)));
  if (batch.number(row, 'tallyspan.score.source') === undefined)
    setText(batch, row, 'tallyspan.score.source', 'code');
  const response = batch.text(row, 'gen_ai.response.id');
  const span = batch.text(row, 'span_id') ?? '';
  if (batch.number(row, 'tallyspan.score.target') === undefined) {
    setText(batch, row, 'tallyspan.score.target', response === undefined ? 'run' : 'model_call');
    if (response !== undefined) setText(batch, row, 'tallyspan.score.target_id', response);
  }
  // Several scores of one span and instant are not one, and the same one again is.
  if (batch.number(row, 'tallyspan.key') === undefined) {
    const of = [
      batch.text(row, 'gen_ai.evaluation.name'),
      response ?? span,
      batch.number(row, 'timestamp'),
      ...(stated === undefined ? [] : [stated]),
      ...(label === undefined ? [] : [label]),
    ];
    setText(batch, row, 'tallyspan.key', `evaluation/${of.join('/')}`);
  }
}

/** A run that is named by the beginning of its id, as the terminal shows it, has its whole id. */
async function findWholeIds(database: Queryable, batch: EventBatch, rows: readonly number[]): Promise<void> {
  const short = rows.flatMap((row) => {
    const id = batch.text(row, 'agent.run_id') ?? '';
    return id.length >= SHORT_RUN_ID_LENGTH && id.length < RUN_ID_LENGTH ? [{ row, id }] : [];
  });
  if (short.length === 0) return;
  const found = await database.all(
    `SELECT begun.id, any_value(run.agent_run_id) AS run
       FROM ${textsSql('$short')} begun(id)
       JOIN (SELECT agent_run_id FROM agent_run_started UNION SELECT agent_run_id FROM agent_run) run
         ON starts_with(run.agent_run_id, begun.id)
      GROUP BY begun.id HAVING count(*) = 1`,
    { short: JSON.stringify([...new Set(short.map(({ id }) => id))]) },
  );
  const wholes = new Map(found.map((row) => [String(row['id']), String(row['run'])]));
  for (const { row, id } of short) {
    const whole = wholes.get(id);
    if (whole !== undefined) setText(batch, row, 'agent.run_id', whole);
  }
}

/** Finds the run of a score that names a message or a span. */
async function findRuns(database: Queryable, batch: EventBatch, rows: readonly number[]): Promise<void> {
  const lost = rows.filter((row) => batch.number(row, 'agent.run_id') === undefined);
  if (lost.length === 0) return;
  const textsOf = (key: FieldKey): string =>
    JSON.stringify([...new Set(lost.flatMap((row) => batch.text(row, key) ?? []))]);
  const found = await database.all(
    `SELECT 'message' AS by, gen_ai_response_id AS id, agent_run_id AS run FROM agent_model_call
       WHERE gen_ai_response_id IN ${textsSql('$responses')}
     UNION ALL SELECT 'span', span_id, agent_run_id FROM agent_model_call WHERE span_id IN ${textsSql('$spans')}
     UNION ALL SELECT 'span', span_id, agent_run_id FROM agent_tool_call WHERE span_id IN ${textsSql('$spans')}
     UNION ALL SELECT 'span', span_id, agent_run_id FROM agent_run WHERE span_id IN ${textsSql('$spans')}
     UNION ALL SELECT 'trace', trace_id, CASE WHEN count(DISTINCT agent_run_id) = 1 THEN any_value(agent_run_id) END
       FROM agent_run_started WHERE trace_id IN ${textsSql('$traces')} GROUP BY trace_id`,
    { responses: textsOf('gen_ai.response.id'), spans: textsOf('span_id'), traces: textsOf('trace_id') },
  );
  const runs = new Map(
    found.flatMap((row) =>
      typeof row['run'] === 'string'
        ? [[`${String(row['by'])}/${String(row['id'])}`, row['run']] as const]
        : [],
    ),
  );
  for (const row of lost) {
    const run =
      runs.get(`message/${batch.text(row, 'gen_ai.response.id') ?? ''}`) ??
      runs.get(`span/${batch.text(row, 'span_id') ?? ''}`) ??
      runs.get(`trace/${batch.text(row, 'trace_id') ?? ''}`);
    if (run !== undefined) setText(batch, row, 'agent.run_id', run);
  }
}

function setText(batch: EventBatch, row: number, key: FieldKey, text: string): void {
  batch.replaceCell(row, FIELD_INDEX[key], batch.addText(text));
}

/** A million times a number that is within its limits may be beyond those of a whole number. */
function withinLimits(millionths: number): number {
  const limits = numberLimitsOf('score_millionths');
  return limits === undefined ? millionths : Math.max(limits.least, Math.min(limits.most, millionths));
}

// Silent failures of one run, measured against what its tools and models did in the week before it.

import {
  findSilentFailures,
  needsUsual,
  readNotedFailures,
  uniteFailures,
  type UsualValues,
} from '../../../core/attribution/silent-failures.ts';
import type { EventRecord } from '../../../core/event.ts';
import type { EventName } from '../../../core/schema.ts';
import { compareText } from '../../../core/text/text-order.ts';
import { DAY_MS } from '../../../core/time/time.ts';
import { instantSql, textSql } from '../../../signals/sql-text.ts';
import type { Queryable, DatabaseRow } from '../../store/file/database.ts';
import { eventOf } from '../read-events.ts';

export interface SilentFailureReport {
  readonly kind: string;
  readonly step: number;
  readonly tool: string | null;
  /** ISO 8601 UTC. */
  readonly at: string;
  readonly text: string;
}

const USUAL_DAYS = 7;
/** Fewer values have no median worth comparing with. */
const LEAST_VALUES = 5;

/** `rows` are all events of the run. */
export async function readSilentFailures(
  database: Queryable,
  rows: readonly DatabaseRow[],
): Promise<SilentFailureReport[]> {
  const events = rows.map(eventOf);
  const [first] = events;
  if (first === undefined) return [];
  const last = events.at(-1)?.timestamp ?? first.timestamp;
  const usual = await readUsual(
    database,
    events.filter(needsUsual),
    first.timestamp - USUAL_DAYS * DAY_MS,
    last,
  );
  return uniteFailures(findSilentFailures(events, usual), readNotedFailures(events)).map(
    ({ kind, step, tool, atMs, text }) => ({
      kind,
      step,
      tool: tool ?? null,
      at: new Date(atMs).toISOString(),
      text,
    }),
  );
}

/** `events` are those for which it matters: of other tools and models it is not read. */
async function readUsual(
  database: Queryable,
  events: readonly EventRecord[],
  from: number,
  to: number,
): Promise<UsualValues> {
  const within = `timestamp > ${instantSql(from)} AND timestamp <= ${instantSql(to)}`;
  const [toolNames, modelNames] = [
    namesOf(events, 'agent.tool_call', ['gen_ai.tool.name']),
    namesOf(events, 'agent.model_call', ['gen_ai.response.model', 'gen_ai.request.model']),
  ];
  const [tools, models] = await Promise.all([
    toolNames.length === 0
      ? []
      : database.all(
          `SELECT gen_ai_tool_name AS name, median(tool_result_len)::DOUBLE AS length,
              avg((tool_result_len = 0)::INTEGER)::DOUBLE AS empty_share
           FROM agent_tool_call
           WHERE gen_ai_tool_name IN (${toolNames.map(textSql).join(', ')}) AND tool_ok IS NOT FALSE
             AND tool_result_len IS NOT NULL AND ${within}
           GROUP BY 1 HAVING count(*) >= ${LEAST_VALUES}`,
        ),
    modelNames.length === 0
      ? []
      : database.all(
          `SELECT gen_ai_response_model AS name, median(duration_ms)::DOUBLE AS duration_ms
           FROM agent_model_call
           WHERE gen_ai_response_model IN (${modelNames.map(textSql).join(', ')}) AND error_type IS NULL
             AND duration_ms IS NOT NULL AND ${within}
           GROUP BY 1 HAVING count(*) >= ${LEAST_VALUES}`,
        ),
  ]);
  return {
    resultLen: valuesOf(tools, 'length'),
    emptyShare: valuesOf(tools, 'empty_share'),
    callDurationMs: valuesOf(models, 'duration_ms'),
  };
}

function namesOf(
  events: readonly EventRecord[],
  name: EventName,
  keys: readonly ('gen_ai.tool.name' | 'gen_ai.response.model' | 'gen_ai.request.model')[],
): string[] {
  const named = events.flatMap((event) =>
    event['event.name'] === name ? keys.flatMap((key) => event[key] ?? []) : [],
  );
  return [...new Set(named)].toSorted(compareText);
}

function valuesOf(rows: readonly DatabaseRow[], column: string): Map<string, number> {
  return new Map(
    rows.flatMap((row) =>
      typeof row['name'] === 'string' && typeof row[column] === 'number' ? [[row['name'], row[column]]] : [],
    ),
  );
}

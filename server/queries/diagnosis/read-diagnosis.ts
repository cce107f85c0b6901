// Why a stretch of time cost more or less than another, and what it would have cost otherwise.

import { setImmediate } from 'node:timers/promises';
import {
  diagnoseInSteps,
  type Cause,
  type Diagnosis,
  type DiagnosisPart,
} from '../../../core/diagnosis/diagnose.ts';
import { textOfPiece, type EvidenceLine } from '../../../core/diagnosis/evidence.ts';
import { usdOf } from '../../../core/money.ts';
import type { EventName } from '../../../core/schema.ts';
import type { ChunkQueryable } from '../../store/file/database.ts';
import { readInTurn } from './large-reading.ts';
import {
  readEvents,
  surveyEvents,
  type EventQuestion,
  type EventSurvey,
  type Where,
} from '../read-events.ts';
import { chooseRuns, shareEvents, type ChosenRuns } from './sample-runs.ts';

/** Two stretches of time, each (from, to] in Unix milliseconds. The earlier one counts for as long as the later one. */
export interface DiagnosisQuestion {
  readonly from: number;
  readonly to: number;
  readonly againstFrom: number;
  readonly againstTo: number;
  /** Only what has these values. */
  readonly where?: Where | undefined;
  /** What the earlier stretch is narrowed to, where that is something else. */
  readonly againstWhere?: Where | undefined;
  /** Share of the earlier stretch that counts; by default the lengths' ratio. */
  readonly scale?: number | undefined;
  /** More events than this are sampled by run. */
  readonly eventsLimit?: number | undefined;
}

/** A piece of evidence: text, which may name a run or a moment. */
export interface EvidenceSegment {
  readonly text: string;
  /** Whole id of the run that the text is the beginning of. */
  readonly run?: string;
  /** The moment that the text is, ISO 8601 UTC. */
  readonly at?: string;
}

interface Money {
  readonly cost_nano_usd: number;
  readonly cost_usd: number;
}

export interface DiagnosisReport {
  readonly window: { readonly from: string; readonly to: string };
  readonly against: { readonly from: string; readonly to: string };
  /** Share of the earlier stretch that counts. */
  readonly scale: number;
  /** Whether only some runs were looked at: the totals are exact, parts and causes are estimates. */
  readonly sampled: boolean;
  /** Every how many runs one was looked at, besides the most expensive; 1 is all of them. */
  readonly every_nth_run: number;
  readonly cost_nano_usd: number;
  readonly cost_usd: number;
  readonly against_nano_usd: number;
  readonly against_usd: number;
  readonly difference_nano_usd: number;
  readonly difference_usd: number;
  readonly runs: number;
  readonly against_runs: number;
  /** Runs whose calls were compared, not scaled. */
  readonly runs_looked_at: number;
  readonly against_runs_looked_at: number;
  /** Sum to the difference. */
  readonly parts: readonly (Money & {
    readonly part: DiagnosisPart['part'];
    readonly detail: string | null;
  })[];
  /** Together with the unexplained rest they sum to the difference. */
  readonly causes: readonly (Money & {
    readonly cause: Cause['kind'];
    readonly subject: string | null;
    readonly title: string;
    readonly evidence: readonly string[];
    readonly evidence_segments: readonly (readonly EvidenceSegment[])[];
    readonly fix: string;
    /** The one agent that it is about, and when it was seen first (ISO 8601 UTC), where the events show it. */
    readonly agent: string | null;
    readonly since: string | null;
    readonly runs: readonly string[];
    readonly estimated: boolean;
  })[];
  readonly unexplained_nano_usd: number;
  readonly unexplained_usd: number;
  readonly changes: readonly {
    readonly kind: string;
    readonly value: string;
    readonly agent: string;
    readonly since: string;
    readonly run: string | null;
  }[];
}

const NAMES: readonly EventName[] = [
  'agent.run',
  'agent.model_call',
  'agent.tool_call',
  'agent.tool_cost',
  'agent.note',
];
/** By default: all of them are held in memory. */
const EVENTS_LIMIT = 16_000;

export function readDiagnosis(
  database: ChunkQueryable,
  question: DiagnosisQuestion,
): Promise<DiagnosisReport> {
  return readInTurn(() => compare(database, question));
}

async function compare(database: ChunkQueryable, question: DiagnosisQuestion): Promise<DiagnosisReport> {
  const later: EventQuestion = {
    from: question.from,
    to: question.to,
    names: NAMES,
    where: question.where,
  };
  const earlier: EventQuestion = {
    ...later,
    from: question.againstFrom,
    to: question.againstTo,
    where: question.againstWhere ?? question.where,
  };
  const scale = question.scale ?? (later.to - later.from) / (earlier.to - earlier.from);
  const surveys = [await surveyEvents(database, later), await surveyEvents(database, earlier)] as const;
  const chosen = await sampleIfMany(
    database,
    [later, earlier],
    surveys,
    question.eventsLimit ?? EVENTS_LIMIT,
  );
  const now = await readEvents(database, { ...later, runs: chosen?.[0].choice }, surveys[0]);
  const before = await readEvents(database, { ...earlier, runs: chosen?.[1].choice }, surveys[1]);
  const steps = diagnoseInSteps(now, before, {
    scale,
    samples: chosen === undefined ? undefined : { now: chosen[0], before: chosen[1] },
  });
  let step = steps.next();
  while (step.done !== true) {
    // Others who ask the server are answered between the steps.
    await setImmediate();
    step = steps.next();
  }
  return reportOf(question, scale, chosen, step.value);
}

/** The runs to look at, where there are more events than may be held. */
async function sampleIfMany(
  database: ChunkQueryable,
  [later, earlier]: readonly [EventQuestion, EventQuestion],
  [laterSurvey, earlierSurvey]: readonly [EventSurvey, EventSurvey],
  limit: number,
): Promise<readonly [ChosenRuns, ChosenRuns] | undefined> {
  if (laterSurvey.count + earlierSurvey.count <= limit) return undefined;
  const [laterLimit, earlierLimit] = shareEvents(limit, [laterSurvey.count, earlierSurvey.count]);
  return [
    await chooseRuns(database, later, laterSurvey, laterLimit),
    await chooseRuns(database, earlier, earlierSurvey, earlierLimit),
  ];
}

function reportOf(
  question: DiagnosisQuestion,
  scale: number,
  chosen: readonly ChosenRuns[] | undefined,
  diagnosis: Diagnosis,
): DiagnosisReport {
  return {
    window: { from: isoOf(question.from), to: isoOf(question.to) },
    against: { from: isoOf(question.againstFrom), to: isoOf(question.againstTo) },
    scale,
    sampled: chosen !== undefined,
    every_nth_run: Math.max(1, ...(chosen ?? []).map(({ choice }) => choice?.everyNth ?? 1)),
    cost_nano_usd: diagnosis.costNanoUsd,
    cost_usd: usdOf(diagnosis.costNanoUsd),
    against_nano_usd: diagnosis.againstNanoUsd,
    against_usd: usdOf(diagnosis.againstNanoUsd),
    difference_nano_usd: diagnosis.differenceNanoUsd,
    difference_usd: usdOf(diagnosis.differenceNanoUsd),
    runs: diagnosis.runs,
    against_runs: diagnosis.againstRuns,
    runs_looked_at: diagnosis.runsLookedAt,
    against_runs_looked_at: diagnosis.againstRunsLookedAt,
    parts: diagnosis.parts.map(({ part, detail, nanoUsd }) => ({
      part,
      detail: detail ?? null,
      cost_nano_usd: nanoUsd,
      cost_usd: usdOf(nanoUsd),
    })),
    causes: diagnosis.causes.map((cause) => ({
      cause: cause.kind,
      subject: cause.subject ?? null,
      cost_nano_usd: cause.nanoUsd,
      cost_usd: usdOf(cause.nanoUsd),
      title: cause.title,
      evidence: cause.evidence,
      evidence_segments: cause.evidenceLines.map(segmentsOf),
      fix: cause.fix,
      agent: cause.agent ?? null,
      since: cause.sinceMs === undefined ? null : isoOf(cause.sinceMs),
      runs: cause.runIds,
      estimated: cause.isEstimated,
    })),
    unexplained_nano_usd: diagnosis.unexplainedNanoUsd,
    unexplained_usd: usdOf(diagnosis.unexplainedNanoUsd),
    changes: diagnosis.changes.map(({ kind, value, agent, sinceMs, runId }) => ({
      kind,
      value,
      agent,
      since: isoOf(sinceMs),
      run: runId ?? null,
    })),
  };
}

function segmentsOf(line: EvidenceLine): EvidenceSegment[] {
  return line.map((piece) => {
    const text = textOfPiece(piece);
    if (typeof piece === 'string') return { text };
    return 'runId' in piece ? { text, run: piece.runId } : { text, at: text };
  });
}

function isoOf(atMs: number): string {
  return new Date(atMs).toISOString();
}

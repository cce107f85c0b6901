// Why a stretch of time cost more or less than another, and what it would have cost otherwise.

import { setImmediate } from 'node:timers/promises';
import {
  diagnoseInSteps,
  type Cause,
  type Diagnosis,
  type DiagnosisPart,
} from '../../core/diagnosis/diagnose.ts';
import { usdOf } from '../../core/money.ts';
import type { EventName } from '../../core/schema.ts';
import { roundToSum } from '../../core/share-out.ts';
import type { ChunkQueryable } from '../store/database.ts';
import { readInTurn } from './large-reading.ts';
import { readCallCost, readEvents, surveyEvents, type EventQuestion } from './read-events.ts';

/** Two stretches of time, each (from, to] in Unix milliseconds. The earlier one counts for as long as the later one. */
export interface DiagnosisQuestion {
  readonly from: number;
  readonly to: number;
  readonly againstFrom: number;
  readonly againstTo: number;
  readonly agent?: string | undefined;
  /** More events than this are sampled by run. */
  readonly eventsLimit?: number | undefined;
}

interface Money {
  readonly cost_nano_usd: number;
  readonly cost_usd: number;
}

export interface DiagnosisReport {
  readonly window: { readonly from: string; readonly to: string };
  readonly against: { readonly from: string; readonly to: string };
  /** Share of the earlier stretch that counts: the lengths' ratio. */
  readonly scale: number;
  /** Every how many runs one was looked at; 1 is all of them. */
  readonly every_nth_run: number;
  readonly cost_nano_usd: number;
  readonly cost_usd: number;
  readonly against_nano_usd: number;
  readonly against_usd: number;
  readonly difference_nano_usd: number;
  readonly difference_usd: number;
  readonly runs: number;
  readonly against_runs: number;
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
    readonly fix: string;
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
    agent: question.agent,
  };
  const earlier: EventQuestion = { ...later, from: question.againstFrom, to: question.againstTo };
  const scale = (later.to - later.from) / (earlier.to - earlier.from);
  const laterSurvey = await surveyEvents(database, later);
  const earlierSurvey = await surveyEvents(database, earlier);
  const count = laterSurvey.count + earlierSurvey.count;
  const everyNthRun = Math.max(1, Math.ceil(count / (question.eventsLimit ?? EVENTS_LIMIT)));
  const now = await readEvents(database, { ...later, everyNthRun }, laterSurvey);
  const before = await readEvents(database, { ...earlier, everyNthRun }, earlierSurvey);
  const steps = diagnoseInSteps(now, before, { scale });
  let step = steps.next();
  while (step.done !== true) {
    // Others who ask the server are answered between the steps.
    await setImmediate();
    step = steps.next();
  }
  let diagnosis = step.value;
  if (everyNthRun > 1)
    diagnosis = enlarge(
      diagnosis,
      everyNthRun,
      await readCallCost(database, later),
      Math.round((await readCallCost(database, earlier)) * scale),
    );
  return reportOf(question, scale, everyNthRun, diagnosis);
}

/** A sample stands for all runs: totals are exact, parts and causes are the sample's in proportion. */
function enlarge(
  diagnosis: Diagnosis,
  everyNthRun: number,
  costNanoUsd: number,
  againstNanoUsd: number,
): Diagnosis {
  const differenceNanoUsd = costNanoUsd - againstNanoUsd;
  const parts = [...diagnosis.parts];
  const sampled = parts.map(({ nanoUsd }) => nanoUsd * everyNthRun);
  const missing = differenceNanoUsd - sampled.reduce((sum, value) => sum + value, 0);
  const rounded = roundToSum(differenceNanoUsd, [...sampled, missing]);
  const causes = diagnosis.causes.map((cause) => ({ ...cause, nanoUsd: cause.nanoUsd * everyNthRun }));
  return {
    ...diagnosis,
    costNanoUsd,
    againstNanoUsd,
    differenceNanoUsd,
    runs: diagnosis.runs * everyNthRun,
    againstRuns: diagnosis.againstRuns * everyNthRun,
    parts: [
      ...parts.map((part, index) => ({ ...part, nanoUsd: rounded[index] ?? 0 })),
      { part: 'other', detail: 'not in the sample', nanoUsd: rounded.at(-1) ?? 0 },
    ],
    causes,
    unexplainedNanoUsd: differenceNanoUsd - causes.reduce((sum, cause) => sum + cause.nanoUsd, 0),
  };
}

function reportOf(
  question: DiagnosisQuestion,
  scale: number,
  everyNthRun: number,
  diagnosis: Diagnosis,
): DiagnosisReport {
  return {
    window: { from: isoOf(question.from), to: isoOf(question.to) },
    against: { from: isoOf(question.againstFrom), to: isoOf(question.againstTo) },
    scale,
    every_nth_run: everyNthRun,
    cost_nano_usd: diagnosis.costNanoUsd,
    cost_usd: usdOf(diagnosis.costNanoUsd),
    against_nano_usd: diagnosis.againstNanoUsd,
    against_usd: usdOf(diagnosis.againstNanoUsd),
    difference_nano_usd: diagnosis.differenceNanoUsd,
    difference_usd: usdOf(diagnosis.differenceNanoUsd),
    runs: diagnosis.runs,
    against_runs: diagnosis.againstRuns,
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
      fix: cause.fix,
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

function isoOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
